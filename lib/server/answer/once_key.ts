/**
 * The key that identifies a repeated submission, for a client that lost the final 250: login, envelope, and every
 * octet of the header except the fields that a client writes anew. The spool compares the body. Pure. RFC 5321
 * §4.1.1.4
 */
import { printMailbox } from "../../address/mailbox.ts";
import type { Envelope, Recipient } from "../../envelope/envelope.ts";
import type { Signed } from "../../stages/submission.ts";

export const onceKey = (
  { account, envelope, head }: Pick<Signed, "envelope" | "head"> & {
    readonly account: Pick<Signed["account"], "id">;
  },
): string => `${JSON.stringify([account.id, ...asked(envelope)])}\n${withoutTimes(head)}`;

/**
 * What MAIL and RCPT asked for, in the order of the recipients' names. Not what follows from the time of the command,
 * nor a size that a longer Date changes.
 */
const asked = (e: Envelope): ReadonlyArray<unknown> => {
  const { returnPath, recipients, declaredSize: _size, hold, deliverBy, expanded, ...rest } = e;
  return [
    returnPath === null ? null : printMailbox(returnPath),
    recipients.map(printed).sort(),
    expanded?.map(printed).sort() ?? null,
    hold?.request ?? null,
    deliverBy === undefined ? null : [deliverBy.mode, deliverBy.trace],
    rest,
  ];
};

const printed = ({ mailbox, ...rest }: Recipient): string =>
  `${printMailbox(mailbox)} ${JSON.stringify(rest)}`;

/** Clients write Date anew; each server on the way adds Received. RFC 5322 §3.6.1, §3.6.7 */
const TIMED = /(?:date|received)[ \t]*:/iy;
const BLANK = 0x20, TAB = 0x09;

/** The header section, one char per octet, without the fields that tell when and on which way it came. */
export const withoutTimes = (head: string): string => {
  let kept = "";
  let keep = true;
  for (let at = 0; at < head.length;) {
    const end = head.indexOf("\n", at) + 1 || head.length;
    const first = head.charCodeAt(at);
    // a folded line belongs to the field before it
    if (first !== BLANK && first !== TAB) {
      TIMED.lastIndex = at;
      keep = !TIMED.test(head);
    }
    if (keep) kept += head.slice(at, end);
    at = end;
  }
  return kept;
};
