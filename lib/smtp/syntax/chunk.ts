/**
 * Reads the chunks of BDAT: the announced number of octets each, whatever they are. RFC 3030 §2
 *
 * Neither dots nor CRLF.CRLF mean anything in them. The assembled message obeys the rules of DATA: a bare CR, a
 * bare LF or a NUL spoils it, unless it is BINARYMIME and they stand in its body (RFC 3030 §3).
 */
import { CR, CRLF, type DataLimits, LF, MessageReader } from "./message_reader.ts";

const LONE_CR = Uint8Array.of(CR);

export class ChunkReader extends MessageReader {
  readonly #binary: boolean;
  /** Octets of the chunk that have not come yet. */
  #left = 0;
  #last = false;
  /** A CR ended what was pushed; its LF may follow, in the next chunk even. */
  #heldCr = false;

  constructor(limits: DataLimits, binary: boolean) {
    super(limits);
    this.#binary = binary;
  }

  /** The next chunk begins; `last` ends the message with it. */
  expect(octets: number, last: boolean): void {
    this.#left = octets;
    this.#last = last;
    this.done = false;
    this.#settle();
  }

  override push(chunk: Uint8Array): number {
    const n = Math.min(chunk.length, this.#left);
    this.#left -= n;
    if (n > 0) this.#read(n === chunk.length ? chunk : chunk.subarray(0, n));
    this.#settle();
    return n;
  }

  #settle(): void {
    if (this.#left > 0) return;
    this.done = true;
    if (!this.#last) return;
    if (this.#heldCr) this.#loneCr();
    this.endLine();
  }

  #read(chunk: Uint8Array): void {
    const n = chunk.length;
    let i = 0;
    /** Start of the text not yet kept. */
    let from = 0;
    if (this.#heldCr) {
      if (chunk[0] !== LF) this.#loneCr();
      else if (this.endsHeader()) this.enterBody();
      else {
        this.keep(CRLF);
        this.endLine();
      }
      if (chunk[0] === LF) from = i = 1;
      this.#heldCr = false;
    }
    while (i < n) {
      const start = i;
      let octet = 0x20;
      let bits = 0;
      for (; i < n; i++) {
        octet = chunk[i]!;
        if (octet === CR || octet === LF || octet === 0) break;
        bits |= octet;
      }
      this.lineOctets += i - start;
      if (bits > 0x7f && !this.inHeader) this.eightBit = true;
      if (i === n) break;
      if (octet !== CR) this.#bare();
      else if (i + 1 === n) {
        this.#heldCr = true;
        this.keep(chunk.subarray(from, i));
        return;
      } else if (chunk[i + 1] !== LF) this.#bare();
      else {
        if (this.endsHeader()) {
          this.keep(chunk.subarray(from, i));
          this.enterBody();
          from = i + 2;
        } else this.endLine();
        i++;
      }
      i++;
    }
    this.keep(chunk.subarray(from));
  }

  #loneCr(): void {
    this.#heldCr = false;
    this.#bare();
    this.keep(LONE_CR);
  }

  #bare(): void {
    if (this.#binary && !this.inHeader) this.lineOctets++;
    else this.spoiled = true;
  }
}
