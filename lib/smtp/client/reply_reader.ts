/**
 * Cuts the octets of a server into replies. RFC 5321 §4.2
 *
 * Lenient about form (LF alone ends a line, any last two digits, a code without text) and strict about size: a line
 * is at most 4 kB, a reply at most 64 kB. Judges no reply.
 */
import { latin1 } from "../../message/text.ts";

/** `lines` hold printable ASCII only, without code; `code` is that of the last line. */
export interface ServerReply {
  readonly code: number;
  readonly lines: readonly [string, ...ReadonlyArray<string>];
}

export type ReplyResult =
  | { readonly _tag: "Reply"; readonly reply: ServerReply }
  /** No SMTP at all, or without end. Nothing that follows can be trusted. RFC 5321 §4.2 */
  | {
    readonly _tag: "Garbage";
    readonly reason: "not a reply" | "line too long" | "reply too long";
  };

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const HYPHEN = 0x2d;
const ZERO = 0x30;
const MAX_LINE = 4096;
const MAX_REPLY = 65_536;
const EMPTY = new Uint8Array(0);

const digit = (c: number | undefined): number =>
  c !== undefined && c >= ZERO && c <= ZERO + 9 ? c - ZERO : -1;

/** Text of `b[from..to)` with everything but printable ASCII as `?`; HTAB counts as a blank. */
const clean = (b: Uint8Array, from: number, to: number): string => {
  let tidy = true;
  for (let i = from; i < to; i++) if (b[i]! < 0x20 || b[i]! > 0x7e) tidy = false;
  if (tidy) return latin1(b.subarray(from, to));
  let out = "";
  for (let i = from; i < to; i++) {
    const c = b[i]!;
    out += c === 0x09 ? " " : c < 0x20 || c > 0x7e ? "?" : String.fromCharCode(c);
  }
  return out;
};

export class ReplyReader {
  #buffer: Uint8Array = EMPTY;
  #at = 0;
  #lines: Array<string> = [];
  #size = 0;

  /** Takes the next octets, split anywhere. */
  feed(chunk: Uint8Array): void {
    if (this.#at >= this.#buffer.length) this.#buffer = chunk;
    else {
      const rest = this.#buffer.subarray(this.#at);
      const joined = new Uint8Array(rest.length + chunk.length);
      joined.set(rest);
      joined.set(chunk, rest.length);
      this.#buffer = joined;
    }
    this.#at = 0;
  }

  /** Octets have arrived that no reply was made of yet. RFC 3207 §4.2 */
  get pending(): boolean {
    return this.#at < this.#buffer.length || this.#lines.length > 0;
  }

  /** The next reply; null until it has arrived. */
  next(): ReplyResult | null {
    const b = this.#buffer;
    for (;;) {
      const start = this.#at;
      const lf = b.indexOf(LF, start);
      if ((lf < 0 ? b.length : lf) - start >= MAX_LINE) return garbage("line too long");
      if (lf < 0) return null;
      this.#at = lf + 1;
      this.#size += lf + 1 - start;
      if (this.#size > MAX_REPLY) return garbage("reply too long");
      const end = lf > start && b[lf - 1] === CR ? lf - 1 : lf;
      const first = digit(b[start]);
      const second = digit(b[start + 1]);
      const third = digit(b[start + 2]);
      const mark = end > start + 3 ? b[start + 3]! : BLANK;
      if (
        end < start + 3 || first < 2 || first > 5 || second < 0 || third < 0 ||
        (mark !== BLANK && mark !== HYPHEN)
      ) return garbage("not a reply");
      this.#lines.push(clean(b, Math.min(start + 4, end), end));
      if (mark === HYPHEN) continue;
      const [head = "", ...tail] = this.#lines;
      this.#lines = [];
      this.#size = 0;
      const code = first * 100 + second * 10 + third;
      return { _tag: "Reply", reply: { code, lines: [head, ...tail] } };
    }
  }
}

const garbage = (reason: "not a reply" | "line too long" | "reply too long"): ReplyResult => ({
  _tag: "Garbage",
  reason,
});
