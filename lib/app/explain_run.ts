/**
 * What the server would answer to a message, and why: the real machine and stages, without a connection or a spool.
 * Stores nothing.
 */
import { Clock, Effect } from "effect";
import { type DomainName, isAscii } from "../address/domain.ts";
import { type Mailbox, printMailbox } from "../address/mailbox.ts";
import type { Limits } from "../config/config.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { BodyCounter } from "../message/mime/body_counter.ts";
import type { SessionFacts } from "../envelope/session.ts";
import type { Account, AccountsUnavailable } from "../ports/accounts.ts";
import { Ids } from "../ports/ids.ts";
import { type BodyDigest, Signer } from "../ports/signer.ts";
import type { StoredBody } from "../ports/stored_body.ts";
import { negative, type Reply } from "../reply/reply.ts";
import * as say from "../reply/catalog.ts";
import { NO_CHANNEL } from "../sasl/mechanism.ts";
import { extensions } from "../smtp/server/extensions/all.ts";
import type { Rules } from "../smtp/server/extension.ts";
import { type Question, ready, type SessionData, type State } from "../smtp/server/state.ts";
import { step } from "../smtp/server/step.ts";
import { enforceReturnPath } from "../stages/enforce_rights.ts";
import { pipeline, type PipelineServices } from "../stages/pipeline.ts";
import type { Refusal } from "../stages/refusal.ts";
import { admitTogether } from "../stages/admit_together.ts";
import { admitRecipient } from "../stages/admit_recipient.ts";
import { factsAtRcpt } from "../stages/resolve_mta.ts";
import type { Received, Signed } from "../stages/submission.ts";
import type { Trail } from "../stages/trail.ts";
import { type MessageFile, recipientsOf } from "./message_file.ts";

export interface ExplainRequest {
  readonly hostname: string;
  readonly limits: Limits;
  /** Domains of one label that are completed. */
  readonly domains: ReadonlyMap<string, DomainName>;
  readonly account: Account;
  /** The credential that signs in; null: the account's only one. */
  readonly credential: string | null;
  /** Null for `<>`. */
  readonly from: Mailbox | null;
  /** Empty: those that To, Cc and Bcc name. */
  readonly to: ReadonlyArray<Mailbox>;
  readonly message: MessageFile;
  /** The client gives SMTPUTF8; without it a server repairs or refuses what is not ASCII. RFC 6531 §3.4 */
  readonly smtpUtf8: boolean;
}

/** One command with its reply; the message itself counts as the last one. */
export interface Exchange {
  readonly command: string;
  readonly reply: Reply;
}

export interface Explanation {
  /** Everything was taken: the return path, every recipient, the message. */
  readonly accepted: boolean;
  readonly exchanges: ReadonlyArray<Exchange>;
  readonly trail: Trail;
  /** Null where something was refused before the end. */
  readonly signed: Signed | null;
}

/** No `--to`, and nobody in the header: there is nothing to explain. */
export class NobodyToSendTo {
  readonly _tag = "NobodyToSendTo";
}

type Answered = { readonly reply: Reply; readonly trail: Trail; readonly signed: Signed | null };

/** Goes from MAIL to the end of data and stops where the server would. */
export const explainMessage = Effect.fnUntraced(function* (
  o: ExplainRequest,
): Effect.fn.Return<Explanation, NobodyToSendTo | AccountsUnavailable, PipelineServices> {
  const exchanges: Array<Exchange> = [];
  const trail: Array<Trail[number]> = [];
  const rules = rulesOf(o);
  const told = (command: string, a: Answered): boolean => {
    exchanges.push({ command, reply: a.reply });
    trail.push(...a.trail);
    return !negative(a.reply);
  };
  const done = (signed: Signed | null): Explanation => ({
    accepted: exchanges.every((e) => !negative(e.reply)),
    exchanges,
    trail,
    signed,
  });

  // null: the header cannot be read, which the first stage says better
  const to = o.to.length > 0 ? o.to : recipientsOf(o.message, o.limits);
  if (to?.length === 0) return yield* Effect.fail(new NobodyToSendTo());
  let state: State = ready(peerOf(o.account));
  const mailText = mailCommand(o);
  const mailed = yield* command(o, rules, state, mailText);
  state = mailed.state;
  if (!told(mailText, mailed)) return done(null);
  for (const recipient of to ?? []) {
    const text = `RCPT TO:<${printMailbox(recipient)}>`;
    const asked = yield* command(o, rules, state, text);
    state = asked.state;
    told(text, asked);
  }
  if (state._tag !== "Mail") return done(null);
  const { peer, mail, recipients } = state;
  if (to !== null && recipients.length === 0) {
    told("DATA", passed(say.NO_VALID_RECIPIENTS));
    return done(null);
  }
  const data: State = { _tag: "Data", peer, mail, recipients };
  const input = { _tag: "DataEnd", verdict: o.message.verdict } as const;
  const ended = yield* answered(o, rules, step(rules, data, input));
  told("(the message)", ended);
  return done(ended.signed);
});

/** One line through the machine, and what it asks through the stages. */
const command = (o: ExplainRequest, rules: Rules, state: State, text: string) => {
  const line = { _tag: "Line", text, ascii: isAscii(text) } as const;
  return answered(o, rules, step(rules, state, { _tag: "Line", line, more: false }));
};

const answered = Effect.fnUntraced(function* (
  o: ExplainRequest,
  rules: Rules,
  [state, output]: ReturnType<typeof step>,
): Effect.fn.Return<Answered & { readonly state: State }, AccountsUnavailable, PipelineServices> {
  if (output?._tag === "Send") return { state, ...passed(output.reply) };
  if (output?._tag !== "Ask") return { state, ...passed(say.LOCAL_ERROR) };
  const a = yield* answer(o, output.question);
  const [next] = step(rules, state, { _tag: "Answer", reply: a.reply, account: null });
  return { ...a, state: next };
});

const answer = (
  o: ExplainRequest,
  question: Question,
): Effect.Effect<Answered, AccountsUnavailable, PipelineServices> => {
  switch (question._tag) {
    case "Mail":
      return Effect.flatMap(
        Clock.currentTimeMillis,
        (at) =>
          enforceReturnPath(o.account, question.mail.returnPath, {
            at,
            credential: o.credential,
            recipients: null,
          }),
      ).pipe(
        Effect.as(passed(say.SENDER_OK)),
        Effect.catchTag("Refusal", refused),
      );
    case "Recipient":
      return admitRecipient(o.account, question.mailbox, factsAtRcpt(question)).pipe(
        Effect.andThen(admitTogether(question, factsAtRcpt(question), true)),
        Effect.map((no) => passed(no ?? say.RECIPIENT_OK)),
        Effect.catchTag("Refusal", refused),
      );
    case "Submit":
      return received(o, question.envelope).pipe(
        Effect.flatMap(pipeline),
        // nothing is stored here
        Effect.catchTag(["SpoolFull", "SpoolFault"], Effect.die),
        Effect.map((signed) => ({
          reply: signed.passThrough === undefined ? say.queued(signed.id) : AS_THE_HOP_SAYS,
          trail: signed.trail,
          signed,
        })),
        Effect.catchTag("Refusal", refused),
      );
    case "Login":
    case "Keys":
      return Effect.die(new Error("nobody signs in here"));
  }
};

/** Nothing is sent here. */
const AS_THE_HOP_SAYS = say.byNextHop(250, "0.0", "(or whatever else the next hop replies)");

const passed = (reply: Reply): Answered => ({ reply, trail: [], signed: null });

/** A refusal is an answer like another. */
const refused = (e: Refusal): Effect.Effect<Answered> =>
  Effect.succeed({ reply: e.reply, trail: e.trail, signed: null });

const received = Effect.fnUntraced(function* (o: ExplainRequest, envelope: Envelope) {
  return {
    _tag: "Received",
    id: (yield* Ids).queueId(),
    receivedAt: yield* Clock.currentTimeMillis,
    session: SESSION,
    hostname: o.hostname,
    login: o.account.id,
    credential: o.credential,
    envelope,
    head: o.message.head,
    hasBody: o.message.hasBody,
    body: { ...o.message.body, relaxedHash: hashOf(o.message.text, (yield* Signer).digest()) },
    stored: inMemory(o.message, (yield* Signer).digest),
    trail: [],
  } satisfies Received;
});

/** In memory, and in nothing else. */
const inMemory = (m: MessageFile, digest: () => BodyDigest | null): StoredBody => {
  let text = m.text;
  return {
    each: (see) => Effect.sync(() => text.forEach(see)),
    eachInTurn: (see) =>
      Effect.promise(async () => {
        for (const chunk of text) await see(chunk);
      }),
    replace: (r) =>
      Effect.sync(() => {
        const counter = new BodyCounter();
        const hash = digest();
        text = [...text.flatMap((chunk) => r.push(chunk).map((p) => p.slice())), ...r.end()];
        for (const part of text) {
          counter.push(part);
          hash?.update(part);
        }
        return counter.facts(m.body.validUtf8, hash?.end() ?? null);
      }),
  };
};

const hashOf = (text: ReadonlyArray<Uint8Array>, digest: BodyDigest | null): string | null => {
  if (digest === null) return null;
  for (const part of text) digest.update(part);
  return digest.end();
};

/** A mail program on this machine, over TLS. */
export const SESSION: SessionFacts = {
  id: "explain",
  listener: "submissions",
  clientAddress: "127.0.0.1",
  clientPort: 0,
  helo: "localhost",
  extended: true,
  tls: { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" },
};

const peerOf = (account: Account): SessionData => ({
  tls: true,
  helo: SESSION.helo,
  extended: true,
  account: account.id,
  errors: 0,
  idle: 0,
  authFailures: 0,
  mails: 0,
  channel: NO_CHANNEL,
});

/** The limits that make sense without a session. */
const rulesOf = (o: ExplainRequest): Rules => ({
  hostname: o.hostname,
  startTls: false,
  messageBytes: o.limits.messageBytes,
  recipients: o.limits.recipients,
  mails: Infinity,
  commandLineBytes: o.limits.commandLineBytes,
  authLineBytes: o.limits.authLineBytes,
  errors: Infinity,
  idleCommands: Infinity,
  authFailures: Infinity,
  domains: o.domains,
  mechanisms: [],
  extensions,
  now: Date.now,
});

/** MAIL with the parameters that mail programs give; SMTPUTF8 only where it is asked for. */
const mailCommand = (o: ExplainRequest): string => {
  const { message } = o;
  const from = o.from === null ? "" : printMailbox(o.from);
  return [
    `MAIL FROM:<${from}>`,
    `SIZE=${message.octets}`,
    ...(message.body.eightBit ? ["BODY=8BITMIME"] : []),
    ...(o.smtpUtf8 ? ["SMTPUTF8"] : []),
  ].join(" ");
};
