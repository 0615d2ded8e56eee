/** A large message on its way: whoever sends it, and a next hop for it. */
import { Buffer } from "node:buffer";
import { createServer } from "node:net";
import { connect } from "node:tls";
import { freePort, type Site } from "./postern.ts";

/** Sends one message of `size` octets, as fast as it is taken, and gives the last reply. */
export const sendLarge = (
  site: Pick<Site, "submissions" | "user" | "password">,
  size: number,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port: site.submissions,
      rejectUnauthorized: false,
    });
    const block = Buffer.from(`${"x".repeat(70)}\r\n`.repeat(1_000));
    let left = size;
    const pour = (): void => {
      while (left > 0) {
        left -= block.length;
        if (!socket.write(block)) return void socket.once("drain", pour);
      }
      socket.write(".\r\n");
    };
    const commands = [
      "EHLO large.example",
      `AUTH PLAIN ${btoa(`\0${site.user}\0${site.password}`)}`,
      `MAIL FROM:<${site.user}>`,
      "RCPT TO:<bob@example.net>",
      "DATA",
    ];
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("data", (d) => {
      const last = String(d).trimEnd().split("\r\n").at(-1) ?? "";
      if (last[3] === "-") return;
      if (last.startsWith("354")) {
        socket.write(`From: <${site.user}>\r\nSubject: large\r\n\r\n`);
        return pour();
      }
      const next = commands.shift();
      if (next !== undefined) return void socket.write(`${next}\r\n`);
      socket.end("QUIT\r\n");
      resolve(last);
    });
  });

export interface Taker {
  readonly port: number;
  /** So far; commands included. */
  readonly octets: () => number;
  readonly messages: () => number;
  readonly stop: () => void;
}

/** A next hop that takes anything and holds nothing. */
export const startTaker = async (): Promise<Taker> => {
  let octets = 0;
  let messages = 0;
  const server = createServer((socket) => {
    let tail = "";
    let inData = false;
    socket.setNoDelay(true);
    socket.write("220 taker.example ESMTP\r\n");
    socket.on("error", () => socket.destroy());
    socket.on("data", (d) => {
      octets += d.length;
      const text = tail + Buffer.from(d).subarray(-64).toString("latin1");
      tail = text.slice(-5);
      if (inData) {
        if (text.endsWith("\r\n.\r\n")) {
          inData = false;
          messages++;
          socket.write("250 2.0.0 taken\r\n");
        }
        return;
      }
      for (const verb of text.match(/^(EHLO|MAIL|RCPT|DATA|QUIT)/gm) ?? []) {
        inData ||= verb === "DATA";
        socket.write(verb === "DATA" ? "354 go\r\n" : "250 2.0.0 fine\r\n");
      }
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  return { port, octets: () => octets, messages: () => messages, stop: () => server.close() };
};
