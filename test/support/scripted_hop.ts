/**
 * A next hop that behaves as a test wants it to: SMTP or LMTP, in clear or under TLS, well or badly.
 *
 * It records what it was told and answers by the script; `smtp_sink.ts` is the fast one that only counts.
 */
import { Buffer } from "node:buffer";
import net from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { flood } from "./flood.ts";

/** What a connection was told. `data` is the message as it was sent, dots still doubled. */
export interface Told {
  readonly commands: Array<string>;
  readonly messages: Array<
    { readonly from: string; readonly to: ReadonlyArray<string>; readonly data: string }
  >;
  /** TLS came up. */
  tls: boolean;
}

/**
 * An answer: a line or several without the last CRLF, silence, the end of the connection in good order or by a reset, or
 * a text without end.
 */
export type Answer = string | null | "cut" | "reset" | { readonly endless: string };

const isPositive = (answer: Answer | undefined, digit: "2" | "3"): boolean =>
  answer === undefined || (typeof answer === "string" && answer.startsWith(digit));

export interface Script {
  readonly greeting?: Answer | ((nth: number) => Answer);
  readonly keywords?:
    | ReadonlyArray<string>
    | ((nth: number, tls: boolean) => ReadonlyArray<string>);
  /** Decides on any command; undefined leaves it to the ordinary course. `nth` counts that verb on all connections. */
  readonly on?: (command: string, nth: number) => Answer | undefined;
  /** After the dot; one answer per accepted recipient with LMTP. */
  readonly final?: (
    to: ReadonlyArray<string>,
    nth: number,
    data: string,
  ) => ReadonlyArray<Answer>;
  /** A message has come whole, and is not answered yet. */
  readonly taken?: (message: Told["messages"][number]) => void;
  /** What each command gets that has come behind a final dot before that was answered. */
  readonly behind?: (command: string) => Answer;
  /** The first message is answered only when this is done. */
  readonly hold?: Promise<void>;
  /** PEM; STARTTLS is offered where it is there. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly implicitTls?: boolean;
  readonly lmtp?: boolean;
  /** Octets sent in clear behind the 220 to STARTTLS. */
  readonly injected?: string;
  /** Answers STARTTLS, and the ClientHello with this. */
  readonly brokenTls?: string;
  readonly path?: string;
  /** Goes on with what it says although the other side has ended. */
  readonly stubborn?: boolean;
  /** Reads nothing behind its 354. */
  readonly deaf?: boolean;
  /** Absent: any that is free. */
  readonly port?: number;
}

export class ScriptedHop {
  readonly told: Array<Told> = [];
  readonly #script: Script;
  readonly #server: net.Server;
  readonly #open = new Set<net.Socket>();
  readonly #counts = new Map<string, number>();
  port = 0;
  /** Octets of texts without end that were written. */
  flooded = 0;
  /** Commands that came behind a final dot before that was answered. */
  readonly ahead: Array<string> = [];

  private constructor(script: Script) {
    this.#script = script;
    this.#server = net.createServer({ allowHalfOpen: script.stubborn === true }, (socket) => {
      this.#open.add(socket);
      // replies leave one by one
      socket.setNoDelay(true);
      socket.on("close", () => this.#open.delete(socket));
      socket.on("error", () => socket.destroy());
      const told: Told = { commands: [], messages: [], tls: false };
      this.told.push(told);
      if (script.implicitTls === true) this.#secure(socket, told, true);
      else new Dialogue(this, script, socket, socket, told).greet();
    });
  }

  static start(script: Script = {}): Promise<ScriptedHop> {
    const hop = new ScriptedHop(script);
    return new Promise((resolve, reject) => {
      hop.#server.once("error", reject);
      const ready = () => {
        const address = hop.#server.address();
        hop.port = typeof address === "object" && address !== null ? address.port : 0;
        resolve(hop);
      };
      if (script.path === undefined) hop.#server.listen(script.port ?? 0, "127.0.0.1", ready);
      else hop.#server.listen(script.path, ready);
    });
  }

  /** All messages of all connections. */
  get messages(): ReadonlyArray<Told["messages"][number]> {
    return this.told.flatMap((t) => t.messages);
  }
  /** All commands of all connections. */
  get commands(): ReadonlyArray<string> {
    return this.told.flatMap((t) => t.commands);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#open.size;
  }

  count(verb: string): number {
    const n = (this.#counts.get(verb) ?? 0) + 1;
    this.#counts.set(verb, n);
    return n;
  }

  secure(socket: net.Socket, told: Told): void {
    this.#secure(socket, told, false);
  }

  #secure(socket: net.Socket, told: Told, greet: boolean): void {
    const { tls } = this.#script;
    if (tls === undefined) return;
    socket.pause();
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: createSecureContext({ ...tls, minVersion: "TLSv1.2" }),
    });
    secured.on("error", () => socket.destroy());
    secured.once("secure", () => {
      told.tls = true;
      const dialogue = new Dialogue(this, this.#script, secured, socket, told);
      if (greet) dialogue.greet();
    });
  }

  /** Ends all connections, as a server does that was idle for too long. */
  cutAll(): void {
    for (const s of this.#open) s.destroy();
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const s of this.#open) s.destroy();
    });
  }
}

/** One side of one conversation, before or after STARTTLS. */
class Dialogue {
  readonly #hop: ScriptedHop;
  readonly #script: Script;
  readonly #socket: net.Socket;
  /** The TCP connection, under TLS or not. */
  readonly #beneath: net.Socket;
  readonly #told: Told;
  #held = "";
  #inData = false;
  /** Octets of a chunk that are still to come, and those that came. RFC 3030 §2 */
  #chunk: { left: number; readonly last: boolean } | null = null;
  #chunks = "";
  #mute = false;
  #from = "";
  #to: Array<string> = [];

  constructor(
    hop: ScriptedHop,
    script: Script,
    socket: net.Socket,
    beneath: net.Socket,
    told: Told,
  ) {
    this.#beneath = beneath;
    this.#hop = hop;
    this.#script = script;
    this.#socket = socket;
    this.#told = told;
    socket.on("data", this.#onData);
  }

  greet(): void {
    const { greeting = "220 hop.test ESMTP" } = this.#script;
    this.#say(typeof greeting === "function" ? greeting(this.#hop.count("greeting")) : greeting);
  }

  readonly #onData = (chunk: Uint8Array) => {
    this.#held += Buffer.from(chunk).toString("latin1");
    while (this.#next());
  };

  /** Replies come in order: behind one that does not come there is none. */
  #say(answer: Answer): void {
    if (answer === "cut") this.#socket.destroy();
    else if (answer === "reset") this.#reset();
    else if (answer === null) this.#mute = true;
    else if (typeof answer === "object") this.#flood(answer.endless);
    else if (!this.#mute) this.#socket.write(Buffer.from(`${answer}\r\n`, "latin1"));
  }

  #reset(): void {
    const beneath = this.#beneath;
    if (typeof beneath.resetAndDestroy === "function") beneath.resetAndDestroy();
    else beneath.destroy();
  }

  #flood(text: string): void {
    this.#mute = true;
    flood(this.#socket, text, (octets) => this.#hop.flooded += octets);
  }

  #next(): boolean {
    if (this.#inData) return this.#data();
    if (this.#chunk !== null) return this.#octets(this.#chunk);
    const end = this.#held.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.#held.slice(0, end);
    this.#held = this.#held.slice(end + 2);
    this.#told.commands.push(line);
    return this.#obey(line);
  }

  #data(): boolean {
    const end = this.#held.startsWith(".\r\n") ? 0 : this.#held.indexOf("\r\n.\r\n") + 2;
    if (end === 1) return false;
    const data = this.#held.slice(0, end);
    this.#held = this.#held.slice(end + 3);
    this.#inData = false;
    const early = this.#held.split("\r\n").slice(0, -1);
    this.#hop.ahead.push(...early);
    const { behind } = this.#script;
    if (behind !== undefined) this.#held = "";
    const more = this.#taken(data);
    if (behind !== undefined) { for (const command of early) this.#say(behind(command)); }
    return more;
  }

  #octets(chunk: { left: number; readonly last: boolean }): boolean {
    if (this.#held.length < chunk.left) return false;
    this.#chunks += this.#held.slice(0, chunk.left);
    this.#held = this.#held.slice(chunk.left);
    this.#chunk = null;
    if (!chunk.last) {
      this.#say("250 2.0.0 chunk");
      return true;
    }
    const data = this.#chunks;
    this.#chunks = "";
    return this.#taken(data);
  }

  #taken(data: string): boolean {
    const to = this.#to;
    const message = { from: this.#from, to, data };
    this.#told.messages.push(message);
    this.#script.taken?.(message);
    this.#to = [];
    const nth = this.#hop.count("FINAL");
    const answers = this.#script.final?.(to, nth, data) ??
      (this.#script.lmtp === true ? to.map(() => "250 2.1.5 kept") : ["250 2.0.0 kept"]);
    const say = () => answers.forEach((a) => this.#say(a));
    if (nth === 1 && this.#script.hold !== undefined) this.#script.hold.then(say);
    else say();
    return true;
  }

  #obey(line: string): boolean {
    const verb = line.slice(0, 4).toUpperCase();
    const answer = this.#script.on?.(line, this.#hop.count(verb));
    const positive = isPositive(answer, "2");
    if (verb === "MAIL" && positive) {
      this.#from = line.slice("MAIL FROM:".length);
      this.#to = [];
    }
    if (verb === "RCPT" && positive) this.#to.push(line.slice("RCPT TO:".length));
    if (verb === "DATA") this.#inData = isPositive(answer, "3");
    const bdat = /^BDAT (\d+)( LAST)?$/.exec(line);
    if (bdat !== null) {
      this.#chunk = { left: Number(bdat[1]), last: bdat[2] !== undefined };
      return true;
    }
    if (verb === "STAR" && answer === undefined) return this.#startTls();
    this.#say(answer === undefined ? this.#ordinary(verb) : answer);
    if (verb === "DATA" && this.#script.deaf === true) this.#socket.pause();
    if (verb === "QUIT") this.#socket.end();
    return true;
  }

  #ordinary(verb: string): string {
    switch (verb) {
      case "EHLO":
      case "LHLO":
        return this.#keywords();
      case "DATA":
        return "354 go on";
      case "AUTH":
        return "235 2.7.0 hello";
      case "QUIT":
        return "221 2.0.0 bye";
      default:
        return "250 2.0.0 fine";
    }
  }

  #keywords(): string {
    const { keywords = ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE"], tls, brokenTls } =
      this.#script;
    const nth = this.#hop.count("offer");
    const said = typeof keywords === "function" ? keywords(nth, this.#told.tls) : keywords;
    const offer = (tls !== undefined || brokenTls !== undefined) && !this.#told.tls &&
      typeof keywords !== "function";
    const all = ["hop.test", ...said, ...(offer ? ["STARTTLS"] : [])];
    return all.map((k, i) => `250${i === all.length - 1 ? " " : "-"}${k}`).join("\r\n");
  }

  #startTls(): boolean {
    this.#say(`220 2.0.0 go${this.#script.injected ?? ""}`);
    this.#socket.removeListener("data", this.#onData);
    const { brokenTls } = this.#script;
    if (brokenTls === undefined) this.#hop.secure(this.#socket, this.#told);
    else this.#socket.once("data", () => this.#socket.end(brokenTls));
    return false;
  }
}
