/**
 * Drives the session machine without socket, clock or service: octets in, replies out. Its questions
 * are answered by a small world of its own, the one that the ledger's examples speak of.
 */
import { Redacted } from "effect";
import { domainKey } from "../../lib/address/domain.ts";
import { printMailbox } from "../../lib/address/mailbox.ts";
import * as say from "../../lib/reply/catalog.ts";
import { render, type Reply } from "../../lib/reply/reply.ts";
import { login } from "../../lib/sasl/login.ts";
import { plain } from "../../lib/sasl/plain.ts";
import { extensions, extensionsWith } from "../../lib/smtp/server/extensions/all.ts";
import type { Rules } from "../../lib/smtp/server/rules.ts";
import { text } from "./octets.ts";
import { fresh, type Input, type Question, type State } from "../../lib/smtp/server/state.ts";
import { lineLimit, step } from "../../lib/smtp/server/step.ts";
import { ChunkReader } from "../../lib/smtp/syntax/chunk.ts";
import { DataReader } from "../../lib/smtp/syntax/dot.ts";
import type { MessageReader } from "../../lib/smtp/syntax/message_reader.ts";
import { LineReader } from "../../lib/smtp/syntax/line.ts";

/** Noon of 1 March 2026. */
export const NOW = Date.UTC(2026, 2, 1, 12);

export const RULES: Rules = {
  hostname: "msa.example.net",
  startTls: true,
  messageBytes: 10_000,
  recipients: 1000,
  mails: 10_000,
  commandLineBytes: 4096,
  authLineBytes: 12_288,
  errors: 20,
  idleCommands: 100,
  authFailures: 3,
  mechanisms: [plain, login],
  extensions,
  now: () => NOW,
};

/** Everything that can be switched on is. */
export const OPTIONAL = extensionsWith({
  deliverBy: { minSeconds: 60 },
  futureRelease: { maxSeconds: 86_400 },
  mtPriority: { urgent: new Set(["boss@example.net"]), least: -4, urgentBytes: 1000 },
  rrvs: true,
});

/** The rules that the header of a transcript asks for. */
export const rulesFor = (facts: Readonly<Record<string, string>>): Rules => ({
  ...RULES,
  recipients: Number(facts["recipients"] ?? RULES.recipients),
  errors: Number(facts["errors"] ?? RULES.errors),
  mails: Number(facts["mails"] ?? RULES.mails),
  extensions: facts["optional"] === "yes" ? OPTIONAL : RULES.extensions,
});

export const ALICE = "alice@example.net";
const OWNED: ReadonlySet<string> = new Set([ALICE, "a.smith@example.net", "grün@example.net"]);

interface Answer {
  readonly reply: Reply;
  readonly account: string | null;
}

/** Alice has the password `secret`; `down` and `disabled` stand for what a back end can say besides. */
export const answer = (q: Question): Answer => {
  const only = (reply: Reply): Answer => ({ reply, account: null });
  switch (q._tag) {
    case "Login": {
      const password = Redacted.value(q.login.password);
      if (password === "down") return only(say.AUTH_LATER);
      if (q.login.authcid !== ALICE) return only(say.BAD_CREDENTIALS);
      if (password === "disabled") return only(say.ACCOUNT_DISABLED);
      return password === "secret"
        ? { reply: say.AUTHENTICATED, account: ALICE }
        : only(say.BAD_CREDENTIALS);
    }
    case "Mail": {
      const { returnPath } = q.mail;
      return only(
        returnPath === null || OWNED.has(printMailbox(returnPath)) ? say.SENDER_OK : say.NOT_OWNER,
      );
    }
    case "Recipient":
      switch (domainKey(q.mailbox.domain)) {
        case "nosuch.example":
          return only(say.NO_SUCH_DOMAIN);
        case "null.example":
          return only(say.NULL_MX);
        default:
          return only(say.RECIPIENT_OK);
      }
    case "Submit":
      return only(say.queued("Q1"));
  }
};

export class Session {
  readonly #rules: Rules;
  readonly #lines = new LineReader();
  #data: MessageReader | null = null;
  #chunks: ChunkReader | null = null;
  #drop = 0;
  #state: State;
  #out = "";
  /** Every question asked, in order. */
  readonly questions: Array<Question> = [];

  constructor(rules: Rules, tls: boolean) {
    this.#rules = rules;
    this.#state = fresh(tls);
  }

  get state(): State {
    return this.#state;
  }

  get closed(): boolean {
    return this.#state._tag === "Closed";
  }

  get #limits() {
    return { messageBytes: this.#rules.messageBytes, headerBytes: this.#rules.messageBytes };
  }

  /** Bodies received, one behind the other. */
  received = "";

  /** One write of the client; returns the lines that come back, without CRLF. */
  write(octets: Uint8Array): ReadonlyArray<string> {
    this.#lines.feed(octets);
    this.#run();
    return this.#flush();
  }

  /** What the world does to a session: `Timeout`, `Shutdown`, `Defect`. */
  happens(input: Input): ReadonlyArray<string> {
    this.#apply(input);
    return this.#flush();
  }

  #flush(): ReadonlyArray<string> {
    const lines = this.#out.split("\r\n").slice(0, -1);
    this.#out = "";
    return lines;
  }

  #run(): void {
    while (!this.closed) {
      if (this.#state._tag === "Dropping") {
        const rest = this.#lines.takeRest();
        const dropped = Math.min(rest.length, this.#drop);
        this.#drop -= dropped;
        this.#lines.feed(rest.subarray(dropped));
        if (this.#drop > 0) return;
        this.#apply({ _tag: "DataEnd", verdict: "complete" });
        continue;
      }
      if (this.#data !== null) {
        const rest = this.#lines.takeRest();
        const taken = this.#data.push(rest);
        this.received += this.#data.takeBody().map(text).join("");
        if (!this.#data.done) return;
        const verdict = this.#data.verdict();
        this.#data = null;
        this.#lines.feed(rest.subarray(taken));
        this.#apply({ _tag: "DataEnd", verdict });
        continue;
      }
      const line = this.#lines.next(lineLimit(this.#rules, this.#state));
      if (line === null) return;
      this.#apply({ _tag: "Line", line, more: this.#lines.pending > 0 });
    }
  }

  #apply(input: Input): void {
    const [state, ...outputs] = step(this.#rules, this.#state, input);
    this.#state = state;
    for (const o of outputs) {
      switch (o._tag) {
        case "Send":
          this.#out += render(o.reply);
          break;
        case "Ask":
          this.questions.push(o.question);
          this.#apply({ _tag: "Answer", ...answer(o.question) });
          break;
        case "ReadData":
          this.#data = new DataReader(this.#limits);
          break;
        case "ReadChunk":
          if (o.first) this.#chunks = new ChunkReader(this.#limits, o.binary);
          this.#chunks?.expect(o.octets, o.last);
          this.#data = this.#chunks;
          break;
        case "DropData":
          this.#drop = o.octets;
          break;
        case "StartTls":
          this.#apply({ _tag: "TlsUp" });
          break;
        case "Close":
          break;
      }
    }
  }
}
