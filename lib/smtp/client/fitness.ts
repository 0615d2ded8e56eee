/**
 * What a message, or one of its recipients, needs and a hop does not offer. Each is a permanent failure: the hop
 * will not offer it tomorrow either. RFC 6531 §3.2, RFC 2852 §4.1, RFC 7293 §5.2, RFC 8689 §4.2.1
 */
import { isAscii } from "../../address/domain.ts";
import type { Mail, Ready } from "./state.ts";
import { ours, type Verdict } from "./verdict.ts";

const no = (status: string, text: string): Verdict => ours("permanent", status, text);

const TOO_BIG = no("5.3.4", "Message is larger than the next hop takes");
const NEEDS_8BIT = no("5.6.3", "Next hop takes no 8-bit content");
const NEEDS_BINARY = no("5.6.3", "Next hop takes no binary content");
const UTF8_ADDRESS = no("5.6.7", "Next hop takes no internationalised addresses");
const UTF8_HEADER = no("5.6.9", "Next hop takes no internationalised header");
const NEEDS_TLS = no(
  "5.7.10",
  "Message requires TLS, and the next hop's is not there or not verified",
);
const NEEDS_REQUIRETLS = no(
  "5.7.30",
  "Message requires TLS on all its way, which the next hop does not promise",
);
const TOO_LATE = no("5.4.7", "The time by which the message was to be delivered has passed");
const NEEDS_DELIVERBY = no(
  "5.4.7",
  "Next hop does not promise delivery by the time that was asked for",
);
const NEEDS_RRVS = no(
  "5.7.19",
  "Next hop cannot tell whether the mailbox still has the owner that it was written to",
);

/** Why the message cannot go to this hop at all; null where it can. */
export const unfit = (mail: Mail, { offer, session }: Ready): Verdict | null => {
  // RFC 1870 §6.2: no use in sending what is known to be too big
  if (offer.maxSize !== null && mail.size > offer.maxSize) return TOO_BIG;
  // RFC 6152 §3: never sent raw
  if (mail.eightBit && !offer.eightBitMime) return NEEDS_8BIT;
  if (mail.utf8 !== "none" && !offer.smtpUtf8) { // RFC 6531 §3.2
    if (mail.utf8 === "header") return UTF8_HEADER;
    if (!isAscii(mail.from)) return UTF8_ADDRESS;
  }
  const { wishes } = mail;
  if (wishes === undefined) return null;
  if (wishes.binary === true && !(offer.chunking && offer.binaryMime)) return NEEDS_BINARY;
  if (wishes.requireTls === "must") {
    if (session.tls !== "verified") return NEEDS_TLS;
    if (!offer.requireTls) return NEEDS_REQUIRETLS;
  }
  if (wishes.by?.mode === "R") {
    if (wishes.by.seconds <= 0) return TOO_LATE;
    if (offer.deliverBy === null || wishes.by.seconds < offer.deliverBy) return NEEDS_DELIVERBY;
  }
  return null;
};

/** Mailboxes that belong to an office, not to a person. RFC 7293 §5.1, RFC 2142 */
const ROLE = /^(?:postmaster|abuse|noc|security|hostmaster|webmaster|mailer-daemon)@/i;

/** Why one recipient cannot be named to this hop; null where it can. */
export const unfitRecipient = (mail: Mail, index: number, { offer }: Ready): Verdict | null => {
  const address = mail.to[index] ?? "";
  if (mail.utf8 === "address" && !offer.smtpUtf8 && !isAscii(address)) return UTF8_ADDRESS;
  const rrvs = mail.wishes?.recipients?.[index]?.rrvs;
  return rrvs?.otherwise === "R" && !offer.rrvs && !ROLE.test(address) ? NEEDS_RRVS : null;
};
