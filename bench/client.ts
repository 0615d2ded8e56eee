/**
 * The load client of the bench: the same for every server. Signs in over TLS, sends messages, reads each reply.
 *
 * Started by `drive.ts`, prints one line of JSON. MAIL, RCPT and DATA leave in one write, as PIPELINING allows and mail
 * programs do; latency runs from MAIL to the final 250. It shares the processors with the server, so it is to be light:
 * without node's sockets it takes a quarter less.
 */

export interface Load {
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

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

class Session {
  readonly #conn: Deno.TlsConn;
  readonly #buffer = new Uint8Array(4096);
  #text = "";

  constructor(conn: Deno.TlsConn) {
    this.#conn = conn;
  }

  /** The certificate is the site's own and not looked at: see `drive.ts`. */
  static async open({ port }: Load): Promise<Session> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new Session(await Deno.startTls(conn, { hostname: "localhost" }));
  }

  /** Reads so many replies, and gives the last. Rejects where one of them begins with another digit. */
  async replies(codes: ReadonlyArray<string>): Promise<string> {
    let last = "";
    for (const code of codes) {
      last = await this.#reply();
      if (!last.startsWith(code)) throw new Error(last);
    }
    return last;
  }

  async #reply(): Promise<string> {
    // the last line of a reply has a blank behind its code
    for (let at = 0;;) {
      const end = this.#text.indexOf("\r\n", at);
      if (end >= 0 && this.#text[at + 3] === "-") at = end + 2;
      else if (end >= 0) {
        const reply = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return reply;
      } else {
        const n = await this.#conn.read(this.#buffer);
        if (n === null) throw new Error("connection closed");
        this.#text += latin1.decode(this.#buffer.subarray(0, n));
      }
    }
  }

  async write(text: string): Promise<void> {
    const octets = encoder.encode(text);
    for (let at = 0; at < octets.length;) at += await this.#conn.write(octets.subarray(at));
  }

  end(): void {
    this.write("QUIT\r\n").catch(() => {}).finally(() => this.#conn.close());
  }
}

const signIn = async (load: Load): Promise<Session> => {
  const s = await Session.open(load);
  await s.replies(["220"]);
  await s.write("EHLO bench.example.com\r\n");
  await s.replies(["250"]);
  await s.write(`AUTH PLAIN ${btoa(`\0${load.user}\0${load.password}`)}\r\n`);
  await s.replies(["235"]);
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
    await s.write(envelope);
    await s.replies(["250", "250", "354"]);
    await s.write(
      `From: <${load.from}>\r\nTo: <${load.to}>\r\nSubject: bench\r\nX-Seq: ${load.tag}-${n}\r\n` +
        `Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <${load.tag}.${n}@bench.example.com>\r\n\r\n${body}.\r\n`,
    );
    await s.replies(["250"]);
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
