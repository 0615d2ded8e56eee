/**
 * A crowd that means no good, for `bench/hostile.ts`: slow connections that drip, and hostile ones that come again and
 * again with something else. `deno run --allow-net bench/crowd.ts '{"submission":..}'`; ends by itself.
 */
import { Buffer } from "node:buffer";
import { connect as dial, type Socket } from "node:net";
import { connect as secure } from "node:tls";

export interface Crowd {
  readonly submission: number;
  readonly submissions: number;
  readonly slow: number;
  readonly hostile: number;
  readonly ms: number;
}

/** Loopback has many addresses; each of them is a client of its own. */
const address = (n: number): string => `127.0.${1 + Math.floor(n / 200)}.${1 + (n % 200)}`;

const open = (port: number, from: number): Socket => {
  const socket = dial({ port, host: "127.0.0.1", localAddress: address(from) });
  socket.on("error", () => {});
  socket.on("data", () => {});
  return socket;
};

/** One octet every few seconds, in clear or under TLS, for ever. */
const drip = (c: Crowd, n: number, until: number): void => {
  const tls = n % 2 === 0;
  const raw = open(tls ? c.submissions : c.submission, n);
  const socket = tls ? secure({ socket: raw, rejectUnauthorized: false }) : raw;
  if (tls) socket.on("error", () => {}).on("data", () => {});
  const text = "EHLO a-name-that-takes-its-time.example\r\n";
  let at = 0;
  const timer = setInterval(() => {
    if (Date.now() > until || socket.destroyed) {
      clearInterval(timer);
      socket.destroy();
    } else socket.write(text[at++ % text.length] ?? "x");
  }, 2000 + (n % 1000));
};

const ATTACKS: ReadonlyArray<string | Buffer> = [
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]),
  "A".repeat(80_000),
  "EHLO x\r\nSTARTTLS\r\nMAIL FROM:<x@example.com>\r\n",
  "EHLO x\r\nAUTH PLAIN AGEAYg==\r\n".repeat(30),
  "NOOP\r\n".repeat(300),
  "\0\r\n\n\r".repeat(500),
];

const attack = (c: Crowd, n: number, turn: number, until: number): void => {
  if (Date.now() > until) return;
  const port = turn % 3 === 0 ? c.submissions : c.submission;
  const socket = open(port, 1000 + n);
  const again = setTimeout(() => {
    socket.destroy();
    attack(c, n, turn + 1, until);
  }, 1000);
  socket.on("connect", () => socket.write(ATTACKS[(n + turn) % ATTACKS.length] ?? ""));
  socket.on("close", () => {
    clearTimeout(again);
    setTimeout(() => attack(c, n, turn + 1, until), 250);
  });
};

if (import.meta.main) {
  const c = JSON.parse(Deno.args[0] ?? "{}") as Crowd;
  const until = Date.now() + c.ms;
  for (let n = 0; n < c.slow; n++) {
    drip(c, n, until);
    if (n % 50 === 49) await new Promise((r) => setTimeout(r, 20));
  }
  for (let n = 0; n < c.hostile; n++) attack(c, n, n, until);
  setTimeout(() => Deno.exit(0), c.ms + 1000);
}
