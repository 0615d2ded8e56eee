/**
 * A mail server for tests: takes every message, keeps it in memory, and delivers none. SMTP in clear on loopback,
 * without logins; whoever tests TLS and logins starts the real server on the ports in memory.
 */
import { Buffer } from "node:buffer";
import net from "node:net";

/** One message as it came. */
export interface SinkMessage {
  /** The return path as MAIL gave it, without angle brackets; empty for the null one. */
  readonly from: string;
  /** The recipients as RCPT gave them, without angle brackets, in order. */
  readonly to: ReadonlyArray<string>;
  /** Header and body, one character an octet, lines ended by CRLF, doubled dots undone. RFC 5321 §4.5.2 */
  readonly text: string;
}

/** A running sink. */
export interface Sink {
  /** The port on 127.0.0.1 that it listens on. */
  readonly port: number;
  /** What has come so far, oldest first. */
  readonly messages: ReadonlyArray<SinkMessage>;
  /**
   * The oldest message that no call has had yet; waits for one where there is none. A message that a call waits for
   * after `stop` never comes: the promise is rejected.
   */
  readonly next: () => Promise<SinkMessage>;
  /** Closes the listener and every connection. */
  readonly stop: () => Promise<void>;
}

const EHLO = "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 0\r\n";

/** The path between the first angle brackets; RFC 5321 §4.1.2 */
const pathIn = (line: string): string => {
  const open = line.indexOf("<");
  const close = line.lastIndexOf(">");
  return open >= 0 && close > open ? line.slice(open + 1, close) : "";
};

const talk = (socket: net.Socket, took: (m: SinkMessage) => void): void => {
  let rest = "";
  let from: string | null = null;
  let to: Array<string> = [];
  let lines: Array<string> | null = null;
  const line = (text: string): string => {
    if (lines !== null) {
      if (text !== ".") {
        lines.push(text.startsWith(".") ? text.slice(1) : text);
        return "";
      }
      took({ from: from ?? "", to, text: lines.map((l) => `${l}\r\n`).join("") });
      [from, to, lines] = [null, [], null];
      return "250 2.0.0 taken\r\n";
    }
    switch (text.slice(0, 4).toUpperCase()) {
      case "EHLO":
      case "HELO":
        [from, to] = [null, []];
        return EHLO;
      case "MAIL":
        from = pathIn(text);
        to = [];
        return "250 2.1.0 OK\r\n";
      case "RCPT":
        if (from === null) return "503 5.5.1 MAIL first\r\n";
        to.push(pathIn(text));
        return "250 2.1.5 OK\r\n";
      case "DATA":
        if (to.length === 0) return "503 5.5.1 RCPT first\r\n";
        lines = [];
        return "354 go ahead\r\n";
      case "RSET":
        [from, to] = [null, []];
        return "250 2.0.0 OK\r\n";
      case "NOOP":
        return "250 2.0.0 OK\r\n";
      case "QUIT":
        socket.end("221 2.0.0 bye\r\n");
        return "";
      default:
        return "502 5.5.1 a sink knows EHLO, MAIL, RCPT, DATA, RSET, NOOP and QUIT\r\n";
    }
  };
  socket.on("error", () => socket.destroy());
  socket.write("220 sink.test ESMTP\r\n");
  socket.on("data", (chunk) => {
    const all = (rest + Buffer.from(chunk as Uint8Array).toString("latin1")).split("\r\n");
    rest = all.pop() ?? "";
    const out = all.map(line).join("");
    if (out !== "" && socket.writable) socket.write(out);
  });
};

interface Waiting {
  readonly resolve: (m: SinkMessage) => void;
  readonly reject: (e: Error) => void;
}

/** Listens on 127.0.0.1; `port` 0: any free one. Rejected where the port cannot be had. */
export const startSink = (port = 0): Promise<Sink> => {
  const messages: Array<SinkMessage> = [];
  const waiting: Array<Waiting> = [];
  const open = new Set<net.Socket>();
  let given = 0;
  const took = (m: SinkMessage): void => {
    messages.push(m);
    const first = waiting.shift();
    if (first === undefined) return;
    given++;
    first.resolve(m);
  };
  const next = (): Promise<SinkMessage> => {
    const m = messages[given];
    if (m !== undefined) {
      given++;
      return Promise.resolve(m);
    }
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    talk(socket, took);
  });
  const stop = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => done());
      for (const socket of open) socket.destroy();
      for (const { reject } of waiting.splice(0)) reject(new Error("the sink was stopped"));
    });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const at = server.address();
      resolve({
        port: typeof at === "object" && at !== null ? at.port : port,
        messages,
        next,
        stop,
      });
    });
  });
};
