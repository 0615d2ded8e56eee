/**
 * Writes the notice to the owner of a held message: why it waits, and how to release it or call it back. RFC 3834
 * §3
 */
import { type Mailbox, printWire } from "../../address/mailbox.ts";
import { formatDate } from "../date.ts";

export interface HoldNotice {
  /** FQDN of this server. */
  readonly hostname: string;
  readonly to: Mailbox;
  /** Unique text of `[0-9A-Za-z]` for Message-ID. */
  readonly unique: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Queue id of the message that waits. */
  readonly id: string;
  readonly reason: string;
  readonly until: number | null;
  readonly then: "release" | "expire";
  readonly recipients: ReadonlyArray<string>;
  readonly token: string;
}

const MAX_TOLD = 20;

/** Whatever could end a line or is not ASCII becomes `?`. */
const clean = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?");

/** `head` ends with the empty line; all of it is ASCII but for an internationalised address. */
export const writeHoldNotice = (
  n: HoldNotice,
): { readonly head: string; readonly body: string } => {
  const to = printWire(n.to);
  const end = n.until === null
    ? "It waits until it is let go or called back."
    : n.then === "release"
    ? `Unless it is called back, it leaves ${formatDate(n.until, 0)}.`
    : `Unless it is let go, it comes back to you ${formatDate(n.until, 0)}.`;
  const more = n.recipients.length - MAX_TOLD;
  const lines = [
    `This is the mail system at ${n.hostname}.`,
    "",
    `A message of yours was accepted as ${n.id} and waits:`,
    `  ${clean(n.reason).slice(0, 400)}`,
    "",
    "It is for",
    ...n.recipients.slice(0, MAX_TOLD).map((r) => `  ${clean(r)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    "",
    end,
    "",
    "This token lets it go, or calls it back, once. Keep it to yourself:",
    `  ${n.token}`,
    "",
    `  postern queue release ${n.token}`,
    `  postern queue cancel ${n.token}`,
    "",
    "If you did not send it, call it back and change your password.",
  ];
  return {
    head: [
      `From: Mail system <mailer-daemon@${n.hostname}>`,
      `To: ${to}`,
      `Subject: Your message ${n.id} waits`,
      `Date: ${formatDate(n.now, 0)}`,
      `Message-ID: <${n.unique}@${n.hostname}>`,
      "Auto-Submitted: auto-generated",
      "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=us-ascii",
      "",
      "",
    ].join("\r\n"),
    body: lines.map((l) => `${l}\r\n`).join(""),
  };
};
