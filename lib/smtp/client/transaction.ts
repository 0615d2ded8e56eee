/**
 * One mail transaction of the client machine: MAIL, RCPT, DATA, the final replies. RFC 5321 §3.3
 *
 * With PIPELINING all commands leave in one write, behind the content of the message before where there was
 * one (RFC 2920 §3.1), else in lock-step. Every recipient gets a verdict of its own.
 */
import type { ServerReply } from "./reply_reader.ts";
import {
  close,
  closed,
  type Mail,
  type Phase,
  type Ready,
  send,
  type Step,
  type Transaction,
} from "./state.ts";
import { type Asked, judge, ours, softened, type Verdict } from "./verdict.ts";

const TOO_BIG = ours("permanent", "5.3.4", "Message is larger than the next hop takes");
const NEEDS_8BIT = ours("permanent", "5.6.3", "Next hop takes no 8-bit content");
const UTF8_ADDRESS = ours("permanent", "5.6.7", "Next hop takes no internationalised addresses");
const UTF8_HEADER = ours("permanent", "5.6.9", "Next hop takes no internationalised header");
const NEXT_TIME = ours("temporary", "4.5.3", "Too many recipients for one transaction");
const OUT_OF_STEP = ours("temporary", "4.5.0", "Server answered before the message was sent");

/** Why the message cannot go to this hop at all; null where it can. */
const unfit = (mail: Mail, ready: Ready): Verdict | null => {
  const { offer } = ready;
  // RFC 1870 §6.2: no use in sending what is known to be too big
  if (offer.maxSize !== null && mail.size > offer.maxSize) return TOO_BIG;
  // RFC 6152 §3: never sent raw
  if (mail.eightBit && !offer.eightBitMime) return NEEDS_8BIT;
  if (mail.utf8 !== "none" && !offer.smtpUtf8) { // RFC 6531 §3.2
    return mail.utf8 === "address" ? UTF8_ADDRESS : UTF8_HEADER;
  }
  return null;
};

/** Starts it; recipients beyond the server's RCPTMAX are left for later. RFC 9422 §4.3 */
export const begin = (ready: Ready, mail: Mail): Step => {
  const fault = unfit(mail, ready);
  if (fault !== null) return [ready, { _tag: "Finished", verdicts: mail.to.map(() => fault) }];
  const t = transaction(ready, mail);
  if (!ready.offer.pipelining) return [t, send(commandOf(t))];
  return [t, send(ready.dirty ? `RSET\r\n${group(t)}` : group(t))];
};

const transaction = (ready: Ready, mail: Mail): Transaction => {
  const max = ready.offer.rcptMax ?? mail.to.length;
  const later: Verdict = { ...NEXT_TIME, kind: "later" };
  const verdicts = mail.to.map((_, i) => i < max ? null : later);
  const phase: Phase = ready.dirty ? { _tag: "Reset" } : { _tag: "Mail" };
  return { _tag: "Transaction", ready, mail, phase, verdicts, refusal: null, next: null };
};

/** All commands of a transaction, to leave in one write. */
const group = (t: Transaction): string => {
  let commands = mailCommand(t);
  t.verdicts.forEach((v, i) => {
    if (v === null) commands += rcptCommand(t.mail, i);
  });
  return `${commands}DATA\r\n`;
};

/**
 * The message behind this one. Its commands leave at once where the content is out, else behind the
 * content; where the server knows no PIPELINING, or cannot take it, it begins when this one is over.
 */
export const follow = (t: Transaction, mail: Mail): Step => {
  if (t.next !== null) return [t];
  const known = { ...t, next: { mail, sent: false } };
  return t.phase._tag === "Final" ? ahead(known) : [known];
};

/** The content is out: the commands of the next message may follow. RFC 2920 §3.1 */
const ahead = (t: Transaction): Step => {
  const { next, ready } = t;
  if (next === null || next.sent || !ready.offer.pipelining || unfit(next.mail, ready) !== null) {
    return [t];
  }
  return [
    { ...t, next: { ...next, sent: true } },
    send(group(transaction({ ...ready, dirty: false }, next.mail))),
  ];
};

/** RFC 5321 §4.1.1.2; `AUTH=<>` towards a hop where we signed in. RFC 4954 §5 */
const mailCommand = ({ mail, ready }: Transaction): string => {
  const { offer, session } = ready;
  let command = `MAIL FROM:<${mail.from}>`;
  if (offer.size) command += ` SIZE=${mail.size}`;
  if (offer.eightBitMime && mail.eightBit) command += " BODY=8BITMIME";
  if (mail.utf8 !== "none") command += " SMTPUTF8";
  if (session.credentials !== null && offer.auth.length > 0) command += " AUTH=<>";
  return `${command}\r\n`;
};

const rcptCommand = (mail: Mail, index: number): string => `RCPT TO:<${mail.to[index]!}>\r\n`;

/** The command whose reply the phase awaits; for lock-step. */
const commandOf = (t: Transaction): string => {
  switch (t.phase._tag) {
    case "Reset":
      return "RSET\r\n";
    case "Mail":
      return mailCommand(t);
    case "Rcpt":
      return rcptCommand(t.mail, t.phase.index);
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
  switch (t.phase._tag) {
    case "Reset":
      return verdict.kind === "accepted"
        ? onward({ ...t, phase: { _tag: "Mail" } })
        : broken(t, softened(verdict));
    case "Mail":
      if (verdict.kind === "accepted") return onward({ ...t, phase: { _tag: "Rcpt", index: 0 } });
      return t.ready.offer.pipelining
        ? [{ ...t, refusal: verdict, phase: { _tag: "Rcpt", index: 0 } }]
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

const accepted = (v: Verdict | null | undefined): boolean => v?.kind === "accepted";
const set = (
  verdicts: Transaction["verdicts"],
  index: number,
  verdict: Verdict,
): Transaction["verdicts"] => verdicts.with(index, verdict);

const recipient = (t: Transaction, index: number, verdict: Verdict): Step => {
  const verdicts = set(t.verdicts, index, verdict);
  const next = index + 1;
  const more = next < verdicts.length && verdicts[next] === null;
  const now: Transaction = {
    ...t,
    verdicts,
    phase: more ? { _tag: "Rcpt", index: next } : { _tag: "Data" },
  };
  // no recipient, no DATA; with pipelining it is on its way already. RFC 2033 §4.2, RFC 2920 §3.1
  return !more && !now.ready.offer.pipelining && !verdicts.some(accepted)
    ? finish(now, true)
    : onward(now);
};

/** Only a 3yz lets data through. RFC 5321 §3.3 */
const mayWrite = (t: Transaction, reply: ServerReply, verdict: Verdict): Step => {
  const go = reply.code >= 300 && reply.code < 400;
  const wanted = t.refusal === null && t.verdicts.some(accepted);
  if (go && wanted) return [{ ...t, phase: { _tag: "Content" } }, { _tag: "SendContent" }];
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
    return finish({ ...t, verdicts: t.verdicts.map((v) => accepted(v) ? verdict : v) }, false);
  }
  const verdicts = set(t.verdicts, index, verdict);
  const next = verdicts.findIndex((v, i) => i > index && accepted(v));
  const now = { ...t, verdicts };
  return next < 0 ? finish(now, false) : [{ ...now, phase: { _tag: "Final", index: next } }];
};

/** Over; the connection lives, and the next one begins. `dirty`: the server may still hold half a transaction. */
const finish = (t: Transaction, dirty: boolean): Step => {
  const ready = { ...t.ready, dirty };
  if (t.next === null) return [ready, finished(t)];
  if (t.next.sent) return [transaction(ready, t.next.mail), finished(t)];
  const [state, ...outputs] = begin(ready, t.next.mail);
  return [state, finished(t), ...outputs];
};

const finished = (t: Transaction) =>
  ({
    _tag: "Finished",
    verdicts: t.verdicts.map((v) => t.refusal ?? v ?? OUT_OF_STEP),
  }) as const;

/**
 * The connection ends inside the transaction: what was answered for good stands, every other
 * recipient gets `verdict`. With LMTP the replies that came after the dot count. RFC 2033 §5
 */
export const broken = (t: Transaction, verdict: Verdict): Step => {
  const open = t.phase._tag === "Final" && t.ready.session.protocol === "LMTP" ? t.phase.index : 0;
  const verdicts = t.verdicts.map((v, i) =>
    t.refusal ?? (v === null || (accepted(v) && i >= open) ? verdict : v)
  );
  return [closed, { _tag: "Finished", verdicts }, close];
};
