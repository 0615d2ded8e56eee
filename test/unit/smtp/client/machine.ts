/** Runs the client machine against a server's lines, without a driver. */
import { Redacted } from "effect";
import { ReplyReader } from "../../../../lib/smtp/client/reply_reader.ts";
import {
  type Input,
  type Mail,
  opening,
  type Output,
  type Session,
  type State,
} from "../../../../lib/smtp/client/state.ts";
import { step } from "../../../../lib/smtp/client/step.ts";

export const session: Session = {
  protocol: "SMTP",
  hostname: "msa.example.net",
  policy: "none",
  tls: "clear",
  credentials: null,
};
export const login = { username: "u", password: Redacted.make("p") };
export const mail: Mail = {
  from: "a@example.net",
  to: ["x@example.org"],
  size: 100,
  eightBit: false,
  utf8: "none",
};

export class Machine {
  state: State;
  readonly outputs: Array<Output> = [];
  readonly #reader = new ReplyReader();

  constructor(s: Session = session) {
    this.state = opening(s);
  }

  /** What was sent since the last call, line ends as `|`. */
  sent(): string {
    const out = this.outputs.flatMap((o) => o._tag === "Send" ? [o.text] : []).join("");
    this.outputs.length = 0;
    return out.replaceAll("\r\n", "|");
  }

  input(...inputs: ReadonlyArray<Input>): this {
    for (const i of inputs) {
      const [state, ...outputs] = step(this.state, i);
      this.state = state;
      this.outputs.push(...outputs);
    }
    return this;
  }

  /** Octets of the server, line ends as `|`. */
  hear(wire: string): this {
    this.#reader.feed(Uint8Array.from(wire.replaceAll("|", "\r\n"), (c) => c.charCodeAt(0)));
    for (let r = this.#reader.next(); r !== null; r = this.#reader.next()) {
      this.input(
        r._tag === "Reply"
          ? { _tag: "Reply", reply: r.reply, more: this.#reader.pending }
          : { _tag: "Garbage" },
      );
    }
    return this;
  }

  /** Up to where a message may go. */
  open(ehlo = "250-hop.test|250-PIPELINING|250-8BITMIME|250 SIZE 1000|"): this {
    this.hear("220 hop.test|").hear(ehlo);
    this.outputs.length = 0;
    return this;
  }

  deliver(m: Partial<Mail> = {}): this {
    return this.input({ _tag: "Deliver", mail: { ...mail, ...m } });
  }

  /** `kind status text` of each recipient of the last transaction; null while it goes on. */
  get verdicts(): ReadonlyArray<string> | null {
    const f = this.outputs.findLast((o) => o._tag === "Finished");
    return f?._tag === "Finished" ? f.verdicts.map((v) => `${v.kind} ${v.status} ${v.text}`) : null;
  }

  /** `stage kind status` where the session was refused. */
  get refused(): string | null {
    const r = this.outputs.find((o) => o._tag === "Refused");
    return r?._tag === "Refused" ? `${r.stage} ${r.verdict.kind} ${r.verdict.status}` : null;
  }

  has(tag: Output["_tag"]): boolean {
    return this.outputs.some((o) => o._tag === tag);
  }
}
