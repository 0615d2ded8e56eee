/** Messages over a stream, each with its length in two octets before it. RFC 1035 §4.2.2 */
import { Buffer } from "node:buffer";

export const framed = (octets: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(octets.length + 2);
  frame[0] = octets.length >> 8;
  frame[1] = octets.length & 0xff;
  frame.set(octets, 2);
  return frame;
};

export class Frames {
  #held = Buffer.alloc(0);

  /** `chunk` is split anywhere. */
  push(chunk: Uint8Array | string): void {
    const octets = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    this.#held = Buffer.concat([this.#held, octets]);
  }

  /** The next whole message; null where more has to come. */
  next(): Buffer | null {
    if (this.#held.length < 2) return null;
    const end = this.#held.readUInt16BE(0) + 2;
    if (this.#held.length < end) return null;
    const message = this.#held.subarray(2, end);
    this.#held = this.#held.subarray(end);
    return message;
  }
}
