/**
 * What two servers say to each other about copies, in frames: the length of a JSON text, the length of the octets that
 * go with it (each 32 bits, most significant octet first), the text in UTF-8, the octets.
 */
import { joined, release } from "../message/release.ts";

export interface Frame {
  /** JSON, not looked at. */
  readonly said: unknown;
  readonly octets: Uint8Array;
}

/** Larger frames are an error. */
export interface FrameLimits {
  readonly said: number;
  readonly octets: number;
}

/** The stream holds no frames, or a larger one than may be. */
export class BadFrame extends Error {
  override readonly name = "BadFrame";
}

const PREFIX = 8;
/** From this size on, memory is freed at once rather than left to the collector. */
const LARGE = 65_536;
const NONE = new Uint8Array();
const encoder = new TextEncoder();

/** One frame as it goes to the wire. */
export const frame = (said: unknown, octets: Uint8Array = NONE): Uint8Array => {
  const text = encoder.encode(JSON.stringify(said));
  const prefix = new Uint8Array(PREFIX);
  const view = new DataView(prefix.buffer);
  view.setUint32(0, text.length);
  view.setUint32(4, octets.length);
  return joined([prefix, text, octets]);
};

/** Cuts a stream into frames, in whatever pieces it comes. */
export class FrameReader {
  #limits: FrameLimits;
  #parts: Array<Uint8Array> = [];
  #held = 0;
  /** Octets of the frame that has begun, prefix and all; 0: its prefix is not there yet. */
  #whole = 0;
  #said = 0;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** From the next frame on. */
  allow(limits: FrameLimits): void {
    this.#limits = limits;
  }

  /** Octets that wait for the rest of their frame. */
  get held(): number {
    return this.#held;
  }

  /** Takes ownership. */
  feed(chunk: Uint8Array): void {
    this.#parts.push(chunk);
    this.#held += chunk.length;
  }

  /** Null: not all of it is there. Throws `BadFrame`, and then ever again. */
  next(): Frame | null {
    if (this.#whole === 0) {
      if (this.#held < PREFIX) return null;
      const all = this.#gather();
      const view = new DataView(all.buffer, all.byteOffset, PREFIX);
      const said = view.getUint32(0);
      const octets = view.getUint32(4);
      if (said > this.#limits.said || octets > this.#limits.octets) {
        throw new BadFrame(`a frame of ${said} and ${octets} octets is too large`);
      }
      this.#said = said;
      this.#whole = PREFIX + said + octets;
    }
    if (this.#held < this.#whole) return null;
    const all = this.#gather();
    const large = all.length >= LARGE;
    const rest = large ? all.slice(this.#whole) : all.subarray(this.#whole);
    const octets = all.slice(PREFIX + this.#said, this.#whole);
    const said = parsed(all.subarray(PREFIX, PREFIX + this.#said));
    if (large) release(all);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    this.#whole = 0;
    return { said, octets };
  }

  #gather(): Uint8Array {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only !== undefined) return only;
    const all = joined(this.#parts);
    if (all.length >= LARGE) this.#parts.forEach(release);
    this.#parts = [all];
    return all;
  }
}

const parsed = (text: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    throw new BadFrame("a frame holds no JSON in UTF-8");
  }
};
