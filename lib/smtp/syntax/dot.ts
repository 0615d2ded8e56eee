/**
 * Reads the octets after 354 up to the end of data. RFC 5321 §4.1.1.4, §4.5.2
 *
 * Takes raw socket octets, split anywhere; removes stuffed dots; keeps header and body apart; learns
 * what later stages must know of the body. Only CRLF.CRLF ends the data. A bare CR, a bare LF or
 * a NUL spoils the message, an octet too many makes it too big: reading goes on to the true end all
 * the same, so that no octet of a message is ever taken for a command. Opens nothing, stores nothing.
 */
import type { BodyFacts } from "../../message/body.ts";
import { latin1 } from "../../message/text.ts";

export interface DataLimits {
  /** Octets of the whole message after unstuffing. */
  readonly messageBytes: number;
  readonly headerBytes: number;
}

/** How the data ended. */
export type DataVerdict = "complete" | "spoiled" | "tooBig" | "headerTooBig";

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/** Where in a line the reader stands. */
const enum At {
  Start,
  Middle,
  /** Behind a CR. */
  Cr,
  /** Behind a dot that began the line. */
  Dot,
  /** Behind such a dot and a CR. */
  DotCr,
}

const CRLF = new Uint8Array([CR, LF]);
const NOTHING = new Uint8Array(0);

export class DataReader {
  readonly #limits: DataLimits;
  #at = At.Start;
  #inHeader = true;
  /** Octets of the message so far, unstuffed. */
  #octets = 0;
  #lineOctets = 0;
  #headOctets = 0;
  #head: Array<Uint8Array> = [];
  #body: Array<Uint8Array> = [];
  #bodyPending = 0;
  #bodyOctets = 0;
  #longestLine = 0;
  #eightBit = false;
  #utf8: TextDecoder | null = null;
  #validUtf8 = true;
  #spoiled = false;
  #tooBig = false;
  #headerTooBig = false;
  #done = false;

  constructor(limits: DataLimits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#done;
  }

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
    if (this.#spoiled) return "spoiled";
    if (this.#tooBig) return "tooBig";
    return this.#headerTooBig ? "headerTooBig" : "complete";
  }

  /** The header section, one char per octet, without the empty line. */
  head(): string {
    return this.#head.map(latin1).join("");
  }

  /** Whether the empty line that ends the header came. */
  get hasBody(): boolean {
    return !this.#inHeader;
  }

  facts(): BodyFacts {
    if (this.#utf8 !== null) this.#checkUtf8(NOTHING, false);
    return {
      octets: this.#bodyOctets,
      eightBit: this.#eightBit,
      validUtf8: this.#validUtf8,
      longestLine: this.#longestLine,
    };
  }

  /** Reads from `chunk`; returns how many of its octets belong to the data. `done` tells the end. */
  push(chunk: Uint8Array): number {
    const n = chunk.length;
    let at = this.#at;
    let i = 0;
    /** Start of the text not yet kept. */
    let from = 0;
    if (n > 0 && at === At.Cr && chunk[0] === LF) {
      // the CR came with the chunk before and was held back
      if (this.#endsHeader()) this.#enterBody();
      else {
        this.#keep(CRLF);
        this.#endLine();
      }
      at = At.Start;
      from = i = 1;
    }
    while (i < n) {
      const c = chunk[i]!;
      if (at === At.Middle || (at === At.Start && c !== DOT)) {
        // the long run: ordinary octets of a line
        const start = i;
        let octet = c;
        let bits = 0;
        while (octet !== CR && octet !== LF && octet !== 0) {
          bits |= octet;
          if (++i === n) break;
          octet = chunk[i]!;
        }
        this.#lineOctets += i - start;
        if (bits > 0x7f && !this.#inHeader) this.#eightBit = true;
        at = At.Middle;
        if (i === n) break;
        if (octet === CR) at = At.Cr;
        else this.#spoiled = true; // bare LF or NUL
        i++;
      } else if (at === At.Start) {
        // a dot: dropped if text follows, the end if CRLF does
        this.#keep(chunk.subarray(from, i));
        from = ++i;
        at = At.Dot;
      } else if (at === At.Cr) {
        if (c === LF) {
          if (this.#endsHeader()) {
            this.#keep(chunk.subarray(from, i - 1));
            this.#enterBody();
            from = i + 1;
          } else this.#endLine();
          at = At.Start;
          i++;
        } else {
          this.#spoiled = true; // bare CR
          at = At.Middle;
        }
      } else if (at === At.Dot) {
        if (c === CR) {
          at = At.DotCr;
          i++;
        } else at = At.Middle;
      } else if (c === LF) {
        this.#done = true;
        this.#at = At.Start;
        return i + 1;
      } else {
        this.#spoiled = true;
        at = At.Middle;
      }
    }
    // a CR at the very end waits for what comes behind it: it may be one of the end mark
    const held = (at === At.Cr || at === At.DotCr) && from < n ? 1 : 0;
    this.#keep(chunk.subarray(from, n - held));
    this.#at = at;
    return n;
  }

  #endsHeader(): boolean {
    return this.#inHeader && this.#lineOctets === 0;
  }

  /** The empty line belongs to neither part, yet counts. */
  #enterBody(): void {
    this.#inHeader = false;
    this.#count(2);
  }

  #endLine(): void {
    if (!this.#inHeader && this.#lineOctets > this.#longestLine) {
      this.#longestLine = this.#lineOctets;
    }
    this.#lineOctets = 0;
  }

  #count(octets: number): void {
    this.#octets += octets;
    if (this.#octets > this.#limits.messageBytes) this.#tooBig = true;
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#count(part.length);
    if (this.#inHeader) {
      this.#headOctets += part.length;
      if (this.#headOctets > this.#limits.headerBytes) this.#headerTooBig = true;
    } else this.#bodyOctets += part.length;
    // what will be refused need not be held
    if (this.#spoiled || this.#tooBig || this.#headerTooBig) return;
    if (this.#inHeader) this.#head.push(part);
    else {
      this.#body.push(part);
      this.#bodyPending += part.length;
      if (this.#eightBit) this.#checkUtf8(part, true);
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
