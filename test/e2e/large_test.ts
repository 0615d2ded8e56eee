/** A large message, as fast as it can be sent, takes no memory that grows with it. threats: memory */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer } from "node:net";
import { connect } from "node:tls";
import { freePort, makeSite, type Site, startPostern } from "../support/postern.ts";

const MB = 1024 * 1024;
const LARGE = 128 * MB;
/** Buffers, caches and what is not collected yet; generous, and far less than what was held when all was read. */
const ALLOWED = 112;

/** Memory of a process in MB, shared pages counted by share. */
const memoryOf = (pid: number): number => {
  const { stdout } = new Deno.Command("cat", { args: [`/proc/${pid}/smaps_rollup`] }).outputSync();
  const pss = /^Pss:\s+(\d+)/m.exec(new TextDecoder().decode(stdout))?.[1];
  if (pss === undefined) throw new Error("no figure of the server's memory");
  return Number(pss) / 1024;
};

/** Sends one message and gives the last reply. */
const send = (site: Site, size: number): Promise<string> =>
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

/** A next hop that takes anything and holds nothing; `octets` so far. */
const taker = async (): Promise<{ port: number; octets: () => number; stop: () => void }> => {
  let octets = 0;
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
  return { port, octets: () => octets, stop: () => server.close() };
};

/** MB that the server grows by while a large message goes through it. */
const grownBy = async (routes: string): Promise<number> => {
  const site = await makeSite({ routes, more: "[limits]\nmessage_bytes = 200000000" });
  const server = await startPostern(site);
  try {
    // what is made once, at the first message, is not this message's
    assert.match(await send(site, 8 * MB), /^250 /);
    const before = memoryOf(server.pid);
    let peak = before;
    const watch = setInterval(() => peak = Math.max(peak, memoryOf(server.pid)), 100);
    const reply = await send(site, LARGE);
    clearInterval(watch);
    assert.match(reply, /^250 /);
    return peak - before;
  } finally {
    await server.stop();
    await Deno.remove(site.dir, { recursive: true });
  }
};

Deno.test("a large message that comes as fast as it can takes little memory", async () => {
  // nobody listens there: what is measured is the way into the spool
  const grown = await grownBy(`[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:1"\ntls = "none"`);
  assert.ok(grown < ALLOWED, `the server grew by ${grown.toFixed(0)} MB`);
});

Deno.test("a large message that is passed through takes little memory as well", async () => {
  const hop = await taker();
  try {
    const grown = await grownBy(
      `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ndurability = "next_hop"`,
    );
    assert.ok(hop.octets() > LARGE);
    assert.ok(grown < ALLOWED, `the server grew by ${grown.toFixed(0)} MB`);
  } finally {
    hop.stop();
  }
});
