/** Reads a message from a file, as it would arrive after DATA. */
import { fullyQualified } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Limits } from "../config/config.ts";
import type { BodyFacts } from "../message/mime/body.ts";
import { isFault, parseHeader } from "../message/header.ts";
import { readAddressList } from "../message/mend_addresses.ts";
import { characters } from "../message/parse.ts";
import { DataReader } from "../smtp/syntax/dot.ts";
import type { DataVerdict } from "../smtp/syntax/message_reader.ts";

/** A whole message that was read from octets, in the parts that `Received` is made from. */
export interface MessageFile {
  readonly octets: number;
  readonly verdict: DataVerdict;
  /** As `Received` has them. */
  readonly head: string;
  readonly hasBody: boolean;
  readonly body: BodyFacts;
  /** The body itself, in parts. */
  readonly text: ReadonlyArray<Uint8Array>;
}

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/**
 * Reads a message. A file with plain LF line ends gets CRLF, as mail programs do it; one that has any
 * CRLF is taken as it is, so that a stray LF shows.
 */
export const readMessageFile = (
  file: Uint8Array,
  limits: Pick<Limits, "messageBytes" | "headerBytes">,
): MessageFile => {
  const text = file.includes(CR) ? file : withCrlf(file);
  const reader = new DataReader({
    messageBytes: limits.messageBytes,
    headerBytes: limits.headerBytes,
  });
  const wire = asData(text);
  const used = reader.push(wire);
  // a message that holds an end mark cannot: dots are doubled
  const verdict = reader.done && used === wire.length ? reader.verdict() : "spoiled";
  const head = reader.head();
  return {
    octets: text.length,
    verdict,
    head,
    hasBody: reader.hasBody,
    body: reader.facts(),
    text: reader.takeBody(),
  };
};

const count = (octets: Uint8Array, wanted: number): number => {
  let n = 0;
  for (const c of octets) if (c === wanted) n++;
  return n;
};

const withCrlf = (octets: Uint8Array): Uint8Array => {
  const out = new Uint8Array(octets.length + count(octets, LF));
  let at = 0;
  for (const c of octets) {
    if (c === LF) out[at++] = CR;
    out[at++] = c;
  }
  return out;
};

/** Dots at the start of a line doubled, an end to the last line, the end mark. RFC 5321 §4.5.2 */
const asData = (octets: Uint8Array): Uint8Array => {
  const out = new Uint8Array(octets.length + count(octets, DOT) + 5);
  let at = 0;
  let before = LF;
  for (const c of octets) {
    if (c === DOT && before === LF) out[at++] = DOT;
    out[at++] = c;
    before = c;
  }
  if (at > 0 && before !== LF) out.set([CR, LF], at), at += 2;
  out.set([DOT, CR, LF], at);
  return out.subarray(0, at + 3);
};

/** Whom To, Cc and Bcc name, each once; null where the header cannot be read. RFC 5321 Appendix B */
export const recipientsOf = (m: MessageFile, limits: Limits): ReadonlyArray<Mailbox> | null => {
  const header = parseHeader(m.head, limits, true);
  if (isFault(header)) return null;
  const found = new Map<string, Mailbox>();
  for (const f of header.fields) {
    if (f.key !== "to" && f.key !== "cc" && f.key !== "bcc") continue;
    const { list } = readAddressList(characters(f), limits.addressesPerField);
    if (typeof list === "string") return null;
    for (const mailbox of list.mailboxes) {
      if (!fullyQualified(mailbox.domain)) return null;
      found.set(`${mailbox.local}@${mailbox.domain.text.toLowerCase()}`, mailbox);
    }
  }
  return [...found.values()];
};
