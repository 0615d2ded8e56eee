/**
 * One mail transaction of the client machine: MAIL, RCPT, DATA, the final replies. RFC 5321 §3.3
 *
 * With PIPELINING all commands leave in one write, after the content of the previous message if there was one (RFC
 * 2920 §3.1); otherwise in lock-step. Every recipient gets a verdict of its own.
 */
import type { ServerReply } from "./reply_reader.ts";
import {
  type Behind,
  close,
  closed,
  type Mail,
  type Output,
  type Phase,
  type Ready,
  send,
  type Step,
  type Transaction,
} from "./state.ts";
import { early, onTrial, outOfStep, refusedAhead, undecidedYet } from "./sent_ahead.ts";
import { unfit, unfitRecipient } from "./fitness.ts";
import { mailParameters, rcptParameters } from "./parameters.ts";
import type { Asked } from "./meaning.ts";
import { judge, ours, softened, TIMED_OUT, type Verdict } from "./verdict.ts";

const NEXT_TIME = ours("temporary", "4.5.3", "Too many recipients for one transaction");
const OUT_OF_STEP = ours("temporary", "4.5.0", "Server answered before the message was sent");
/** For who was taken where the message goes to all or none. */
export const NOT_SENT = ours(
  "temporary",
  "4.5.0",
  "Not sent, since another recipient was not taken",
);

/** Starts it; recipients beyond the server's RCPTMAX are left for later. RFC 9422 §4.3 */
export const begin = (ready: Ready, mail: Mail): Step => {
  const fault = unfit(mail, ready);
  if (fault !== null) return [ready, { _tag: "Finished", verdicts: mail.to.map(() => fault) }];
  const t = transaction(ready, mail);
  // no recipient is left
  if (firstOpen(t.verdicts, 0) < 0) return [ready, finished(t)];
  if (!ready.offer.pipelining) return [t, send(commandOf(t))];
  return [t, send(ready.dirty ? `RSET\r\n${group(t)}` : group(t))];
};

const transaction = (ready: Ready, mail: Mail): Transaction => {
  let room = ready.offer.rcptMax ?? mail.to.length;
  const later: Verdict = { ...NEXT_TIME, kind: "later" };
  const verdicts = mail.to.map((_, i) =>
    unfitRecipient(mail, i, ready) ??
      (mail.later?.has(i) !== true && room-- > 0 ? null : later)
  );
  const phase: Phase = ready.dirty ? { _tag: "Reset" } : { _tag: "Mail" };
  const nothing = { refusal: null, next: null, ahead: null };
  return { _tag: "Transaction", ready, mail, phase, verdicts, ...nothing };
};

/** All commands of a transaction, to leave in one write. */
const group = (t: Transaction): string => {
  let commands = mailCommand(t);
  t.verdicts.forEach((v, i) => {
    if (v === null) commands += rcptCommand(t, i);
  });
  return chunked(t) || undecided(t) ? commands : `${commands}DATA\r\n`;
};

/** DATA waits for the answers to all of RCPT: behind it there would be no good way back. */
const undecided = ({ mail }: Transaction): boolean => mail.whole === true && mail.to.length > 1;

/**
 * The message behind this one. Its commands leave at once where the content is out, else behind the
 * content; where the server knows no PIPELINING, or cannot take it, it begins when this one is over.
 */
export const follow = (t: Transaction, mail: Mail, behind: Behind): Step => {
  if (t.next !== null) return [t];
  const known = { ...t, next: { mail, behind, sent: false } };
  return t.phase._tag === "Final" ? ahead(known) : [known];
};

/** The content is out: the commands of the next message may follow. RFC 2920 §3.1 */
const ahead = (t: Transaction): Step => {
  const { next, ready } = t;
  if (next === null || next.sent || next.behind === "wait") return [t];
  if (!ready.offer.pipelining || unfit(next.mail, ready) !== null) return [t];
  const following = transaction({ ...ready, dirty: false }, next.mail);
  if (firstOpen(following.verdicts, 0) < 0) return [t];
  return [{ ...t, next: { ...next, sent: true } }, send(group(following))];
};

/** RFC 5321 §4.1.1.2 */
const mailCommand = (t: Transaction): string =>
  `MAIL FROM:<${t.mail.from}>${mailParameters(t)}\r\n`;

/** RFC 5321 §4.1.1.3 */
const rcptCommand = ({ mail, ready }: Transaction, index: number): string =>
  `RCPT TO:<${mail.to[index]!}>${rcptParameters(mail, index, ready.offer)}\r\n`;

/** By BDAT, which is written with the content: there is no DATA. RFC 3030 §2 */
const chunked = ({ mail }: Transaction): boolean => mail.wishes?.binary === true;

/** The command whose reply the phase awaits; for lock-step. */
const commandOf = (t: Transaction): string => {
  switch (t.phase._tag) {
    case "Reset":
      return "RSET\r\n";
    case "Mail":
      return mailCommand(t);
    case "Rcpt":
      return rcptCommand(t, t.phase.index);
    default:
      return "DATA\r\n";
  }
};

const ASKED: Readonly<Record<Phase["_tag"], Asked>> = {
  Reset: "RSET",
  Mail: "MAIL",
  Rcpt: "RCPT",
  Data: "DATA",
  Content: "FINAL",
  Final: "FINAL",
  Empty: "FINAL",
};

/** The next reply. 421 ends everything, whatever was asked. RFC 5321 §3.8 */
export const answered = (t: Transaction, reply: ServerReply): Step => {
  const verdict = judge(reply, ASKED[t.phase._tag]);
  if (reply.code === 421) return broken(t, verdict);
  if (outOfStep(t, reply, ASKED[t.phase._tag])) return refusedAhead(t, reply, verdict);
  switch (t.phase._tag) {
    case "Reset":
      return verdict.kind === "accepted"
        ? onward({ ...t, phase: { _tag: "Mail" } })
        : broken(t, softened(verdict));
    case "Mail":
      if (verdict.kind === "accepted") return onward({ ...t, phase: firstRcpt(t) });
      return t.ready.offer.pipelining
        ? [{ ...t, refusal: verdict, phase: firstRcpt(t) }]
        : finish({ ...t, refusal: verdict }, true);
    case "Rcpt":
      return recipient(t, t.phase.index, verdict);
    case "Data":
      return mayWrite(t, reply, verdict);
    case "Content": // the verdict stands where it is a refusal; the link is out of step either way
      return broken(t, verdict.kind === "accepted" ? OUT_OF_STEP : verdict);
    case "Final":
      return final(t, t.phase.index, verdict);
    case "Empty":
      return finish(t, false);
  }
};

/** To the next phase: already on the wire with pipelining, else its command goes out now. */
const onward = (t: Transaction): Step => t.ready.offer.pipelining ? [t] : [t, send(commandOf(t))];

/** The first recipient from `from` on of whom nothing is known; -1 where there is none. */
const firstOpen = (verdicts: Transaction["verdicts"], from: number): number =>
  verdicts.indexOf(null, from);
const firstRcpt = (t: Transaction): Phase => ({ _tag: "Rcpt", index: firstOpen(t.verdicts, 0) });

const accepted = (v: Verdict | null | undefined): boolean => v?.kind === "accepted";
const set = (
  verdicts: Transaction["verdicts"],
  index: number,
  verdict: Verdict,
): Transaction["verdicts"] => verdicts.with(index, verdict);

const recipient = (t: Transaction, index: number, verdict: Verdict): Step => {
  const verdicts = set(t.verdicts, index, verdict);
  const next = firstOpen(verdicts, index + 1);
  const more = next >= 0;
  const now: Transaction = {
    ...t,
    verdicts,
    phase: more ? { _tag: "Rcpt", index: next } : { _tag: "Data" },
  };
  if (!more && undecided(t) && (t.refusal !== null || !verdicts.every(accepted))) {
    const none = verdicts.map((v) => accepted(v) ? NOT_SENT : v);
    return finish({ ...now, verdicts: none }, true);
  }
  if (!more && chunked(t)) {
    return t.refusal === null && verdicts.some(accepted)
      ? [{ ...now, phase: { _tag: "Content" } }, { _tag: "SendContent" }]
      : finish(now, true);
  }
  if (!more && undecided(t)) return [now, send("DATA\r\n")];
  // no recipient, no DATA; with pipelining it is on its way already. RFC 2033 §4.2, RFC 2920 §3.1
  return !more && !now.ready.offer.pipelining && !verdicts.some(accepted)
    ? finish(now, true)
    : onward(now);
};

/** Only a 3yz lets data through. RFC 5321 §3.3 */
const mayWrite = (t: Transaction, reply: ServerReply, verdict: Verdict): Step => {
  const go = reply.code >= 300 && reply.code < 400;
  const wanted = t.refusal === null && t.verdicts.some(accepted);
  if (go && wanted) {
    const shown: ReadonlyArray<Output> = t.ahead === "try" ? [{ _tag: "Ahead", taken: true }] : [];
    return [{ ...t, phase: { _tag: "Content" } }, ...shown, { _tag: "SendContent" }];
  }
  if (go) { // RFC 2920 §3.1; LMTP owes no reply for it, so that the link is of no more use
    return t.ready.session.protocol === "LMTP"
      ? [closed, finished(t), close]
      : [{ ...t, phase: { _tag: "Empty" } }, send(".\r\n")];
  }
  if (verdict.kind === "accepted") return broken(t, OUT_OF_STEP);
  return finish({ ...t, verdicts: t.verdicts.map((v) => accepted(v) ? verdict : v) }, true);
};

export const contentSent = (t: Transaction): Step =>
  t.phase._tag === "Content"
    ? ahead({ ...t, phase: { _tag: "Final", index: t.verdicts.findIndex(accepted) } })
    : [t];

export const contentFailed = (t: Transaction, verdict: Verdict): Step => broken(t, verdict);

const final = (t: Transaction, index: number, verdict: Verdict): Step => {
  if (t.ready.session.protocol === "SMTP") { // RFC 5321 §4.1.1.4: for all of them
    const over = { ...t, verdicts: t.verdicts.map((v) => accepted(v) ? verdict : v) };
    return finish(over, false, verdict.kind === "permanent" && onTrial(t));
  }
  const verdicts = set(t.verdicts, index, verdict);
  const next = verdicts.findIndex((v, i) => i > index && accepted(v));
  const now = { ...t, verdicts };
  return next < 0 ? finish(now, false) : [{ ...now, phase: { _tag: "Final", index: next } }];
};

/**
 * Over; the connection lives, and the next one begins. `dirty`: the server may still hold half a transaction. `again`:
 * what was said of it does not count.
 */
const finish = (t: Transaction, dirty: boolean, again = false): Step => {
  const ready = { ...t.ready, dirty };
  const over = again ? undecidedYet(finished(t).verdicts) : finished(t);
  if (t.next === null) return [ready, over];
  const { mail, sent, behind } = t.next;
  if (sent) {
    const ahead = behind === "try" ? "try" : "go";
    return [{ ...transaction(ready, mail), ahead }, over];
  }
  const [state, ...outputs] = begin(ready, mail);
  return [state, over, ...outputs];
};

const finished = (t: Transaction) =>
  ({
    _tag: "Finished",
    verdicts: t.verdicts.map((v) => t.refusal ?? v ?? OUT_OF_STEP),
  }) as const;

/**
 * The connection ends inside the transaction: what was answered for good stands, every other
 * recipient gets `verdict`. With LMTP the replies that came after the dot count. RFC 2033 §5
 * Where commands were sent ahead, that may be why: then it is sent again on its own.
 */
export const broken = (t: Transaction, verdict: Verdict): Step => {
  const open = t.phase._tag === "Final" && t.ready.session.protocol === "LMTP" ? t.phase.index : 0;
  const verdicts = t.verdicts.map((v, i) =>
    t.refusal ?? (v === null || (accepted(v) && i >= open) ? verdict : v)
  );
  const unheard = t.ahead !== null && early(t);
  const over = unheard ? undecidedYet(verdicts) : { _tag: "Finished", verdicts } as const;
  const gone = onTrial(t) || (unheard && (t.ahead === "try" || verdict === TIMED_OUT));
  return gone ? [closed, over, { _tag: "Ahead", taken: false }, close] : [closed, over, close];
};
