/**
 * Writes the report that tells a sender of recipients who will not get the message. RFC 3464, RFC 6522
 *
 * Only failures, only ASCII octets: what is internationalised leaves in its 7-bit forms (RFC 6533 §3).
 * Decides neither who gets a report nor when.
 */
import { isAscii } from "../address/domain.ts";
import { asciiMailbox, type Mailbox, printMailbox, printMailboxAscii } from "../address/mailbox.ts";
import { formatDate } from "./date.ts";

export interface ReportedRecipient {
  /** As it was handed over, without angle brackets. */
  readonly address: string;
  /** Enhanced status, class 5, or 4.4.7 for expiry. RFC 3464 §2.3.4 */
  readonly status: string;
  /** What went wrong in words; printable ASCII on one line. */
  readonly reply: string;
  /** The host whose words these are; null where they are our own. RFC 3464 §2.3.5 */
  readonly remote: string | null;
}

export interface FailureReport {
  /** FQDN of this server. */
  readonly hostname: string;
  /** Return path of the failed message. */
  readonly to: Mailbox;
  /** Unique text of `[0-9A-Za-z]` for boundary and Message-ID. */
  readonly unique: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly arrivedAt: number;
  readonly recipients: ReadonlyArray<ReportedRecipient>;
  /** Header of the failed message, one char per octet, with or without the empty line; null: not at hand. */
  readonly original: string | null;
}

export interface WrittenReport {
  /** With the empty line; one char per octet. */
  readonly head: string;
  readonly body: Uint8Array;
}

/** In UTC: a report says nothing of where the server stands. */
const printDate = (ms: number): string => formatDate(ms, 0);

/** Text to "one char per octet". */
const latin1 = (text: string): string =>
  isAscii(text) ? text : Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b))
    .join("");

/** Whatever could end a line or is not ASCII becomes `?`. Words of a peer pass through here. */
const clean = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?");

/** `prefix` and words, folded at blanks below 78 columns where there are blanks. RFC 5322 §2.2.3 */
const fold = (prefix: string, text: string): string => {
  let out = "";
  let line = prefix;
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > 77 && line.trim() !== "") {
      out += `${line}\r\n`;
      line = "";
    }
    line += ` ${word}`;
  }
  return `${out}${line}\r\n`;
};

/** `rfc822;` or, for what is not ASCII, `utf-8;` in its 7-bit form. RFC 3464 §2.3.2, RFC 6533 §3 */
const typedAddress = (address: string): string => {
  if (isAscii(address)) return `rfc822; ${clean(address)}`;
  let out = "utf-8; ";
  for (const c of address) {
    out += /[!-*,-<>-[\]-~]/.test(c) ? c : `\\x{${c.codePointAt(0)!.toString(16).toUpperCase()}}`;
  }
  return out;
};

/** Base64 in lines of 76. RFC 2045 §6.8 */
const base64Lines = (octets: string): string => {
  const all = btoa(octets);
  let out = "";
  for (let i = 0; i < all.length; i += 76) out += `${all.slice(i, i + 76)}\r\n`;
  return out;
};

const explanation = (r: FailureReport): string => {
  const list = r.recipients.map((x) =>
    fold(`<${isAscii(x.address) ? clean(x.address) : typedAddress(x.address)}>:`, clean(x.reply))
  );
  return [
    "Content-Type: text/plain; charset=us-ascii\r\n\r\n",
    `This is the mail system at ${r.hostname}.\r\n\r\n`,
    "Your message could not be delivered to the recipients below, and\r\n",
    "no further attempt will be made. The header of your message is attached.\r\n\r\n",
    ...list,
  ].join("");
};

/** RFC 3464 §2.2, §2.3 */
const machineReadable = (r: FailureReport): string => {
  let out = "Content-Type: message/delivery-status\r\n\r\n" +
    `Reporting-MTA: dns; ${r.hostname}\r\nArrival-Date: ${printDate(r.arrivedAt)}\r\n`;
  for (const x of r.recipients) {
    out += `\r\nFinal-Recipient: ${typedAddress(x.address)}\r\nAction: failed\r\n`;
    out += `Status: ${x.status}\r\n`;
    if (x.remote !== null) {
      out += `Remote-MTA: dns; ${clean(x.remote)}\r\n`;
      out += fold("Diagnostic-Code: smtp;", clean(x.reply));
    }
    out += `Last-Attempt-Date: ${printDate(r.now)}\r\n`;
  }
  return out;
};

/** RFC 6522 §4, RFC 6533 §4 */
const originalHeader = (head: string): string => {
  const fields = head.endsWith("\r\n\r\n") ? head.slice(0, -2) : head;
  return isAscii(fields)
    ? `Content-Type: text/rfc822-headers\r\n\r\n${fields}`
    : "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
      base64Lines(fields);
};

/**
 * One report for recipients who failed together: multipart/report of an explanation, a
 * delivery-status and the header of the message. The caller sends it with a null return path.
 * RFC 3461 §6.1, RFC 3834 §5.2
 */
export const writeFailureReport = (r: FailureReport): WrittenReport => {
  const boundary = `=_${r.unique}`;
  const to = asciiMailbox(r.to) ? printMailboxAscii(r.to) : latin1(printMailbox(r.to));
  const head = `Date: ${printDate(r.now)}\r\n` +
    `From: Mail Delivery System <mailer-daemon@${r.hostname}>\r\n` +
    `To: <${to}>\r\n` +
    "Subject: Undelivered mail: your message did not reach all its recipients\r\n" +
    `Message-ID: <${r.unique}@${r.hostname}>\r\n` +
    "Auto-Submitted: auto-replied\r\n" +
    "MIME-Version: 1.0\r\n" +
    "Content-Type: multipart/report; report-type=delivery-status;\r\n" +
    ` boundary="${boundary}"\r\n\r\n`;
  const parts = [explanation(r), machineReadable(r)];
  if (r.original !== null) parts.push(originalHeader(r.original));
  const body = parts.map((p) => `--${boundary}\r\n${p}\r\n`).join("") + `--${boundary}--\r\n`;
  return { head, body: new TextEncoder().encode(body) };
};
