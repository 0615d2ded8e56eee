/**
 * Converts a message for a hop that does not take it as it is: bodies are encoded, headers written in ASCII. RFC
 * 6152 §3, RFC 3030 §3, RFC 6409 §6.5
 *
 * Reads the content twice, or three times if it is large: the needs of a part are known only after its header, and
 * SIZE comes before everything. Holds little more than a header. Signed parts are not changed.
 */
import { isAscii } from "../../address/domain.ts";
import { downgradeHeader, downgradePart } from "../../message/downgrade.ts";
import { type Header, isFault } from "../../message/header.ts";
import { BodyEncoder, encodedHeader } from "../../message/mime/mime_encode.ts";
import { type Entity, entityOf, partFields } from "../../message/mime/mime_entity.ts";
import {
  type BodyFault,
  type BodyLimits,
  type BodyPlan,
  BodySurvey,
} from "../../message/mime/mime_survey.ts";
import { signedNames } from "../../message/signed_names.ts";
import { latin1, octetsOf } from "../../message/text.ts";
import { printHeader } from "../../message/write.ts";
import type { Delivery } from "../../ports/spool.ts";
import type { Offer } from "../../smtp/client/offer.ts";
import { ours, type Verdict } from "../../smtp/client/verdict.ts";

export interface Converted {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly size: number;
  /** The body still holds octets above 0x7f. */
  readonly eightBit: boolean;
}

/** The body holds what this hop does not take. `Delivery.eightBit` is about the body alone. */
export const bodyMisfits = ({ envelope, eightBit }: Delivery, offer: Offer): boolean =>
  (eightBit && !offer.eightBitMime) ||
  (envelope.body === "BINARYMIME" && !takesBinary(offer));

export const takesBinary = (offer: Offer): boolean => offer.chunking && offer.binaryMime;

/** Headers of parts are in the body. RFC 6532 §3 */
export const headerMisfits = (
  { envelope, eightBit }: Delivery,
  offer: Offer,
  eightBitHeader: boolean,
): boolean => envelope.smtpUtf8 && !offer.smtpUtf8 && (eightBitHeader || eightBit);

type Content = () => Promise<AsyncIterable<Uint8Array>>;

const no = (status: string, text: string): Verdict => ours("permanent", status, text);

const BODY = "Next hop does not take the content as it is, and it cannot be encoded: ";
const SIGNED_BODY = no("5.6.3", `${BODY}a DKIM signature covers it`);
const WHY: Readonly<Record<BodyFault, string>> = {
  "signed part": "it lies in a part that is signed or encrypted",
  "nested encoding": "it is encoded already, and wrongly",
  "composite part": "its type must not be encoded",
  "text around parts": "it stands around the parts, where no encoding can be named",
  "part header line": "the header of a part has a line that cannot be folded",
  "unclear part header": "the header of its part can be read in several ways",
  "too deep": "its parts are nested too deep",
  "too many parts": "it has too many parts",
  "part header too large": "the header of a part is too large",
};
const HEADER = "Next hop takes no internationalised header";
const NO_ASCII_HEADER = no("5.6.9", `${HEADER}, and the message's has no other form`);
const SIGNED_HEADER = no("5.6.9", `${HEADER}, and a DKIM signature covers the message's`);

/** `open` reads the stored content from its beginning. Rejects where the spool fails. */
export const convert = async (
  open: Content,
  delivery: Delivery,
  offer: Offer,
): Promise<Converted | Verdict> => {
  const limits: BodyLimits = {
    eightBit: offer.eightBitMime,
    binary: delivery.envelope.body === "BINARYMIME" && takesBinary(offer),
  };
  const { header, body } = await headed(await open());
  const root = entityOf(header.fields);
  const plan = await surveyed(root, limits, body);
  if (typeof plan === "string") return no("5.6.3", `${BODY}${WHY[plan]}`);
  const partHeaders = plan.eightBitHeader && !offer.smtpUtf8;
  if (partHeaders && plan.misled) return no("5.6.3", `${BODY}${WHY["unclear part header"]}`);
  const made = headerFor(header, root, plan, offer);
  if ("kind" in made) return made;
  if ((plan.changes || partHeaders) && signed(header).size > 0) return SIGNED_BODY;
  const job: Work = { open, made, root, plan, partHeaders };
  return await finished(job, limits.eightBit && delivery.eightBit);
};

const signed = (h: Header): ReadonlySet<string> =>
  signedNames(h.fields.filter((f) => f.key === "dkim-signature"));

/** The header as it leaves; a verdict where it has no such form. */
const headerFor = (h: Header, root: Entity, plan: BodyPlan, offer: Offer): Header | Verdict => {
  const covered = signed(h);
  // a label that promises too much does no harm, a broken signature does
  const labelled = plan.changes || covered.size === 0 ? encodedHeader(h, root, plan) : h;
  if (offer.smtpUtf8) return labelled;
  const made = downgradeHeader(labelled);
  if (isFault(made)) return NO_ASCII_HEADER;
  const touched = h.fields.some((f) => !isAscii(f.raw) && covered.has(f.key));
  return touched ? SIGNED_HEADER : made;
};

interface Work {
  readonly open: Content;
  readonly made: Header;
  readonly root: Entity;
  readonly plan: BodyPlan;
  readonly partHeaders: boolean;
}

/** What is held in memory once it is converted; larger content is converted again as it leaves. */
const HOLD = 131_072;

const finished = async (work: Work, eightBit: boolean): Promise<Converted | Verdict> => {
  const held: Array<Uint8Array> = [];
  let size = 0;
  try {
    for await (const chunk of converted(work)) {
      size += chunk.length;
      if (size <= HOLD) held.push(chunk);
    }
  } catch (e) {
    if (e instanceof NoAsciiPart) return NO_ASCII_HEADER;
    throw e;
  }
  return { chunks: size <= HOLD ? each(held) : converted(work), size, eightBit };
};

class NoAsciiPart extends Error {}

const each = async function* (chunks: ReadonlyArray<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
};

const converted = async function* (work: Work): AsyncGenerator<Uint8Array> {
  const { body } = await headed(await work.open());
  yield octetsOf(`${printHeader(work.made)}\r\n`);
  const encoder = new BodyEncoder(work.root, work.plan, (raw, { sealed }) => {
    if (!work.partHeaders || isAscii(raw)) return raw;
    // RFC 1847 §2.1
    const made = sealed ? null : downgradePart(raw);
    if (made === null) throw new NoAsciiPart();
    return made;
  });
  for await (const chunk of body) yield* encoder.push(chunk);
  yield* encoder.end();
};

const surveyed = async (
  root: Entity,
  limits: BodyLimits,
  body: AsyncIterable<Uint8Array>,
): Promise<BodyPlan | BodyFault> => {
  const survey = new BodySurvey(root, limits);
  for await (const chunk of body) survey.push(chunk);
  return survey.end();
};

/** The header, up to its empty line, and the body behind it. */
const headed = async (
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly header: Header; readonly body: AsyncIterable<Uint8Array> }> => {
  const rest = chunks[Symbol.asyncIterator]();
  let text = "";
  for (;;) {
    const end = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n") + 2;
    if (end !== 1) {
      const body = octetsOf(text.slice(end + 2));
      return { header: { fields: partFields(text.slice(0, end)) }, body: following(body, rest) };
    }
    const next = await rest.next();
    if (next.done === true) {
      return { header: { fields: partFields(text) }, body: following(new Uint8Array(0), rest) };
    }
    text += latin1(next.value);
  }
};

const following = async function* (
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
};
