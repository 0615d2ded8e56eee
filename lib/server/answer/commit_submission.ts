/** Commits an accepted submission, and recognises it when it is repeated. RFC 5321 §4.1.1.4 */
import { Effect } from "effect";
import { printMailboxAscii } from "../../address/mailbox.ts";
import type { Cancellation } from "../../ports/cancellation.ts";
import { Ids } from "../../ports/ids.ts";
import { hopKey } from "../../ports/routes.ts";
import { type NewMessage, Spool, type Staging } from "../../ports/spool.ts";
import type { Hold } from "../../ports/hold.ts";
import type { Signed } from "../../stages/submission.ts";
import { holdNotice } from "./hold_notice.ts";
import { onceKey } from "./once_key.ts";
import { storeNotice } from "./store_notice.ts";
import { trailRecord } from "../../stages/stored_trail.ts";

/**
 * Commits it; where it is held for its owner to decide, they get a note once it is safe. `cancellation`: see
 * `Spool.commit`.
 */
export const commitSubmission = (signed: Signed, body: Staging, cancellation: Cancellation) => {
  const message = messageOf(signed, body);
  const { hold } = signed;
  if (hold === undefined) {
    return Effect.flatMap(Spool, (spool) => spool.commit(message, cancellation));
  }
  return Effect.gen(function* () {
    const token = hold.notify ? `hold-${(yield* Ids).messageIdLeft()}` : null;
    const held = { ...message, hold: { ...hold, token } };
    const committed = yield* (yield* Spool).commit(held, cancellation);
    // of what was submitted once more they were told the first time
    if (token !== null && committed._tag === "Kept") yield* tellOwner(signed, hold, token);
    return committed;
  });
};

const tellOwner = (signed: Signed, hold: Hold, token: string) =>
  storeNotice(
    holdNotice(signed, hold, token),
    "the owner of a held message gets no notice",
    signed.id,
  );

const messageOf = (s: Signed, body: Staging): NewMessage => ({
  id: s.id,
  acceptedAt: s.receivedAt,
  account: s.account.id,
  session: s.session,
  envelope: s.envelope,
  recipients: s.routed.map(({ mailbox, route }) => ({
    address: printMailboxAscii(mailbox),
    hop: hopKey(route.hop),
  })),
  head: s.leaving,
  body,
  eightBit: s.body.eightBit,
  trail: trailRecord(s.trail),
  ...s.envelope.hold === undefined ? {} : { due: s.envelope.hold.until },
  ...s.replicated === true ? { replicated: true } : {},
  ...onceOf(s),
});

/** Without a Message-ID of the client's own it is a new one each time: scripts say the same thing twice and mean it. */
const onceOf = (s: Signed): Partial<Pick<NewMessage, "once">> =>
  s.messageId === null
    ? {}
    : { once: { key: onceKey(s), note: noteOf(s.receivedAt, s.session.id) } };

/** A `Decision` for the first one's trail, as JSON; written out, since hardly one of thousands is ever used. */
const noteOf = (at: number, session: string): string =>
  `{"stage":"submit","verdict":"pass","rule":"submit.repeated","facts":{"at":${at},"session":"${session}"}}`;
