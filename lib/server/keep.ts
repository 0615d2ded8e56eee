/** Commits an accepted submission, and knows it when it comes once more. RFC 5321 §4.1.1.4 */
import { Effect } from "effect";
import { printMailbox, printMailboxAscii } from "../address/mailbox.ts";
import { Ids } from "../ports/ids.ts";
import { hopKey } from "../ports/routes.ts";
import { type NewMessage, Spool, type Staging } from "../ports/spool.ts";
import type { Hold } from "../ports/hold.ts";
import type { Signed } from "../stages/submission.ts";
import { holdNotice } from "./hold_notice.ts";
import { keepNote } from "./own_note.ts";
import { trailRecord } from "./trail_record.ts";

/** Commits it; where it is held for its owner to decide, they get a note once it is safe. */
export const keep = (signed: Signed, body: Staging) => {
  const message = messageOf(signed, body);
  const { hold } = signed;
  if (hold === undefined) return Effect.flatMap(Spool, (spool) => spool.commit(message));
  return Effect.gen(function* () {
    const token = hold.notify ? `hold-${(yield* Ids).messageIdLeft()}` : null;
    const committed = yield* (yield* Spool).commit({ ...message, hold: { ...hold, token } });
    // of what was submitted once more they were told the first time
    if (token !== null && committed._tag === "Kept") yield* tellOwner(signed, hold, token);
    return committed;
  });
};

const tellOwner = (signed: Signed, hold: Hold, token: string) =>
  keepNote(
    holdNotice(signed, hold, token),
    "the owner of a held message is not told",
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

/**
 * What makes it the same submission when it comes again, for a client that lost the final 250: login, envelope
 * and the Message-ID that the client gave it. Without one of its own it is a new one each time.
 */
const onceOf = (s: Signed): Partial<Pick<NewMessage, "once">> => {
  if (s.messageId === null) return {};
  const { returnPath, recipients, hold } = s.envelope;
  const key = [
    s.account.id,
    returnPath === null ? "" : printMailbox(returnPath),
    s.messageId,
    hold === undefined ? "" : JSON.stringify(hold),
    ...recipients.map((r) => printMailbox(r.mailbox)).sort(),
  ].join("\n"); // none of them holds a line end
  return { once: { key, note: noteOf(s.receivedAt, s.session.id) } };
};

/** A `Decision` for the first one's trail, as JSON; written out, since hardly one of thousands is ever used. */
const noteOf = (at: number, session: string): string =>
  `{"stage":"submit","verdict":"pass","rule":"submit.repeated","facts":{"at":${at},"session":"${session}"}}`;
