/**
 * The relaxed canonical forms that signatures are made over. RFC 6376 §3.4.2, §3.4.4
 *
 * Pure: hashes nothing. Text is one char per octet; the body comes in chunks split anywhere.
 */
import { type Field, rawValue } from "../header.ts";

/** `name:value` with single blanks, its CRLF at the end. RFC 6376 §3.4.2 */
export const relaxedField = (f: Field): string => `${f.key}:${relaxedValue(rawValue(f))}\r\n`;

const LAYOUT = /[\t\r\n]| {2}/;
const NEW_LINES = /\r\n/g;
const BLANKS = /[\t ]+/g;

const relaxedValue = (value: string): string => {
  const single = LAYOUT.test(value) ? value.replace(NEW_LINES, "").replace(BLANKS, " ") : value;
  const from = single.startsWith(" ") ? 1 : 0;
  const to = single.endsWith(" ") ? single.length - 1 : single.length;
  return single.slice(from, Math.max(from, to));
};

const CR = 0x0d, LF = 0x0a, TAB = 0x09, BLANK = 0x20;

/**
 * A body in relaxed form: blanks at line ends and empty lines at the end are left out, runs of blanks count as
 * one. An empty body stays empty. RFC 6376 §3.4.4
 */
export class RelaxedBody {
  /** Line ends that count only if something follows. */
  #lines = 0;
  #blank = false;
  #cr = false;
  /** There was something that stays. */
  #seen = false;

  /** The canonical octets of this chunk. */
  push(chunk: Uint8Array): Uint8Array {
    const n = chunk.length;
    const out = new Uint8Array(n + 2 * this.#lines + 2);
    let at = 0;
    let lines = this.#lines, blank = this.#blank, cr = this.#cr;
    for (let i = 0; i < n; i++) {
      const c = chunk[i]!;
      if ((cr && c !== LF) || (c === LF && !cr)) {
        // a CR or LF alone, as BINARYMIME allows, is text like another. RFC 3030 §3
        at = flush(out, at, lines, blank);
        lines = 0;
        blank = false;
        out[at++] = cr ? CR : LF;
        cr = false;
        if (c === LF) continue;
      }
      if (c > BLANK || (c !== BLANK && c !== TAB && c !== CR && c !== LF)) {
        if (lines > 0 || blank) {
          at = flush(out, at, lines, blank);
          lines = 0;
          blank = false;
        }
        out[at++] = c;
      } else if (c === CR) cr = true;
      else if (c === LF) {
        cr = false;
        blank = false;
        lines++;
      } else blank = true;
    }
    if (at > 0) this.#seen = true;
    this.#lines = lines;
    this.#blank = blank;
    this.#cr = cr;
    return out.subarray(0, at);
  }

  /** What is left: the end of the last line that holds anything. */
  end(): Uint8Array {
    if (!this.#cr) return this.#seen ? CRLF : NOTHING;
    const out = new Uint8Array(2 * this.#lines + 4);
    const at = flush(out, 0, this.#lines, this.#blank);
    out.set([CR, CR, LF], at);
    return out.subarray(0, at + 3);
  }
}

const CRLF = new Uint8Array([CR, LF]);
const NOTHING = new Uint8Array(0);

const flush = (out: Uint8Array, from: number, lines: number, blank: boolean): number => {
  let at = from;
  for (let k = 0; k < lines; k++) {
    out[at++] = CR;
    out[at++] = LF;
  }
  if (blank) out[at++] = BLANK;
  return at;
};
