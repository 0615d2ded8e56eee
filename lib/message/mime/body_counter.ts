/** Counts the facts about a body while it streams past. RFC 5322 §2.1.1 */
import type { BodyFacts } from "./body.ts";

const CR = 0x0d, LF = 0x0a;

export class BodyCounter {
  #octets = 0;
  #eightBit = false;
  #line = 0;
  #longest = 0;

  push(chunk: Uint8Array): void {
    this.#octets += chunk.length;
    for (const c of chunk) {
      if (c === LF) {
        if (this.#line > this.#longest) this.#longest = this.#line;
        this.#line = 0;
      } else if (c !== CR) {
        this.#line++;
        if (c > 0x7f) this.#eightBit = true;
      }
    }
  }

  /** `validUtf8`: as it was before, since what is not touched stays. */
  facts(validUtf8: boolean, relaxedHash: string | null): BodyFacts {
    return {
      octets: this.#octets,
      eightBit: this.#eightBit,
      validUtf8,
      longestLine: Math.max(this.#longest, this.#line),
      relaxedHash,
    };
  }
}
