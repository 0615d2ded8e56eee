/**
 * Finds the parts of a body that must be encoded for a hop that does not take them as they are. RFC 6152 §3, RFC
 * 3030 §3
 *
 * The first of two passes: a part's header precedes its octets, so that its contents are known only at the end.
 * `mime_encode.ts` makes the second. Changes nothing, keeps one word a part.
 */
import { isAscii } from "../../address/domain.ts";
import { type Entity, misleading } from "./mime_entity.ts";
import { binaryHeader, foldedPart, longLined, unclear } from "./part_header.ts";
import { type Area, MimeWalker, type Place, type Visitor, type WalkFault } from "./mime_walk.ts";
import type { TransferEncoding } from "./transfer_encoding.ts";

/** What may be in a body that leaves. */
export interface BodyLimits {
  /** Octets above 0x7f. RFC 6152 §2 */
  readonly eightBit: boolean;
  /** NUL, CR and LF alone, lines over 998 octets. RFC 3030 §3 */
  readonly binary: boolean;
}

/** What becomes of an area. */
export type Fate = "keep" | TransferEncoding;

export interface BodyPlan {
  readonly limits: BodyLimits;
  /** By area, in the order of the walk. */
  readonly fates: ReadonlyArray<Fate>;
  /** Anything but "keep" is among them, or the header of a part is folded. */
  readonly changes: boolean;
  /** Programs may see other parts than we do: no header of a part may be touched either. */
  readonly misled: boolean;
  /** The header of a part or of a nested message has lines over 998 octets, which can be folded. */
  readonly folds: boolean;
  /** The header of a part or of a nested message holds octets above 0x7f. RFC 6532 §3 */
  readonly eightBitHeader: boolean;
}

/** Why a body cannot be made to fit. */
export type BodyFault =
  | WalkFault
  /** What must be encoded lies in multipart/signed or multipart/encrypted. RFC 1847 §2.1 */
  | "signed part"
  /** It is encoded already, yet holds what its encoding cannot. RFC 2045 §6.4 */
  | "nested encoding"
  /** A type that may not be encoded. RFC 2045 §6.4, RFC 2046 §5.2 */
  | "composite part"
  /** Text before, between or behind the parts, which no header could label. RFC 2046 §5.1.1 */
  | "text around parts"
  /** A part's header has a line that cannot be folded, or octets that no line may hold. RFC 5322 §2.1.1 */
  | "part header line"
  /** A part must be encoded, and programs may read its header differently. */
  | "unclear part header";

/** In what way an area breaks the limits. */
interface Tally {
  octets: number;
  eightBit: number;
  /** Octets besides that quoted-printable would have to spell out. */
  odd: number;
  bare: boolean;
  line: number;
  longest: number;
  cr: boolean;
}

const CR = 0x0d, LF = 0x0a, EQUALS = 0x3d, TAB = 0x09;
const MAX_LINE = 998;

const empty = (): Tally => ({
  octets: 0,
  eightBit: 0,
  odd: 0,
  bare: false,
  line: 0,
  longest: 0,
  cr: false,
});

const lineDone = (t: Tally): void => {
  if (t.line > t.longest) t.longest = t.line;
  t.line = 0;
};

const count = (t: Tally, octets: Uint8Array): void => {
  t.octets += octets.length;
  for (let i = 0; i < octets.length; i++) {
    const c = octets[i]!;
    if (t.cr) {
      t.cr = false;
      if (c === LF) {
        lineDone(t);
        continue;
      }
      t.bare = true;
    }
    if (c === CR) t.cr = true;
    else {
      t.line++;
      if (c > 0x7f) t.eightBit++;
      else if (c === 0 || c === LF) t.bare = true;
      else if (c === EQUALS || c === 0x7f || (c < 0x20 && c !== TAB)) t.odd++;
    }
  }
};

export class BodySurvey {
  readonly #limits: BodyLimits;
  readonly #walker: MimeWalker;
  readonly #fates: Array<Fate> = [];
  #tally = empty();
  #area: Area = "leaf";
  #entity: Entity;
  #place: Place = { sealed: false, nested: false };
  #eightBitHeader = false;
  #folds = false;
  #unclear: boolean;
  /** Programs may see other parts than we do. */
  #misled: boolean;
  #fault: BodyFault | null = null;

  /** `root`: what the message's header says. */
  constructor(root: Entity, limits: BodyLimits) {
    this.#limits = limits;
    this.#entity = root;
    this.#unclear = !root.clear;
    this.#misled = misleading(root, root.type);
    const visitor: Visitor = {
      header: (raw, entity, place) => this.#judgeHeader(raw, entity, place),
      begin: (area, entity, place) => {
        this.#tally = empty();
        this.#area = area;
        this.#entity = entity;
        this.#place = place;
      },
      octets: (octets) => count(this.#tally, octets),
      end: () => this.#judge(),
      delimiter: () => {},
    };
    this.#walker = new MimeWalker(root, visitor);
  }

  push(chunk: Uint8Array): void {
    this.#walker.push(chunk);
  }

  /** The plan, or why there can be none. Call once, behind the last chunk. */
  end(): BodyPlan | BodyFault {
    this.#walker.end();
    const fault = this.#walker.fault ?? this.#fault;
    if (fault !== null) return fault;
    const changes = this.#folds || this.#fates.some((f) => f !== "keep");
    const misled = this.#misled || this.#walker.mistakable;
    if (changes && misled) return "unclear part header";
    return {
      limits: this.#limits,
      fates: this.#fates,
      changes,
      misled,
      folds: this.#folds,
      eightBitHeader: this.#eightBitHeader,
    };
  }

  #judgeHeader(raw: string, entity: Entity, place: Place): void {
    this.#unclear = !entity.clear || unclear(raw);
    if (misleading(entity, raw)) this.#misled = true;
    if (!isAscii(raw)) this.#eightBitHeader = true;
    if (this.#limits.binary) return;
    if (binaryHeader(raw)) this.#fault ??= "part header line";
    else if (longLined(raw)) {
      if (place.sealed) this.#fault ??= "signed part";
      else if (foldedPart(raw) === null) this.#fault ??= "part header line";
      else this.#folds = true;
    }
  }

  #judge(): void {
    const t = this.#tally;
    if (t.cr) t.bare = true;
    lineDone(t);
    const fits = (this.#limits.eightBit || t.eightBit === 0) &&
      (this.#limits.binary || (!t.bare && t.longest <= MAX_LINE));
    if (fits) this.#fates.push("keep");
    else if (this.#place.sealed) this.#fault ??= "signed part";
    else if (this.#area === "around") this.#fault ??= "text around parts";
    else if (this.#entity.encoding === "other") this.#fault ??= "nested encoding";
    else if (!encodable(this.#entity.type)) this.#fault ??= "composite part";
    else if (this.#unclear) this.#fault ??= "unclear part header";
    else this.#fates.push(encodingFor(this.#entity.type, t));
  }
}

/** RFC 2046 §5.2; the `global` types may be encoded. RFC 6532 §3.7, RFC 6533 §4 */
const encodable = (type: string): boolean =>
  !type.startsWith("multipart/") &&
  (!type.startsWith("message/") || type.startsWith("message/global"));

/** A little text is quoted whatever it holds: it stays readable. */
const LITTLE = 300;

/** Text that stays readable is quoted; what base64 makes shorter, or is no text, goes into base64. RFC 2045 §6.7 */
const encodingFor = (type: string, t: Tally): TransferEncoding =>
  type.startsWith("text/") && 6 * (t.eightBit + t.odd) <= Math.max(t.octets, LITTLE)
    ? "quoted-printable"
    : "base64";
