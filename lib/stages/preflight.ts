/**
 * After the sixth stage: can the next hop take the message? Compares its needs with the hop's last known offer, so
 * that the sender learns now what a bounce would say in an hour. An unknown hop is assumed to take it. RFC 6531
 * §3.5, RFC 6409 §3.2
 *
 * A UTF-8 header that no hop takes is converted to ASCII here, before it is signed. The relay encodes bodies, which
 * it reads again; this stage only decides whether that is allowed.
 */
import { Effect } from "effect";
import { isAscii } from "../address/domain.ts";
import { asciiMailbox } from "../address/mailbox.ts";
import { downgradeHeader } from "../message/downgrade.ts";
import { type Header, isFault } from "../message/header.ts";
import { entityOf } from "../message/mime/mime_entity.ts";
import { HopMemory, type RememberedOffer } from "../ports/hop_memory.ts";
import { hopKey } from "../ports/routes.ts";
import {
  CONTENT_NOT_CONVERTIBLE,
  HOP_TOO_SMALL,
  HOP_WITHOUT_REQUIRETLS,
  HOP_WITHOUT_UTF8,
} from "../reply/catalog.ts";
import type { Reply } from "../reply/reply.ts";
import { shown } from "./facts.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Routed, Stage } from "./submission.ts";
import type { Decision, Facts } from "./trail.ts";

/** What a message asks of its hops beyond the plain. */
interface Needs {
  readonly octets: number;
  readonly eightBit: boolean;
  readonly binary: boolean;
  /** The header holds UTF-8. */
  readonly utf8: boolean;
  readonly requireTls: boolean;
  readonly dsn: boolean;
}

/** Every host takes that much. RFC 5321 §4.5.3.1.7 */
const SMALL = 65_536;

/** Null where any hop will do: most messages, at the cost of a few comparisons. */
const needsOf = (s: Routed): Needs | null => {
  const { envelope, body } = s;
  const octets = s.head.length + body.octets;
  const dsn = envelope.recipients.some((r) => r.notify?.includes("SUCCESS") === true);
  const binary = envelope.body === "BINARYMIME";
  const requireTls = envelope.requireTls === true && envelope.returnPath !== null;
  if (octets <= SMALL && !body.eightBit && !envelope.smtpUtf8 && !binary && !requireTls && !dsn) {
    return null;
  }
  const utf8 = envelope.smtpUtf8 && s.header.fields.some((f) => !isAscii(f.raw));
  return { octets, eightBit: body.eightBit, binary, utf8, requireTls, dsn };
};

/** A hop of this message that is known. */
interface Known {
  readonly hop: string;
  readonly offer: RememberedOffer;
  /** An address that goes there has a local part in UTF-8. */
  readonly utf8Address: boolean;
}

/** Why a message cannot go to a hop; null where it can. */
interface No {
  readonly rule: string;
  readonly reply: Reply;
}

const objection = (s: Routed, n: Needs, k: Known): No | null => {
  const { offer } = k;
  if (offer.maxSize !== null && n.octets > offer.maxSize) {
    return { rule: "EXT-SIZE-3", reply: HOP_TOO_SMALL };
  }
  if (n.requireTls && (!offer.tls || !offer.requireTls)) {
    return { rule: "EXT-RTLS-2", reply: HOP_WITHOUT_REQUIRETLS };
  }
  if (k.utf8Address && !offer.smtpUtf8) return { rule: "EXT-UTF-3", reply: HOP_WITHOUT_UTF8 };
  if (n.utf8 && !offer.smtpUtf8 && inAscii(s) === null) {
    return { rule: "EXT-UTF-3", reply: HOP_WITHOUT_UTF8 };
  }
  const encode = (n.eightBit && !offer.eightBitMime) || (n.binary && !offer.binary);
  return encode && !mayBeEncoded(s) ? { rule: "EXT-8B-2", reply: CONTENT_NOT_CONVERTIBLE } : null;
};

/** The header in ASCII; null where it has no such form, or a signature covers what would change. RFC 6376 §3.5 */
const inAscii = (s: Routed): Header | null => {
  if (s.header.fields.some((f) => !isAscii(f.raw) && s.fields.signed.has(f.key))) return null;
  const made = downgradeHeader(s.header);
  return isFault(made) ? null : made;
};

/** As far as the header shows: not what is signed or encrypted, nor what is encoded already. RFC 6152 §3 */
const mayBeEncoded = (s: Routed): boolean => {
  const { type, encoding } = entityOf(s.header.fields);
  return s.fields.signed.size === 0 && encoding === "identity" &&
    type !== "multipart/signed" && type !== "multipart/encrypted";
};

/** Refused where a hop that is known cannot take it: 552 5.3.4, 550 5.7.10, 554 5.6.9, 554 5.6.3. */
export const preflight: Stage<Routed, Routed, Refusal> = Effect.fnUntraced(function* (s: Routed) {
  const needs = needsOf(s);
  if (needs === null) return s;
  const memory = yield* HopMemory;
  const hops = new Map<string, Known>();
  for (const { mailbox, route } of s.routed) {
    const hop = hopKey(route.hop);
    const before = hops.get(hop);
    const offer = before?.offer ?? memory.recall(hop);
    if (offer === null) continue;
    const utf8Address = (before?.utf8Address ?? !returnable(s)) || !asciiMailbox(mailbox);
    hops.set(hop, { hop, offer, utf8Address });
  }
  if (hops.size === 0) return s;
  for (const known of hops.values()) {
    const no = objection(s, needs, known);
    if (no === null) continue;
    return yield* refusal(s.trail, "preflight", no.rule, no.reply, factsOf(known));
  }
  return prepared(s, needs, [...hops.values()]);
});

const returnable = ({ envelope: { returnPath } }: Routed): boolean =>
  returnPath === null || asciiMailbox(returnPath);

const factsOf = ({ hop, offer }: Known): Facts => ({
  hop: shown(hop),
  offered: [
    ...offer.eightBitMime ? ["8BITMIME"] : [],
    ...offer.smtpUtf8 ? ["SMTPUTF8"] : [],
    ...offer.maxSize === null ? [] : [`SIZE ${offer.maxSize}`],
    ...offer.dsn ? ["DSN"] : [],
    ...offer.requireTls ? ["REQUIRETLS"] : [],
  ],
});

/** The number of hops that a reply lists. */
const MAX_TOLD = 10;

/** It can go everywhere: what is changed now, and what the relay will have to do. */
const prepared = (s: Routed, n: Needs, known: ReadonlyArray<Known>): Routed => {
  const decisions: Array<Decision> = [];
  const note = (verdict: "pass" | "changed", rule: string, k: Known, does: string) =>
    decisions.push({ stage: "preflight", verdict, rule, facts: { ...factsOf(k), does } });
  let header = s.header;
  const plain = known.filter((k) => n.utf8 && !k.offer.smtpUtf8);
  const every = new Set(s.routed.map((r) => hopKey(r.route.hop))).size;
  if (plain[0] !== undefined) {
    // where another hop takes UTF-8, that one gets it
    const now = plain.length === every ? inAscii(s) : null;
    if (now !== null) header = now;
    note(
      now === null ? "pass" : "changed",
      "EXT-UTF-7",
      plain[0],
      now === null ? "the header will go there in ASCII" : "the header is said in ASCII",
    );
  }
  for (const k of known.slice(0, MAX_TOLD)) {
    if ((n.eightBit && !k.offer.eightBitMime) || (n.binary && !k.offer.binary)) {
      note("pass", "EXT-8B-2", k, "the body will be encoded");
    }
    if (n.dsn && !k.offer.dsn) note("pass", "EXT-DSN-3", k, "success is reported as relayed");
  }
  return decisions.length === 0 ? s : { ...s, header, trail: [...s.trail, ...decisions] };
};
