/** What a reply means for a recipient: class, status for reports, text for people. Sends nothing. */
import { aboutOf, type Asked } from "./meaning.ts";
import type { ServerReply } from "./reply_reader.ts";

export interface Verdict {
  /** `later`: goes into the next transaction. RFC 5321 §4.5.3.1.10 */
  readonly kind: "accepted" | "later" | "temporary" | "permanent";
  /** Class, subject and detail; taken from the reply where its class fits. RFC 3463 §2 */
  readonly status: string;
  /** Printable ASCII on one line, at most 500 characters. */
  readonly text: string;
  /** Whether the words are the peer's own rather than ours. RFC 3464 §2.3.6 */
  readonly remote: boolean;
}

const MAX_TEXT = 500;
const ENHANCED = /^([245])\.(\d{1,3})\.(\d{1,3})(?: |$)/;

/** The enhanced code at the start of a reply, where its class fits the basic code. RFC 2034 §4 */
const enhanced = (reply: ServerReply): string | null => {
  const m = ENHANCED.exec(reply.lines[0]);
  return m !== null && Number(m[1]) === Math.trunc(reply.code / 100)
    ? `${m[1]}.${Number(m[2])}.${Number(m[3])}`
    : null;
};

/** Subject and detail for hops without ENHANCEDSTATUSCODES. RFC 2034, RFC 3463 §3, RFC 5248 §2.4 */
const derived = (code: number, asked: Asked): string => {
  switch (code) {
    case 421:
      return "3.2";
    case 432:
    case 454:
    case 534:
    case 535:
    case 538:
      return asked === "STARTTLS" ? "7.0" : "7.8";
    case 450:
      return "2.0";
    case 451:
      return "3.0";
    case 452:
      return asked === "RCPT" ? "5.3" : "3.1";
    case 530:
      return "7.0";
    case 521:
      return "3.2";
    case 550:
      return asked === "RCPT" ? "1.1" : asked === "MAIL" ? "1.0" : "0.0";
    case 551:
      return "1.6";
    case 552:
      return asked === "RCPT" ? "2.2" : "3.4";
    case 553:
      return asked === "MAIL" ? "1.7" : "1.3";
    case 555:
      return "5.4";
    case 556:
      return "1.10";
  }
  const second = Math.trunc(code / 10) % 10;
  return second === 0 ? "5.0" : second === 2 ? "4.0" : "0.0";
};

/** One line of at most 500 characters: code, then the text, the enhanced code said once. */
const words = (reply: ServerReply): string => {
  const tail = reply.lines.slice(1).map((l) => l.replace(ENHANCED, ""));
  const text = [reply.lines[0], ...tail].map((l) => l.trim()).filter((l) => l !== "").join(" ");
  return `${reply.code} ${text}`.trimEnd().slice(0, MAX_TEXT);
};

/** 452, or 552 where it does not mean a full mailbox. RFC 5321 §4.5.3.1.10, RFC 3463 §3.3 */
const tooMany = (reply: ServerReply): boolean =>
  (reply.code === 452 || reply.code === 552) &&
  (enhanced(reply) === null || enhanced(reply)?.endsWith(".5.3") === true);

/** The status of what waits for an operator, since the next hop does not take our login or wants one. RFC 4954 §6 */
export const LOGIN_REFUSED = "4.7.8";

/**
 * Judges by the first digit, so that a code nobody knows still means something. RFC 5321 §4.2.1
 *
 * A 3yz is no answer to anything but DATA and AUTH, which do not ask here: it counts as 4yz. What is about the session
 * is no verdict on anybody, and temporary.
 */
export const judge = (reply: ServerReply, asked: Asked): Verdict => {
  const plain = byDigit(reply, asked);
  if (plain.kind === "accepted") return plain;
  switch (aboutOf(reply.code, asked, enhanced(reply))) {
    case "message":
      return plain;
    case "session":
      return softened(plain);
    case "login":
      return { ...softened(plain), status: LOGIN_REFUSED };
  }
};

const byDigit = (reply: ServerReply, asked: Asked): Verdict => {
  const first = Math.trunc(reply.code / 100);
  const kind = first === 2
    ? "accepted"
    : first === 5 && !(asked === "RCPT" && tooMany(reply))
    ? "permanent"
    : asked === "RCPT" && tooMany(reply)
    ? "later"
    : "temporary";
  const digit = kind === "accepted" ? 2 : kind === "permanent" ? 5 : 4;
  const said = enhanced(reply);
  const status = said !== null && said.startsWith(`${digit}`)
    ? said
    : kind === "later"
    ? "4.5.3"
    : kind === "accepted"
    ? "2.0.0"
    : first === 3
    ? "4.5.0"
    : `${digit}.${derived(reply.code, asked)}`;
  return { kind, status, text: words(reply), remote: true };
};

/** The same words, but nothing permanent comes of them: for what another host or day may mend. */
export const softened = (v: Verdict): Verdict =>
  v.kind === "temporary" ? v : { ...v, kind: "temporary", status: `4${v.status.slice(1)}` };

/** A verdict of our own. */
export const ours = (kind: "temporary" | "permanent", status: string, text: string): Verdict => ({
  kind,
  status,
  text,
  remote: false,
});

/** RFC 5321 §3.8: the connection went before the final reply; try again. */
export const LOST = ours("temporary", "4.4.2", "Connection lost");
export const TIMED_OUT = ours("temporary", "4.4.2", "Server did not answer in time");
export const NOT_SMTP = ours("temporary", "4.5.0", "Server sent something that is no SMTP reply");
