/**
 * A next hop that takes everything and counts it by the X-Seq field: what arrived, what arrived twice.
 *
 * `deno run --allow-net --allow-write smtp_sink.ts --port N --count-file F` writes JSON to F five times a second while
 * something changes, and once more on SIGTERM. It scans octets and parses nothing, to be cheap under load.
 */
import { Buffer } from "node:buffer";
import net from "node:net";

export interface SinkCount {
  readonly messages: number;
  readonly unique: number;
  readonly doubled: number;
  /** Every X-Seq value seen; only where asked for. */
  readonly seen?: ReadonlyArray<string>;
}

export class SinkLedger {
  readonly #times = new Map<string, number>();
  #messages = 0;

  add(seq: string): void {
    this.#messages++;
    this.#times.set(seq, (this.#times.get(seq) ?? 0) + 1);
  }
  has(seq: string): boolean {
    return this.#times.has(seq);
  }
  /** `prefix`: only values that begin with it. */
  count(prefix = ""): SinkCount {
    let unique = 0;
    let doubled = 0;
    for (const [seq, n] of this.#times) {
      if (!seq.startsWith(prefix)) continue;
      unique++;
      if (n > 1) doubled += n - 1;
    }
    return { messages: this.#messages, unique, doubled };
  }
  get seen(): ReadonlyArray<string> {
    return [...this.#times.keys()];
  }
}

const END = Buffer.from("\r\n.\r\n");
const SEQ = Buffer.from("\r\nX-Seq: ");
const CRLF = Buffer.from("\r\n");

const onConnection = (socket: net.Socket, ledger: SinkLedger): void => {
  let held: Buffer = Buffer.alloc(0);
  let inData = false;
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.write("220 sink.example.net ESMTP\r\n");
  socket.on("data", (d) => {
    const chunk = d as Buffer;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let out = "";
    let at = 0;
    for (;;) {
      if (inData) {
        const end = held.indexOf(END, at);
        if (end < 0) break;
        const seq = held.indexOf(SEQ, at);
        if (seq >= 0 && seq < end) {
          const from = seq + SEQ.length;
          ledger.add(held.toString("latin1", from, held.indexOf(CRLF, from)));
        } else ledger.add("");
        at = end + END.length;
        inData = false;
        out += "250 2.0.0 taken\r\n";
        continue;
      }
      const end = held.indexOf(CRLF, at);
      if (end < 0) break;
      const verb = held.toString("latin1", at, Math.min(end, at + 4)).toUpperCase();
      at = end + 2;
      if (verb === "EHLO") {
        out +=
          "250-sink.example.net\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 0\r\n";
      } else if (verb === "DATA") {
        inData = true;
        // the end may follow the command at once
        at -= 2;
        out += "354 go ahead\r\n";
      } else if (verb === "QUIT") {
        socket.end(`${out}221 2.0.0 bye\r\n`);
        return;
      } else out += "250 2.0.0 OK\r\n";
    }
    held = at === 0 ? held : held.subarray(at);
    if (out !== "") socket.write(out);
  });
};

/** Listens on loopback in this process. */
export const startSink = (port: number, ledger: SinkLedger): Promise<() => Promise<void>> =>
  new Promise((resolve, reject) => {
    const open = new Set<net.Socket>();
    const server = net.createServer((socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      onConnection(socket, ledger);
    });
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () =>
      resolve(() =>
        new Promise((done) => {
          server.close(() => done());
          for (const s of open) s.destroy();
        })
      ));
  });

const argument = (name: string): string => Deno.args[Deno.args.indexOf(name) + 1] ?? "";

if (import.meta.main) {
  const ledger = new SinkLedger();
  const file = argument("--count-file");
  let last = "";
  const write = (): void => {
    const text = JSON.stringify(ledger.count());
    if (text === last) return;
    last = text;
    Deno.writeTextFileSync(file, text);
  };
  await startSink(Number(argument("--port")), ledger);
  write();
  setInterval(write, 200);
  Deno.addSignalListener("SIGTERM", () => {
    write();
    Deno.exit(0);
  });
}
