/**
 * Messages by digest, as many as there is room for, none of them forgotten before all are.
 *
 * Numbers stand in arrays of numbers: a Map with a text and an object for each message takes three times as much
 * memory, and gives the collector hundreds of thousands of things to look at.
 */

export interface Known {
  readonly number: number;
  readonly id: string;
  /** When it was accepted, ms. */
  readonly at: number;
}

/** Words of 32 bits of a digest that are kept: by chance no two share them. */
const WORDS = 4;

export class DigestTable {
  readonly #room: number;
  /** Odd and secret: chosen digests cannot be made to collide in one slot. */
  readonly #factors = crypto.getRandomValues(new Uint32Array(WORDS)).map((f) => f | 1);
  /** Where an entry stands, plus one, at a place that its digest says or the next free one after it; zero: free. */
  readonly #slots: Uint32Array;
  readonly #digests: Uint32Array;
  readonly #numbers: Float64Array;
  readonly #times: Float64Array;
  readonly #ids: Array<string> = [];

  /** For `room` messages. */
  constructor(room: number) {
    this.#room = room;
    let slots = 16;
    while (slots * 4 < room * 5) slots *= 2;
    this.#slots = new Uint32Array(slots);
    this.#digests = new Uint32Array(room * WORDS);
    this.#numbers = new Float64Array(room);
    this.#times = new Float64Array(room);
  }

  get full(): boolean {
    return this.#ids.length >= this.#room;
  }

  /** `digest` has 16 octets or more. */
  get(digest: Uint8Array): Known | null {
    const words = wordsOf(digest);
    const entry = this.#slots[this.#slotOf(words)]! - 1;
    const id = this.#ids[entry];
    if (id === undefined) return null;
    return { number: this.#numbers[entry]!, id, at: this.#times[entry]! };
  }

  /** Instead of what had the same digest. False, and nothing is entered, where it is full. */
  set(digest: Uint8Array, { number, id, at }: Known): boolean {
    const words = wordsOf(digest);
    const slot = this.#slotOf(words);
    let entry = this.#slots[slot]! - 1;
    if (entry < 0) {
      if (this.full) return false;
      entry = this.#ids.length;
      this.#slots[slot] = entry + 1;
      this.#digests.set(words, entry * WORDS);
    }
    this.#numbers[entry] = number;
    this.#times[entry] = at;
    this.#ids[entry] = id;
    return true;
  }

  /** The slot of this digest, or the free one where it would be; some always are. */
  #slotOf(words: Uint32Array): number {
    const mixed = words.reduce((sum, w, i) => (sum + Math.imul(w, this.#factors[i]!)) | 0, 0);
    const last = this.#slots.length - 1;
    // the upper bits: in them all bits of the words have had their say
    let slot = mixed >>> Math.clz32(last);
    for (let entry = this.#slots[slot]!; entry > 0; entry = this.#slots[slot]!) {
      const at = (entry - 1) * WORDS;
      if (words.every((w, i) => w === this.#digests[at + i])) break;
      slot = (slot + 1) & last;
    }
    return slot;
  }
}

const wordsOf = (digest: Uint8Array): Uint32Array => {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  return Uint32Array.from({ length: WORDS }, (_, i) => view.getUint32(4 * i));
};
