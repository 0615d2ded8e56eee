/**
 * Encodes the parts of a body that a survey found unfit, and labels them. RFC 6152 §3, RFC 2045 §6
 *
 * The second of two passes: takes the same octets again, in chunks, and yields the output. Parts that need no
 * encoding are unchanged. Bounded memory.
 */
import { append, first } from "../edit.ts";
import type { Header } from "../header.ts";
import {
  composite,
  type Entity,
  partFields,
  readParameterized,
  relabelled,
} from "./mime_entity.ts";
import type { BodyLimits, BodyPlan, Fate } from "./mime_survey.ts";
import { MimeWalker, type Place, type Visitor } from "./mime_walk.ts";
import { foldedPart, longLined, unclear } from "./part_header.ts";
import { octetsOf } from "../text.ts";
import { encoderOf, type TransferEncoder } from "./transfer_encoding.ts";
import { makeField, printHeader } from "../write.ts";

/** What a transfer encoding that is none may be called where the hop takes less. RFC 2045 §6.2 */
const label = (header: Header, limits: BodyLimits): string | null => {
  const field = header.fields.find((f) => f.key === "content-transfer-encoding");
  if (field === undefined) return null;
  const said = readParameterized(field.raw.slice(field.valueAt)).value.toLowerCase();
  if (said === "binary" && !limits.binary) return limits.eightBit ? "8bit" : "7bit";
  return said === "8bit" && !limits.eightBit ? "7bit" : null;
};

/** A header that says what becomes of the body behind it; the same one where nothing does. */
const labelled = (header: Header, entity: Entity, next: Fate, limits: BodyLimits): Header => {
  const encoded = !composite(entity) && next !== "keep";
  const value = encoded ? next : label(header, limits);
  return value === null ? header : relabelled(header, value);
};

/** The header of the message whose body is encoded by `plan`; RFC 2045 §4 asks for MIME-Version. */
export const encodedHeader = (header: Header, root: Entity, plan: BodyPlan): Header => {
  const changed = labelled(header, root, plan.fates[0] ?? "keep", plan.limits);
  return changed === header || first(changed, "mime-version") !== null
    ? changed
    : append(changed, makeField("MIME-Version", "1.0"));
};

/** The header of a part as it leaves. */
export type PartHeader = (raw: string, place: Place) => string;

export class BodyEncoder {
  readonly #plan: BodyPlan;
  readonly #walker: MimeWalker;
  readonly #partHeader: PartHeader;
  #index = 0;
  #encoder: TransferEncoder | null = null;
  #out: Array<Uint8Array> = [];

  /** `root` as for the survey; `partHeader` may rewrite the header of a part, one char per octet. */
  constructor(root: Entity, plan: BodyPlan, partHeader: PartHeader = (raw) => raw) {
    this.#plan = plan;
    this.#partHeader = partHeader;
    const visitor: Visitor = {
      header: (raw, entity, place) => this.#out.push(octetsOf(this.#header(raw, entity, place))),
      begin: () => this.#begin(),
      octets: (octets) => this.#out.push(this.#encoder?.push(octets) ?? octets),
      end: (delimited) => {
        if (this.#encoder !== null) this.#out.push(this.#encoder.end(delimited));
      },
      delimiter: (octets) => this.#out.push(octets),
    };
    this.#walker = new MimeWalker(root, visitor);
  }

  /** The octets that leave for this chunk. */
  push(chunk: Uint8Array): ReadonlyArray<Uint8Array> {
    this.#walker.push(chunk);
    return this.#taken();
  }

  /** What is left. */
  end(): ReadonlyArray<Uint8Array> {
    this.#walker.end();
    return this.#taken();
  }

  #taken(): ReadonlyArray<Uint8Array> {
    const out = this.#out.filter((o) => o.length > 0);
    this.#out = [];
    return out;
  }

  #begin(): void {
    const fate = this.#plan.fates[this.#index++] ?? "keep";
    this.#encoder = fate === "keep" ? null : encoderOf(fate);
  }

  #header(raw: string, entity: Entity, place: Place): string {
    const { fates, limits, folds, misled } = this.#plan;
    const header = { fields: partFields(raw) };
    const changed = labelled(header, entity, fates[this.#index] ?? "keep", limits);
    // untouched headers keep every octet, well formed or not
    const ended = raw === "\r\n" || raw.endsWith("\r\n\r\n");
    const labelledRaw = changed === header || misled || unclear(raw)
      ? raw
      : printHeader(changed) + (ended ? "\r\n" : "");
    const fits = folds && longLined(labelledRaw) ? foldedPart(labelledRaw) : null;
    return this.#partHeader(fits ?? labelledRaw, place);
  }
}
