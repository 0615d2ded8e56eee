/**
 * Drives the session machine without socket, clock or service: octets in, replies out. Its questions
 * are answered by a small world of its own, the one that the ledger's examples speak of.
 */
import { Redacted } from "effect";
import { domainKey } from "../../lib/address/domain.ts";
import { printMailbox } from "../../lib/address/mailbox.ts";
import * as say from "../../lib/reply/catalog.ts";
import { render, type Reply } from "../../lib/reply/reply.ts";
import type { Claim, ScramHash, ScramKeys } from "../../lib/envelope/login.ts";
import { MECHANISMS, mechanismsOf } from "../../lib/sasl/all.ts";
import { type Channel, NO_CHANNEL } from "../../lib/sasl/mechanism.ts";
import { decodeBase64 } from "../../lib/sasl/base64.ts";
import { extensions, extensionsWith } from "../../lib/smtp/server/extensions/all.ts";
import type { Rules } from "../../lib/smtp/server/extension.ts";
import { octets, text } from "./octets.ts";
import {
  fresh,
  type Input,
  type Output,
  type Question,
  type State,
} from "../../lib/smtp/server/state.ts";
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
  mechanisms: mechanismsOf(MECHANISMS, {
    scope: "smtp",
    openidConfiguration: "https://op.example/.well-known/openid-configuration",
  }),
  extensions,
  now: () => NOW,
};

/** Everything that can be switched on is. */
export const OPTIONAL = extensionsWith({
  deliverBy: { minSeconds: 60 },
  futureRelease: { maxSeconds: 86_400 },
  mtPriority: { urgent: new Set(["boss@example.net"]), least: -4, urgentBytes: 1000 },
  rrvs: true,
  burl: [],
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

/** A connection with everything that mechanisms can use. */
export const CHANNEL: Channel = {
  endPoint: new TextEncoder().encode("end point"),
  certificate: ALICE,
  hosts: ["msa.example.net", "192.0.2.1"],
  port: 587,
};

interface Answer {
  readonly reply: Reply;
  readonly account: string | null;
  readonly keys?: ScramKeys;
}

const octetsOf = (base64: string): Uint8Array => decodeBase64(base64) ?? new Uint8Array(0);

/** The user `user` with the password `pencil` of RFC 5802 §5 and RFC 7677 §3, each with its nonce. */
const VECTORS: Readonly<Record<ScramHash, ScramKeys>> = {
  "SHA-1": {
    salt: octetsOf("QSXCR+Q6sek8bf92"),
    iterations: 4096,
    storedKey: octetsOf("6dlGYMOdZcOPutkcNY8U2g7vK9Y="),
    serverKey: octetsOf("D+CSWLOshSulAsxiupA+qs2/fTE="),
    revision: 1,
    nonce: "3rfcNHYJY1ZVvWVs7j",
  },
  "SHA-256": {
    salt: octetsOf("W22ZaJ0SNY7soEsUEjb6gQ=="),
    iterations: 4096,
    storedKey: octetsOf("WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="),
    serverKey: octetsOf("wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="),
    revision: 1,
    nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  },
};

const keysOf = (authcid: string, hash: ScramHash): ScramKeys =>
  authcid === "user" ? VECTORS[hash] : { ...VECTORS[hash], revision: null };

/** Alice's token is `good`; that of someone else here `other`. */
const judge = (claim: Claim): Answer => {
  const only = (reply: Reply): Answer => ({ reply, account: null });
  const yes: Answer = { reply: say.AUTHENTICATED, account: ALICE };
  switch (claim._tag) {
    case "Password": {
      const { authcid } = claim.login;
      const password = Redacted.value(claim.login.password);
      if (password === "down") return only(say.AUTH_LATER);
      if (authcid !== ALICE) return only(say.BAD_CREDENTIALS);
      if (password === "disabled") return only(say.ACCOUNT_DISABLED);
      if (password === "weak") return only(say.MECHANISM_TOO_WEAK);
      return password === "secret" ? yes : only(say.BAD_CREDENTIALS);
    }
    case "Proof": {
      const { valid, authzid } = claim.proof;
      return valid && authzid === "" ? yes : only(say.BAD_CREDENTIALS);
    }
    case "Token": {
      const token = Redacted.value(claim.bearer.token);
      if (token === "down") return only(say.AUTH_LATER);
      const mayBe = claim.bearer.authzid === "" || claim.bearer.authzid === ALICE;
      return token === "good" && mayBe ? yes : only(say.BAD_CREDENTIALS);
    }
    case "Certificate": {
      const { authzid, account } = claim.certificate;
      return authzid === "" || authzid === account ? yes : only(say.BAD_CREDENTIALS);
    }
    case "Void":
      return only(say.BAD_CREDENTIALS);
  }
};

/** Alice has the password `secret`; `down` and `disabled` stand for what a back end can say besides. */
export const answer = (q: Question): Answer => {
  const only = (reply: Reply): Answer => ({ reply, account: null });
  switch (q._tag) {
    case "Login":
      return judge(q.claim);
    case "Keys":
      return q.authcid === "old"
        ? only(say.TRANSITION_NEEDED)
        : { reply: say.OK, account: null, keys: keysOf(q.authcid, q.hash) };
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
  /** What IMAP servers have for BURL: text by URL, or the refusal. */
  readonly parts = new Map<string, string | Reply>();
  /** Every question asked, in order. */
  readonly questions: Array<Question> = [];

  readonly #channel: Channel;

  /** `channel`: what mechanisms may use, from the start or after STARTTLS. */
  constructor(rules: Rules, tls: boolean, channel: Channel = NO_CHANNEL) {
    this.#rules = rules;
    this.#channel = channel;
    this.#state = tls ? fresh(true, channel) : fresh(false);
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

  /** Of the message that came last. */
  reader: MessageReader | null = null;

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
        this.reader = this.#data;
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

  #fetch({ url, first, last, binary }: Output & { readonly _tag: "Fetch" }): void {
    const part = this.parts.get(url) ?? say.BURL_NOT_FETCHED;
    if (typeof part !== "string") return this.#apply({ _tag: "NotFetched", reply: part });
    if (first || this.#chunks === null) this.#chunks = new ChunkReader(this.#limits, binary);
    this.#chunks.expect(part.length, last);
    this.#chunks.push(octets(part));
    this.received += this.#chunks.takeBody().map(text).join("");
    this.#apply({ _tag: "DataEnd", verdict: this.#chunks.verdict() });
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
        case "Fetch":
          this.#fetch(o);
          break;
        case "DropData":
          this.#drop = o.octets;
          break;
        case "StartTls":
          this.#apply({ _tag: "TlsUp", channel: this.#channel });
          break;
        case "Close":
          break;
      }
    }
  }
}
