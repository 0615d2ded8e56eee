/** Asks the stages about a message that has nothing but addresses. Stores nothing, sends nothing. */
import { Clock, Effect, Layer } from "effect";
import { type Mailbox, printMailbox } from "../../address/mailbox.ts";
import type { Config } from "../../config/config.ts";
import { first } from "../../message/edit.ts";
import { unfolded } from "../../message/header.ts";
import { decodeUtf8, encodeUtf8 } from "../../message/text.ts";
import type { Account, Accounts, AccountsUnavailable } from "../../ports/accounts.ts";
import { summary } from "../../reply/reply.ts";
import { idsLayer } from "../../server/ids.ts";
import { addSender } from "../../stages/add_sender.ts";
import { authenticate } from "../../stages/authenticate.ts";
import { enforceRecipient, enforceRights } from "../../stages/enforce_rights.ts";
import { fixHeaders } from "../../stages/fix_headers.ts";
import { parse } from "../../stages/parse.ts";
import { type Policies, policyLayer } from "../../stages/policy.ts";
import type { Received } from "../../stages/submission.ts";
import type { Trail } from "../../stages/trail.ts";
import { SESSION } from "../../app/explain_run.ts";
import type { Verdict } from "./rights_view.ts";

export interface TestCase {
  /** Empty: the primary address. */
  readonly from: ReadonlyArray<Mailbox>;
  readonly mailFrom: Mailbox | null;
  readonly sender: Mailbox | null;
  readonly resentFrom: Mailbox | null;
  readonly to: ReadonlyArray<Mailbox>;
  readonly credential: string | null;
}

const OF_RIGHTS: ReadonlySet<string> = new Set(["authenticate", "enforce_rights", "add_sender"]);

const aboutRights = (trail: Trail): Trail =>
  trail.filter((d) => OF_RIGHTS.has(d.stage) || d.verdict === "refused");

export const runTest = (
  config: Config,
  policies: Policies,
  account: Account,
  test: TestCase,
): Effect.Effect<Verdict, AccountsUnavailable, Accounts> =>
  Effect.gen(function* () {
    const received = messageOf(config, account, test, yield* Clock.currentTimeMillis);
    for (const recipient of test.to) yield* enforceRecipient(account, recipient);
    const done = yield* parse(received).pipe(
      Effect.flatMap(authenticate),
      Effect.flatMap(enforceRights),
      Effect.flatMap(fixHeaders),
      Effect.flatMap(addSender),
    );
    const field = first(done.header, test.resentFrom === null ? "sender" : "resent-sender");
    const written = field === null ? null : unfolded(field);
    return {
      granted: true,
      reply: null,
      sender: written === null ? null : decodeUtf8(written) ?? written,
      trail: aboutRights(done.trail),
    };
  }).pipe(
    Effect.catchTag("Refusal", (r) =>
      Effect.succeed({
        granted: false,
        reply: summary(r.reply),
        sender: null,
        trail: aboutRights(r.trail),
      })),
    Effect.provide(Layer.merge(policyLayer(policies, config), idsLayer)),
  );

const messageOf = (config: Config, account: Account, test: TestCase, now: number): Received => {
  const line = (name: string, all: ReadonlyArray<Mailbox>): string =>
    all.length === 0 ? "" : `${name}: ${encodeUtf8(all.map(printMailbox).join(", "))}\r\n`;
  const one = (m: Mailbox | null): ReadonlyArray<Mailbox> => m === null ? [] : [m];
  return {
    _tag: "Received",
    id: "test",
    receivedAt: now,
    session: SESSION,
    hostname: config.hostname,
    login: account.id,
    credential: test.credential,
    envelope: {
      returnPath: test.mailFrom,
      recipients: test.to.map((mailbox) => ({ mailbox })),
      body: "7BIT",
      smtpUtf8: true,
      declaredSize: null,
    },
    head: [
      line("Resent-From", one(test.resentFrom)),
      line("From", test.from.length === 0 ? [account.primary] : test.from),
      line("Sender", one(test.sender)),
    ].join(""),
    hasBody: true,
    body: { octets: 0, eightBit: false, validUtf8: true, longestLine: 0 },
    trail: [],
  };
};
