/** Speaks SMTP by hand over TLS to either port, a command at a time. */
import { Buffer } from "node:buffer";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

export interface DialogOptions {
  readonly port: number;
  /** TLS from the first octet rather than by STARTTLS. */
  readonly implicitTls: boolean;
  readonly serverName?: string;
  /** PEM; the certificate is not verified otherwise. */
  readonly ca?: string;
  /** A client certificate, PEM. */
  readonly cert?: string;
  readonly key?: string;
}

/** Reads replies: lines up to the one whose code is followed by a blank. */
class Replies {
  #text = "";
  #wanted: ((lines: ReadonlyArray<string>) => void) | null = null;
  #failed: ((e: Error) => void) | null = null;

  readonly feed = (chunk: Buffer): void => {
    this.#text += chunk.toString("latin1");
    this.#deliver();
  };
  readonly end = (): void => this.#failed?.(new Error(`closed: ${this.#text}`));

  #deliver(): void {
    const m = /^(?:\d{3}-[^\n]*\r\n)*\d{3} [^\n]*\r\n/.exec(this.#text);
    if (m === null || this.#wanted === null) return;
    this.#text = this.#text.slice(m[0].length);
    const wanted = this.#wanted;
    this.#wanted = this.#failed = null;
    wanted(m[0].split("\r\n").slice(0, -1));
  }
  next(): Promise<ReadonlyArray<string>> {
    return new Promise((resolve, reject) => {
      this.#wanted = resolve;
      this.#failed = reject;
      this.#deliver();
    });
  }
}

export class SmtpDialog {
  readonly socket: TLSSocket;
  readonly #replies: Replies;
  /** What EHLO under TLS was answered. */
  readonly keywords: ReadonlyArray<string>;

  private constructor(socket: TLSSocket, replies: Replies, keywords: ReadonlyArray<string>) {
    this.socket = socket;
    this.#replies = replies;
    this.keywords = keywords;
  }

  /** Connected, under TLS, EHLO said. */
  static async open(o: DialogOptions): Promise<SmtpDialog> {
    const host = "127.0.0.1";
    const terms = {
      servername: o.serverName ?? "localhost",
      rejectUnauthorized: o.ca !== undefined,
      ...(o.ca === undefined ? {} : { ca: o.ca }),
      ...(o.cert === undefined ? {} : { cert: o.cert }),
      ...(o.key === undefined ? {} : { key: o.key }),
    };
    const replies = new Replies();
    const listen = (socket: Socket): void => {
      socket.on("data", replies.feed).on("close", replies.end).on("error", replies.end);
    };
    let plain: Socket | null = null;
    if (!o.implicitTls) {
      plain = connectPlain({ host, port: o.port });
      listen(plain);
      await replies.next();
      plain.write("STARTTLS\r\n");
      await replies.next();
      plain.off("data", replies.feed);
    }
    const tls = connectTls(
      plain === null ? { ...terms, host, port: o.port } : { ...terms, socket: plain },
    );
    await new Promise((resolve, reject) => {
      tls.once("secureConnect", () => resolve(null)).once("error", reject);
    });
    listen(tls);
    if (plain === null) await replies.next();
    tls.write("EHLO test.example\r\n");
    const lines = await replies.next();
    return new SmtpDialog(tls, replies, lines.map((l) => l.slice(4)));
  }

  /** Sends a line, yields the reply's lines. */
  async say(line: string): Promise<ReadonlyArray<string>> {
    this.socket.write(`${line}\r\n`);
    return await this.#replies.next();
  }

  /** The same, for replies of one line. */
  async one(line: string): Promise<string> {
    return (await this.say(line)).join("\n");
  }

  /** Text as a base64 response; the challenge that comes back as text, or the reply as it is. */
  async respond(text: string): Promise<string> {
    return decoded(await this.one(Buffer.from(text, "utf8").toString("base64")));
  }

  close(): void {
    this.socket.destroy();
  }
}

/** What a 334 holds; other replies as they are. */
export const decoded = (reply: string): string =>
  reply.startsWith("334 ") ? Buffer.from(reply.slice(4), "base64").toString("utf8") : reply;
