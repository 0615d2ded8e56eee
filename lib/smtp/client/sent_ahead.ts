/**
 * Commands that left behind the content of the message before (RFC 2920 §3.1), and the reply of a server that does
 * not take them there, which is not about a message. Some refuse whatever follows a final dot at once, since a
 * message that ends early for one server and late for another smuggles commands that way.
 */
import { aboutOf, type Asked } from "./meaning.ts";
import type { ServerReply } from "./reply_reader.ts";
import { close, closed, type Step, type Transaction } from "./state.ts";
import { softened, type Verdict } from "./verdict.ts";

/** To be sent again on its own; if that never happens, it is not reported as a permanent failure. */
export const undecidedYet = (verdicts: ReadonlyArray<Verdict>) =>
  ({ _tag: "Finished", verdicts: verdicts.map(softened), again: true }) as const;

/** Commands are out behind the content of this one, and nobody knows yet what the server makes of them. */
export const onTrial = ({ next }: Transaction): boolean =>
  next?.sent === true && next.behind === "try";

/** No octet of the content was asked for yet. */
export const early = ({ phase }: Transaction): boolean =>
  phase._tag === "Reset" || phase._tag === "Mail" || phase._tag === "Rcpt" || phase._tag === "Data";

/**
 * A refusal of what was sent ahead that is no verdict on anybody: on trial any; later one that is about the session.
 * DATA behind recipients that were all refused is refused rightly.
 */
export const outOfStep = (t: Transaction, { code }: ServerReply, asked: Asked): boolean => {
  if (t.ahead === null || t.refusal !== null || code < 400 || !early(t)) return false;
  if (t.phase._tag === "Data" && !t.verdicts.some((v) => v?.kind === "accepted")) return false;
  return t.ahead === "try" || aboutOf(code, asked, null) === "session";
};

/** The link ends, since it may be out of step. A recipient that is refused on trial proves nothing either way. */
export const refusedAhead = (t: Transaction, { code }: ServerReply, verdict: Verdict): Step => {
  const proves = t.phase._tag !== "Rcpt" || aboutOf(code, "RCPT", null) === "session";
  const over = undecidedYet(t.mail.to.map(() => verdict));
  return proves ? [closed, over, { _tag: "Ahead", taken: false }, close] : [closed, over, close];
};
