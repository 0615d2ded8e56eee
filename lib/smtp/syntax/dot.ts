/**
 * Reads the octets after 354 up to the end of data. RFC 5321 §4.1.1.4, §4.5.2
 *
 * Takes raw socket octets, split anywhere; removes stuffed dots. Only CRLF.CRLF ends the data. A bare CR, a bare LF
 * or a NUL spoils the message, an octet too many makes it too big: reading continues to the true end, so that no
 * octet of a message is ever taken for a command.
 */
import { CR, CRLF, LF, MessageReader } from "./message_reader.ts";

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

export class DataReader extends MessageReader {
  #at = At.Start;

  /** Reads from `chunk`; returns how many of its octets belong to the data. `done` marks the end. */
  override push(chunk: Uint8Array): number {
    const n = chunk.length;
    let at = this.#at;
    let i = 0;
    /** Start of the text not yet kept. */
    let from = 0;
    if (n > 0 && at === At.Cr && chunk[0] === LF) {
      // the CR came with the chunk before and was held back
      if (this.endsHeader()) this.enterBody();
      else {
        this.keep(CRLF);
        this.endLine();
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
        this.lineOctets += i - start;
        if (bits > 0x7f && !this.inHeader) this.eightBit = true;
        at = At.Middle;
        if (i === n) break;
        if (octet === CR) at = At.Cr;
        else this.spoiled = true; // bare LF or NUL
        i++;
      } else if (at === At.Start) {
        // a dot: dropped if text follows, the end if CRLF does
        this.keep(chunk.subarray(from, i));
        from = ++i;
        at = At.Dot;
      } else if (at === At.Cr) {
        if (c === LF) {
          if (this.endsHeader()) {
            this.keep(chunk.subarray(from, i - 1));
            this.enterBody();
            from = i + 1;
          } else this.endLine();
          at = At.Start;
          i++;
        } else {
          this.spoiled = true; // bare CR
          at = At.Middle;
        }
      } else if (at === At.Dot) {
        if (c === CR) {
          at = At.DotCr;
          i++;
        } else at = At.Middle;
      } else if (c === LF) {
        this.done = true;
        this.#at = At.Start;
        return i + 1;
      } else {
        this.spoiled = true;
        at = At.Middle;
      }
    }
    // a CR at the very end waits for what comes behind it: it may be one of the end mark
    const held = (at === At.Cr || at === At.DotCr) && from < n ? 1 : 0;
    this.keep(chunk.subarray(from, n - held));
    this.#at = at;
    return n;
  }
}
