/**
 * Cuts the octets of a connection into command lines.
 *
 * Only CRLF ends a line (RFC 5321 §2.3.8). Holds at most one unfinished line: what goes beyond the
 * limit is dropped up to its CRLF, so that a long line costs no memory. Knows no commands.
 */
import { latin1 } from "../../message/text.ts";

export type LineResult =
  /** Without its CRLF; UTF-8 decoded. `ascii`: no octet above 0x7f. */
  | { readonly _tag: "Line"; readonly text: string; readonly ascii: boolean }
  /** Longer than the limit; its tail was dropped, never parsed. */
  | { readonly _tag: "TooLong" }
  /** Held a bare CR, a bare LF or a NUL. RFC 5321 §2.3.8 */
  | { readonly _tag: "Bare" }
  /** Control characters, or octets that are not UTF-8: of those `octets`, one char each, without the CRLF. */
  | { readonly _tag: "BadCharacters"; readonly octets?: string }
  /** One line went on and on: time to close. */
  | { readonly _tag: "Flood" };

const CR = 0x0d;
const LF = 0x0a;
/** A client that sends this much without CRLF is no client. */
const FLOOD = 65_536;
const EMPTY = new Uint8Array(0);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
};

const decode = (octets: Uint8Array): LineResult => {
  let high = 0;
  let control = false;
  for (let i = 0; i < octets.length; i++) {
    const c = octets[i]!;
    if (c === CR || c === LF || c === 0) return { _tag: "Bare" };
    if ((c < 0x20 && c !== 0x09) || c === 0x7f) control = true;
    high |= c;
  }
  if (control) return { _tag: "BadCharacters" };
  const ascii = high < 0x80;
  if (ascii) return { _tag: "Line", text: latin1(octets), ascii };
  try {
    return { _tag: "Line", text: utf8.decode(octets), ascii };
  } catch {
    return { _tag: "BadCharacters", octets: latin1(octets) };
  }
};

export class LineReader {
  #buffer: Uint8Array = EMPTY;
  #at = 0;
  /** Octets of the current line that were dropped already; 0 while the line is within its limit. */
  #dropped = 0;

  /** Takes the next octets, split anywhere. */
  feed(chunk: Uint8Array): void {
    this.#buffer = this.#at >= this.#buffer.length
      ? chunk
      : concat(this.#buffer.subarray(this.#at), chunk);
    this.#at = 0;
  }

  /** Octets that have arrived and were not read. */
  get pending(): number {
    return this.#buffer.length - this.#at;
  }

  /** Everything not yet read, for the reader of data; this reader is empty afterwards. */
  takeRest(): Uint8Array {
    const rest = this.#at === 0 ? this.#buffer : this.#buffer.subarray(this.#at);
    this.#buffer = EMPTY;
    this.#at = 0;
    return rest;
  }

  /** The next line of at most `max` octets with its CRLF; null until it has arrived. */
  next(max: number): LineResult | null {
    const b = this.#buffer;
    let from = this.#at;
    for (;;) {
      const lf = b.indexOf(LF, from);
      if (lf < 0) return this.#unfinished(max);
      if (lf > this.#at && b[lf - 1] === CR) {
        const start = this.#at;
        this.#at = lf + 1;
        const length = this.#dropped + lf + 1 - start;
        this.#dropped = 0;
        if (length <= max) return decode(b.subarray(start, lf - 1));
        return length - 2 > FLOOD ? { _tag: "Flood" } : { _tag: "TooLong" };
      }
      from = lf + 1;
    }
  }

  /** No CRLF yet: keeps what fits, else drops all but a CR that its LF may follow. */
  #unfinished(max: number): LineResult | null {
    const length = this.pending;
    if (this.#dropped + length <= max) return null;
    const keepCr = this.#buffer[this.#buffer.length - 1] === CR ? 1 : 0;
    this.#dropped += length - keepCr;
    this.#at = this.#buffer.length - keepCr;
    this.feed(EMPTY);
    return this.#dropped > FLOOD ? { _tag: "Flood" } : null;
  }
}
