/**
 * Encoders of quoted-printable and base64 that take a body in chunks and hold less than a line of it.
 * RFC 2045 §6.7, §6.8
 */

export type TransferEncoding = "quoted-printable" | "base64";

export interface TransferEncoder {
  /** The encoded text that is ready; `chunk` is split from its neighbours anywhere. */
  readonly push: (chunk: Uint8Array) => Uint8Array;
  /**
   * What is left. `delimited`: a CRLF of the boundary follows; else the text ends its last line itself, so that
   * decoding it yields exactly the octets that were pushed.
   */
  readonly end: (delimited: boolean) => Uint8Array;
}

export const encoderOf = (encoding: TransferEncoding): TransferEncoder =>
  encoding === "base64" ? new Base64Encoder() : new QuotedPrintableEncoder();

const CR = 0x0d, LF = 0x0a, EQUALS = 0x3d, BLANK = 0x20, TAB = 0x09;
/** Longest encoded line without its CRLF. */
const WIDTH = 76;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const HEX = ascii("0123456789ABCDEF");
const ALPHABET = ascii("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

/** Octets that grow as they are written. */
class Out {
  #octets: Uint8Array;
  #length = 0;

  constructor(expected: number) {
    this.#octets = new Uint8Array(expected);
  }

  put(octet: number): void {
    if (this.#length === this.#octets.length) {
      const wider = new Uint8Array(this.#length * 2 + 64);
      wider.set(this.#octets);
      this.#octets = wider;
    }
    this.#octets[this.#length++] = octet;
  }

  taken(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }
}

/** CRLF stays a line end; a CR or an LF alone is encoded as any other octet. */
class QuotedPrintableEncoder implements TransferEncoder {
  #column = 0;
  /** A CR whose LF may follow. */
  #cr = false;
  /** A blank or tab that may be the last of its line; -1: none. */
  #blank = -1;

  push(chunk: Uint8Array): Uint8Array {
    const out = new Out(chunk.length + (chunk.length >> 2) + 16);
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i]!;
      if (this.#cr) {
        this.#cr = false;
        if (c === LF) {
          this.#lineEnd(out);
          continue;
        }
        this.#flushBlank(out);
        this.#escaped(out, CR);
      }
      if (c === CR) this.#cr = true;
      else {
        this.#flushBlank(out);
        if (c === BLANK || c === TAB) this.#blank = c;
        else if (c > 0x20 && c < 0x7f && c !== EQUALS) this.#plain(out, c);
        else this.#escaped(out, c);
      }
    }
    return out.taken();
  }

  end(delimited: boolean): Uint8Array {
    const out = new Out(16);
    if (this.#cr) {
      this.#flushBlank(out);
      this.#escaped(out, CR);
    } else if (this.#blank >= 0) this.#escaped(out, this.#blank);
    if (!delimited && this.#column > 0) this.#softBreak(out);
    this.#cr = false;
    this.#blank = -1;
    return out.taken();
  }

  #lineEnd(out: Out): void {
    // a blank at the end of a line would be lost on the way. RFC 2045 §6.7 (3)
    if (this.#blank >= 0) this.#escaped(out, this.#blank);
    this.#blank = -1;
    out.put(CR);
    out.put(LF);
    this.#column = 0;
  }

  #flushBlank(out: Out): void {
    if (this.#blank < 0) return;
    this.#plain(out, this.#blank);
    this.#blank = -1;
  }

  /** A column is kept for the `=` of a soft line break. */
  #room(out: Out, width: number): void {
    if (this.#column + width >= WIDTH) this.#softBreak(out);
    this.#column += width;
  }

  #softBreak(out: Out): void {
    out.put(EQUALS);
    out.put(CR);
    out.put(LF);
    this.#column = 0;
  }

  #plain(out: Out, c: number): void {
    this.#room(out, 1);
    out.put(c);
  }

  #escaped(out: Out, c: number): void {
    this.#room(out, 3);
    out.put(EQUALS);
    out.put(HEX[c >> 4]!);
    out.put(HEX[c & 15]!);
  }
}

class Base64Encoder implements TransferEncoder {
  #column = 0;
  /** One or two octets that wait for the rest of their group. */
  #held: ReadonlyArray<number> = [];

  push(chunk: Uint8Array): Uint8Array {
    const held = this.#held;
    const length = held.length + chunk.length;
    const whole = length - length % 3;
    const at = (i: number): number => i < held.length ? held[i]! : chunk[i - held.length]!;
    const out = new Out(Math.ceil(whole * 1.4) + 16);
    for (let i = 0; i < whole; i += 3) this.#group(out, at(i), at(i + 1), at(i + 2));
    const rest: Array<number> = [];
    for (let i = whole; i < length; i++) rest.push(at(i));
    this.#held = rest;
    return out.taken();
  }

  end(delimited: boolean): Uint8Array {
    const out = new Out(16);
    const [a, b] = this.#held;
    if (a !== undefined) this.#group(out, a, b, undefined);
    if (!delimited && this.#column > 0) {
      out.put(CR);
      out.put(LF);
    }
    this.#held = [];
    this.#column = 0;
    return out.taken();
  }

  #group(out: Out, a: number, b: number | undefined, c: number | undefined): void {
    if (this.#column === WIDTH) {
      out.put(CR);
      out.put(LF);
      this.#column = 0;
    }
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    out.put(ALPHABET[bits >> 18]!);
    out.put(ALPHABET[(bits >> 12) & 63]!);
    out.put(b === undefined ? EQUALS : ALPHABET[(bits >> 6) & 63]!);
    out.put(c === undefined ? EQUALS : ALPHABET[bits & 63]!);
    this.#column += 4;
  }
}
