/**
 * Reads the server name out of the first octets of a TLS handshake. RFC 8446 §4.1.2, RFC 6066 §3
 *
 * The certificate is chosen before the TLS stack is set up, and nothing is set up for a peer that never sends a
 * ClientHello. The TLS stack judges its contents.
 */

export type ClientHello =
  /** So far it may be one: wait for more. */
  | { readonly _tag: "More" }
  /** `serverName` null: none was asked for. */
  | { readonly _tag: "Hello"; readonly serverName: string | null }
  /** This is no TLS. */
  | { readonly _tag: "Other" };

/** More than any hello needs. */
export const MAX_HELLO = 32_768;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const RECORD_HEADER = 5;

const MORE: ClientHello = { _tag: "More" };
const OTHER: ClientHello = { _tag: "Other" };

/** `octets` is all that has come. */
export const readClientHello = (octets: Uint8Array): ClientHello => {
  const message = handshake(octets);
  if (message === null) return octets.length < MAX_HELLO ? MORE : OTHER;
  return message.length === 0 ? OTHER : { _tag: "Hello", serverName: serverNameOf(message) };
};

/** The first handshake message, put together from its records; empty where it is none, null where more must come. */
const handshake = (octets: Uint8Array): Uint8Array | null => {
  const parts: Array<number> = [];
  for (let at = 0;;) {
    if (at < octets.length && octets[at] !== HANDSHAKE) return new Uint8Array(0);
    if (octets.length < at + RECORD_HEADER) return null;
    const length = (octets[at + 3]! << 8) | octets[at + 4]!;
    // an empty record, or one that is too long, is no hello. RFC 8446 §5.1
    if (length === 0 || length > 16_384) return new Uint8Array(0);
    const body = octets.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    for (const c of body) parts.push(c);
    if (parts.length >= 4) {
      if (parts[0] !== CLIENT_HELLO) return new Uint8Array(0);
      const size = 4 + ((parts[1]! << 16) | (parts[2]! << 8) | parts[3]!);
      if (parts.length >= size) return Uint8Array.from(parts.slice(0, size));
      if (size > MAX_HELLO) return new Uint8Array(0);
    }
    if (body.length < length) return null;
    at += RECORD_HEADER + length;
  }
};

/** Reads lengths and what they cover; null once something does not fit. */
class Reader {
  readonly #octets: Uint8Array;
  #at: number;

  constructor(octets: Uint8Array, at = 0) {
    this.#octets = octets;
    this.#at = at;
  }

  get left(): number {
    return this.#octets.length - this.#at;
  }

  number(size: 1 | 2): number | null {
    if (this.left < size) return null;
    let n = 0;
    for (let i = 0; i < size; i++) n = (n << 8) | this.#octets[this.#at++]!;
    return n;
  }

  /** What a length of `size` octets covers. */
  vector(size: 1 | 2): Uint8Array | null {
    const length = this.number(size);
    if (length === null || this.left < length) return null;
    this.#at += length;
    return this.#octets.subarray(this.#at - length, this.#at);
  }
}

/** Behind type, length, version and random stand three vectors, then the extensions. */
const serverNameOf = (hello: Uint8Array): string | null => {
  const reader = new Reader(hello, 4 + 2 + 32);
  if (reader.vector(1) === null || reader.vector(2) === null || reader.vector(1) === null) {
    return null;
  }
  const all = reader.vector(2);
  if (all === null) return null;
  const extensions = new Reader(all);
  for (;;) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (type === null || data === null) return null;
    if (type === SERVER_NAME) return hostName(data);
  }
};

const hostName = (data: Uint8Array): string | null => {
  const list = new Reader(data).vector(2);
  if (list === null) return null;
  const names = new Reader(list);
  const type = names.number(1);
  const name = names.vector(2);
  if (type !== HOST_NAME || name === null) return null;
  const text = String.fromCharCode(...name);
  return /^[\x21-\x7e]{1,255}$/.test(text) ? text : null;
};
