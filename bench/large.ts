/**
 * Memory for a message of 50 MB, or of so many as are asked for, on its way from a client through the spool to the next hop.
 *
 * `deno run <permissions of deno task bench> bench/large.ts [megabytes]`
 */
// deno-lint-ignore-file no-console -- it prints a figure
import { Buffer } from "node:buffer";
import net from "node:net";
import { connect } from "node:tls";
import { drive } from "./drive.ts";
import { memoryOf } from "./processes.ts";
import { eventually, makeSite, startPostern } from "../test/support/postern.ts";

/** Messages before it. */
const ORDINARY = 2_000;
/** Megabytes; 50 unless the command line says otherwise. */
const SIZE = Number(Deno.args[0] ?? 50) * 1024 * 1024;

/** Counts octets and keeps none. */
const countingHop = async () => {
  let octets = 0;
  let messages = 0;
  const server = net.createServer((socket) => {
    let inData = false;
    let tail = "";
    socket.on("error", () => socket.destroy());
    socket.write("220 hop.test\r\n");
    socket.on("data", (d) => {
      const chunk = d as Buffer;
      if (inData) {
        octets += chunk.length;
        tail = (tail + chunk.subarray(-5).toString("latin1")).slice(-5);
        if (tail !== "\r\n.\r\n") return;
        inData = false;
        messages++;
        socket.write("250 2.0.0 taken\r\n");
        return;
      }
      for (const line of chunk.toString("latin1").split("\r\n").slice(0, -1)) {
        if (line === "DATA") {
          inData = true;
          tail = "";
          socket.write("354 go on\r\n");
        } else socket.write(line === "QUIT" ? "221 bye\r\n" : "250 fine\r\n");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    octets: () => octets,
    messages: () => messages,
    stop: () => server.close(),
  };
};

/** Sends one message of `size` octets, as fast as it is taken. */
const send = (port: number, user: string, password: string, size: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
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
      `AUTH PLAIN ${btoa(`\0${user}\0${password}`)}`,
      `MAIL FROM:<${user}> SIZE=${size}`,
      "RCPT TO:<bob@example.net>",
      "DATA",
    ];
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("data", (d) => {
      const last = String(d).trimEnd().split("\r\n").at(-1) ?? "";
      if (last[3] === "-") return;
      if (last.startsWith("354")) {
        socket.write(`From: <${user}>\r\nSubject: large\r\n\r\n`);
        return pour();
      }
      const next = commands.shift();
      if (next !== undefined) return void socket.write(`${next}\r\n`);
      socket.end("QUIT\r\n");
      resolve(last);
    });
  });

const hop = await countingHop();
const site = await makeSite({
  routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
  more: "[limits]\nmessage_bytes = 300000000",
});
const server = await startPostern(site);
try {
  // what a server takes when it begins to work is not this message's
  await drive({
    port: site.submissions,
    user: site.user,
    password: site.password,
    from: site.user,
    to: "bob@example.net",
    connections: 4,
    messages: ORDINARY,
    bytes: 2048,
    fresh: false,
    tag: "ordinary",
  });
  await send(site.submissions, site.user, site.password, 2_000_000);
  await eventually(() => hop.messages() === ORDINARY + 1 ? true : null);
  await new Promise((r) => setTimeout(r, 1_000));
  const before = memoryOf(server.pid);
  let peak = before;
  const watch = setInterval(() => peak = Math.max(peak, memoryOf(server.pid)), 100);
  const reply = await send(site.submissions, site.user, site.password, SIZE);
  const accepted = peak;
  await eventually(() => hop.messages() === ORDINARY + 2 ? true : null, 60_000);
  clearInterval(watch);
  console.log(
    `${reply}\nmemory (PSS): ${before.toFixed(0)} MB before, ${
      accepted.toFixed(0)
    } MB when accepted, ${peak.toFixed(0)} MB at most; ${hop.octets()} octets arrived`,
  );
} finally {
  await server.stop();
  hop.stop();
  await Deno.remove(site.dir, { recursive: true });
}
Deno.exit(0);
