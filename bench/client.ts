/**
 * The load client of the bench: the same for every server. Signs in over TLS, sends messages, reads each reply.
 *
 * `deno run --allow-net bench/client.ts '{"port":..}'` prints one line of JSON. MAIL, RCPT and DATA leave in one write,
 * as PIPELINING allows and mail programs do; latency runs from MAIL to the final 250.
 */
import { connect, type TLSSocket } from "node:tls";

export interface Load {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly from: string;
  readonly to: string;
  readonly connections: number;
  readonly messages: number;
  readonly bytes: number;
  /** A new connection for every message. */
  readonly fresh: boolean;
  /** Stands in X-Seq before the number, so that runs are told apart at the sink. */
  readonly tag: string;
  /** Sign in, then only wait this many milliseconds. */
  readonly idleMs?: number;
}

export interface LoadResult {
  readonly accepted: number;
  readonly refused: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly firstRefusal: string | null;
}

const line = (n: number) => "abcdefghijklmnopqrstuvwxyz0123456789".repeat(2).slice(0, n) + "\r\n";

const bodyOf = (bytes: number): string => line(70).repeat(Math.max(1, Math.floor(bytes / 72)));

class Session {
  readonly #socket: TLSSocket;
  #text = "";
  #wait: ((reply: string) => void) | null = null;
  #fail: ((e: Error) => void) | null = null;
  #error: Error | null = null;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (d) => {
      this.#text += String(d);
      this.#deliver();
    });
    const broken = (e?: Error) => {
      this.#error = e ?? new Error("connection closed");
      this.#fail?.(this.#error);
    };
    socket.on("error", broken);
    socket.on("close", () => broken());
  }

  static open(load: Load): Promise<Session> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: load.host,
        port: load.port,
        servername: "localhost",
        rejectUnauthorized: false,
      }, () => resolve(session));
      const session = new Session(socket);
      socket.once("error", reject);
    });
  }

  #deliver(): void {
    if (this.#wait === null) return;
    // the last line of a reply has a blank behind its code
    for (let at = 0;;) {
      const end = this.#text.indexOf("\r\n", at);
      if (end < 0) return;
      if (this.#text[at + 3] !== "-") {
        const reply = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const wait = this.#wait;
        this.#wait = null;
        wait(reply);
        return;
      }
      at = end + 2;
    }
  }

  reply(): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#error !== null) return reject(this.#error);
      this.#wait = resolve;
      this.#fail = reject;
      this.#deliver();
    });
  }
  write(text: string): void {
    this.#socket.write(text, "latin1");
  }
  end(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.end("QUIT\r\n");
  }
}

const expect = async (s: Session, code: string): Promise<string> => {
  const reply = await s.reply();
  if (!reply.startsWith(code)) throw new Error(reply);
  return reply;
};

const signIn = async (load: Load): Promise<Session> => {
  const s = await Session.open(load);
  await expect(s, "220");
  s.write("EHLO bench.example.com\r\n");
  await expect(s, "250");
  s.write(`AUTH PLAIN ${btoa(`\0${load.user}\0${load.password}`)}\r\n`);
  await expect(s, "235");
  return s;
};

export const run = async (load: Load): Promise<LoadResult> => {
  const body = bodyOf(load.bytes);
  const envelope = `MAIL FROM:<${load.from}>\r\nRCPT TO:<${load.to}>\r\nDATA\r\n`;
  const latencies: Array<number> = [];
  let next = 0;
  let refused = 0;
  let firstRefusal: string | null = null;
  const send = async (s: Session, n: number): Promise<void> => {
    const started = performance.now();
    s.write(envelope);
    await expect(s, "250");
    await expect(s, "250");
    await expect(s, "354");
    s.write(
      `From: <${load.from}>\r\nTo: <${load.to}>\r\nSubject: bench\r\nX-Seq: ${load.tag}-${n}\r\n` +
        `Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <${load.tag}.${n}@bench.example.com>\r\n\r\n${body}.\r\n`,
    );
    await expect(s, "250");
    latencies.push(performance.now() - started);
  };
  const worker = async (): Promise<void> => {
    let s = load.fresh ? null : await signIn(load);
    while (next < load.messages) {
      const n = next++;
      try {
        s ??= await signIn(load);
        await send(s, n);
        if (load.fresh) {
          s.end();
          s = null;
        }
      } catch (e) {
        refused++;
        firstRefusal ??= e instanceof Error ? e.message : String(e);
        s?.end();
        s = null;
      }
    }
    s?.end();
  };
  if (load.idleMs !== undefined) {
    const open = [];
    for (let i = 0; i < load.connections; i++) open.push(await signIn(load));
    await new Promise((r) => setTimeout(r, load.idleMs));
    return { accepted: open.length, refused: 0, seconds: 0, p50: 0, p99: 0, firstRefusal: null };
  }
  const started = performance.now();
  await Promise.all(Array.from({ length: load.connections }, worker));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (q: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
  return {
    accepted: latencies.length,
    refused,
    seconds,
    p50: at(0.5),
    p99: at(0.99),
    firstRefusal,
  };
};

if (import.meta.main) {
  const result = await run(JSON.parse(Deno.args[0] ?? "{}") as Load);
  // deno-lint-ignore no-console -- this is its output
  console.log(JSON.stringify(result));
  Deno.exit(0);
}
