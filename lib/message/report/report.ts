/**
 * Writes the report to a sender on the outcome of recipients. RFC 3464, RFC 6522
 *
 * Only ASCII octets, except where the whole content is attached unchanged: internationalised text is in its 7-bit
 * form, or encoded (RFC 6533 §3, §4). Decides neither who gets a report nor when.
 */
import { isAscii } from "../../address/domain.ts";
import { asciiMailbox, printMailbox, printMailboxAscii } from "../../address/mailbox.ts";
import { adviceFor } from "./report_advice.ts";
import { deliveryStatus, printDate } from "./report_status.ts";
import { clean, cleanUtf8, fold } from "./report_text.ts";
import type { Action, Report, ReportedRecipient } from "./report_types.ts";
import { encodeUtf8, octetsOf } from "../text.ts";
import { encoderOf, type TransferEncoding } from "../mime/transfer_encoding.ts";

export interface WrittenReport {
  /** With the empty line; one char per octet. */
  readonly head: string;
  readonly body: Uint8Array;
  /** The content went along and holds octets above 0x7f. */
  readonly eightBit: boolean;
}

const encoder = new TextEncoder();

/** Octets as the body of a part, encoded to its end. */
const encoded = (octets: Uint8Array, how: TransferEncoding): Uint8Array => {
  const e = encoderOf(how);
  return joined([e.push(octets), e.end(false)]);
};

const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
};

const WORDS: Readonly<Record<Action, string>> = {
  failed: "Your message could not be delivered to the recipients below, and\r\n" +
    "no further attempt will be made.",
  delayed: "Your message could not be delivered yet to the recipients below.\r\n" +
    "Nothing is lost, and delivery will be tried again: you need not send it again.",
  relayed: "Your message was handed on for the recipients below to a host that\r\n" +
    "does not report success: this may be the last report that you get.",
  expanded: "Your message goes to all for whom the recipients below stand. This is\r\n" +
    "the last report of success that you get.",
  delivered: "Your message was delivered to the recipients below.",
};
const ACTIONS: ReadonlyArray<Action> = ["failed", "delayed", "relayed", "expanded", "delivered"];

const of = (r: Report, action: Action): ReadonlyArray<ReportedRecipient> =>
  r.recipients.filter((x) => (x.action ?? "failed") === action);

/** Whose words they are, the words, and what can be done. */
const listed = (x: ReportedRecipient): string => {
  const words = fold(
    `<${cleanUtf8(x.address)}>:`,
    x.remote === null ? clean(x.reply) : `${clean(x.remote)} said: ${clean(x.reply)}`,
  );
  return (x.action ?? "failed") === "failed" ? words + fold("   ", adviceFor(x.status)) : words;
};

const explanation = (r: Report): Uint8Array => {
  const attached = r.content === undefined ? "The header of your message is" : "Your message is";
  let out = `This is the mail system at ${r.hostname}.\r\n${attached} attached.\r\n\r\n`;
  for (const action of ACTIONS) {
    const some = of(r, action);
    if (some.length === 0) continue;
    out += `${WORDS[action]}\r\n\r\n${some.map(listed).join("")}\r\n`;
  }
  // people read addresses in characters, whatever programs are told. RFC 6533 §3
  return isAscii(out)
    ? encoder.encode(`Content-Type: text/plain; charset=us-ascii\r\n\r\n${out}`)
    : joined([
      encoder.encode(
        "Content-Type: text/plain; charset=utf-8\r\n" +
          "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
      ),
      encoded(encoder.encode(out), "quoted-printable"),
    ]);
};

/** RFC 3464 §2.1; in UTF-8 it is of another type, and encoded. RFC 6533 §3 */
const machineReadable = (r: Report): Uint8Array => {
  const status = deliveryStatus(r);
  if (r.utf8 !== true || isAscii(status)) {
    return encoder.encode(`Content-Type: message/delivery-status\r\n\r\n${status}`);
  }
  return joined([
    encoder.encode(
      "Content-Type: message/global-delivery-status\r\n" +
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
    ),
    encoded(encoder.encode(status), "quoted-printable"),
  ]);
};

/** RFC 6522 §4, RFC 6533 §4 */
const originalHeader = (head: string): Uint8Array => {
  const fields = head.endsWith("\r\n\r\n") ? head.slice(0, -2) : head;
  return isAscii(fields)
    ? encoder.encode(`Content-Type: text/rfc822-headers\r\n\r\n${fields}`)
    : joined([
      encoder.encode(
        "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n",
      ),
      encoded(octetsOf(fields), "base64"),
    ]);
};

const isEightBit = (octets: Uint8Array): boolean => octets.some((o) => o > 0x7f);

/** RFC 3461 §6.2; one with a header in UTF-8 is encoded. RFC 6533 §4 */
const originalContent = (content: Uint8Array, head: string | null): Uint8Array => {
  if (head !== null && !isAscii(head)) {
    const type = "Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    return joined([encoder.encode(type), encoded(content, "base64")]);
  }
  const label = isEightBit(content) ? "Content-Transfer-Encoding: 8bit\r\n" : "";
  return joined([encoder.encode(`Content-Type: message/rfc822\r\n${label}\r\n`), content]);
};

const SUBJECT: Readonly<Record<Action, string>> = {
  failed: "Undelivered mail: your message did not reach all its recipients",
  delayed: "Delayed mail: your message has not reached all its recipients yet",
  relayed: "Relayed mail: your message was handed on",
  expanded: "Expanded mail: your message goes to all for whom its recipient stands",
  delivered: "Delivered mail: your message has arrived",
};

/**
 * One report for recipients to whom something happened together: multipart/report of an explanation, a
 * delivery-status and the message or its header. The caller sends it with a null return path.
 * RFC 3461 §6.1, RFC 3834 §5.2
 */
export const writeReport = (r: Report): WrittenReport => {
  const boundary = `=_${r.unique}`;
  const to = asciiMailbox(r.to) ? printMailboxAscii(r.to) : encodeUtf8(printMailbox(r.to));
  const gravest = ACTIONS.find((a) => of(r, a).length > 0) ?? "failed";
  const head = `Date: ${printDate(r.now)}\r\n` +
    `From: Mail Delivery System <mailer-daemon@${r.hostname}>\r\n` +
    `To: <${to}>\r\n` +
    `Subject: ${SUBJECT[gravest]}\r\n` +
    `Message-ID: <${r.unique}@${r.hostname}>\r\n` +
    "Auto-Submitted: auto-replied\r\n" +
    "MIME-Version: 1.0\r\n" +
    "Content-Type: multipart/report; report-type=delivery-status;\r\n" +
    ` boundary="${boundary}"\r\n\r\n`;
  const parts = [explanation(r), machineReadable(r)];
  if (r.content !== undefined) parts.push(originalContent(r.content, r.original));
  else if (r.original !== null) parts.push(originalHeader(r.original));
  const body = joined([
    ...parts.flatMap((p) => [encoder.encode(`--${boundary}\r\n`), p, encoder.encode("\r\n")]),
    encoder.encode(`--${boundary}--\r\n`),
  ]);
  return { head, body, eightBit: isEightBit(body) };
};
