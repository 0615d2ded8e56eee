/**
 * Writes message octets as they go after DATA: leading dots doubled, the end mark behind them.
 * RFC 5321 §4.1.1.4, §4.5.2
 *
 * The last guard before the wire: octets that hold a CR or an LF alone are not written at all
 * (RFC 5321 §2.3.8), whatever let them into the spool. Works on octets; makes no strings.
 */
import { joined } from "../../message/release.ts";

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

const END = Uint8Array.of(DOT, CR, LF);
const CRLF_END = Uint8Array.of(CR, LF, DOT, CR, LF);

/** Where in a line the next octet stands. */
const enum At {
  Start,
  Middle,
  /** Behind a CR. */
  Cr,
}

export class DotStuffer {
  #at: At = At.Start;
  #spoiled = false;

  /**
   * The octets to write for `chunk`, which is split from its neighbours anywhere; `chunk` itself
   * where no dot is to be doubled. Null once a CR or an LF alone was seen: the delivery must be
   * thrown away, and its connection without an end mark.
   */
  push(chunk: Uint8Array): Uint8Array | null {
    let at = this.#at;
    let dots: Array<number> | null = null;
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i]!;
      if (at === At.Cr) {
        if (c !== LF) return this.#spoil();
        at = At.Start;
      } else if (c === CR) at = At.Cr;
      else if (c === LF) return this.#spoil();
      else {
        if (c === DOT && at === At.Start) (dots ??= []).push(i);
        at = At.Middle;
      }
    }
    this.#at = at;
    if (this.#spoiled) return null;
    return dots === null ? chunk : doubled(chunk, dots);
  }

  /** The end mark, with a CRLF before it only where the last line lacks one; null as in `push`. */
  end(): Uint8Array | null {
    if (this.#spoiled || this.#at === At.Cr) return null;
    return this.#at === At.Start ? END : CRLF_END;
  }

  #spoil(): null {
    this.#spoiled = true;
    return null;
  }
}

const doubled = (chunk: Uint8Array, dots: ReadonlyArray<number>): Uint8Array => {
  const out = new Uint8Array(chunk.length + dots.length);
  let from = 0;
  let shift = 0;
  for (const dot of dots) {
    out.set(chunk.subarray(from, dot + 1), from + shift);
    out[dot + 1 + shift++] = DOT;
    from = dot + 1;
  }
  out.set(chunk.subarray(from), from + shift);
  return out;
};

/** A whole message with its end mark in one piece, for one write; null where it may not leave. */
export const stuffWhole = (chunks: ReadonlyArray<Uint8Array>): Uint8Array | null => {
  const stuffer = new DotStuffer();
  const parts: Array<Uint8Array> = [];
  for (const chunk of chunks) {
    const part = stuffer.push(chunk);
    if (part === null) return null;
    parts.push(part);
  }
  const end = stuffer.end();
  return end === null ? null : joined([...parts, end]);
};
