/**
 * A message as it arrives: header and body kept apart, limits enforced, and the facts that later stages need
 * gathered on the way. `dot.ts` and `chunk.ts` say where its octets begin and end. RFC 5322 §2.1
 *
 * Opens nothing, stores nothing. What will be refused is not held.
 */
import type { BodyFacts } from "../../message/mime/body.ts";
import { latin1 } from "../../message/text.ts";

export interface DataLimits {
  /** Octets of the whole message, dots unstuffed. */
  readonly messageBytes: number;
  readonly headerBytes: number;
}

/** How the data ended. */
export type DataVerdict = "complete" | "spoiled" | "tooBig" | "headerTooBig";

export const CR = 0x0d;
export const LF = 0x0a;
export const CRLF = new Uint8Array([CR, LF]);
const NOTHING = new Uint8Array(0);

export abstract class MessageReader {
  readonly #limits: DataLimits;
  /** The end has come: of the data, or of one chunk. */
  done = false;
  protected inHeader = true;
  protected lineOctets = 0;
  protected eightBit = false;
  protected spoiled = false;
  /** Octets of the message so far, unstuffed. */
  #octets = 0;
  #headOctets = 0;
  #head: Array<Uint8Array> = [];
  #body: Array<Uint8Array> = [];
  #bodyPending = 0;
  #bodyOctets = 0;
  #longestLine = 0;
  #utf8: TextDecoder | null = null;
  #validUtf8 = true;
  #tooBig = false;
  #headerTooBig = false;

  constructor(limits: DataLimits) {
    this.#limits = limits;
  }

  /** Reads from `chunk`; returns how many of its octets belong to the data. */
  abstract push(chunk: Uint8Array): number;

  /** Octets of body text that wait to be taken. */
  get bodyPending(): number {
    return this.#bodyPending;
  }

  /** Takes the body text read since the last call. The arrays are views of what was pushed. */
  takeBody(): ReadonlyArray<Uint8Array> {
    const out = this.#body;
    this.#body = [];
    this.#bodyPending = 0;
    return out;
  }

  verdict(): DataVerdict {
    if (this.spoiled) return "spoiled";
    if (this.#tooBig) return "tooBig";
    return this.#headerTooBig ? "headerTooBig" : "complete";
  }

  /** The header section, one char per octet, without the empty line. */
  head(): string {
    return this.#head.map(latin1).join("");
  }

  /** Whether the empty line that ends the header came. */
  get hasBody(): boolean {
    return !this.inHeader;
  }

  facts(): BodyFacts {
    if (this.#utf8 !== null) this.#checkUtf8(NOTHING, false);
    return {
      octets: this.#bodyOctets,
      eightBit: this.eightBit,
      validUtf8: this.#validUtf8,
      longestLine: this.#longestLine,
    };
  }

  protected endsHeader(): boolean {
    return this.inHeader && this.lineOctets === 0;
  }

  /** The empty line belongs to neither part, yet counts. */
  protected enterBody(): void {
    this.inHeader = false;
    this.#count(2);
  }

  protected endLine(): void {
    if (!this.inHeader && this.lineOctets > this.#longestLine) this.#longestLine = this.lineOctets;
    this.lineOctets = 0;
  }

  #count(octets: number): void {
    this.#octets += octets;
    if (this.#octets > this.#limits.messageBytes) this.#tooBig = true;
  }

  protected keep(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#count(part.length);
    if (this.inHeader) {
      this.#headOctets += part.length;
      if (this.#headOctets > this.#limits.headerBytes) this.#headerTooBig = true;
    } else this.#bodyOctets += part.length;
    // what will be refused need not be held
    if (this.spoiled || this.#tooBig || this.#headerTooBig) return;
    if (this.inHeader) this.#head.push(part);
    else {
      this.#body.push(part);
      this.#bodyPending += part.length;
      if (this.eightBit) this.#checkUtf8(part, true);
    }
  }

  /** Text before the first 8-bit octet is ASCII, so that checking may begin late. */
  #checkUtf8(part: Uint8Array, more: boolean): void {
    if (!this.#validUtf8) return;
    this.#utf8 ??= new TextDecoder("utf-8", { fatal: true });
    try {
      this.#utf8.decode(part, { stream: more });
    } catch {
      this.#validUtf8 = false;
    }
  }
}
