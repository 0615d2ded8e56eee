/** The subset of DER that writing a self-signed certificate needs. ITU-T X.690 */

const octets = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => (out.set(p, at), at + p.length), 0);
  return out;
};

const lengthOf = (n: number): Uint8Array => {
  if (n < 0x80) return Uint8Array.of(n);
  const digits: Array<number> = [];
  for (let rest = n; rest > 0; rest >>>= 8) digits.unshift(rest & 0xff);
  return Uint8Array.of(0x80 | digits.length, ...digits);
};

/** Tag, length, then the parts one after another. */
export const tlv = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const content = octets(...parts);
  return octets(Uint8Array.of(tag), lengthOf(content.length), content);
};

export const sequence = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => tlv(0x30, ...parts);
export const set = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => tlv(0x31, ...parts);
export const octetString = (content: Uint8Array): Uint8Array => tlv(0x04, content);
export const bitString = (content: Uint8Array): Uint8Array => tlv(0x03, Uint8Array.of(0), content);
export const utf8String = (text: string): Uint8Array => tlv(0x0c, new TextEncoder().encode(text));
export const TRUE: Uint8Array = tlv(0x01, Uint8Array.of(0xff));

/** A positive integer from its octets, most significant first, in the fewest octets. */
export const integer = (magnitude: Uint8Array): Uint8Array => {
  let at = 0;
  while (at < magnitude.length - 1 && magnitude[at] === 0) at++;
  const trimmed = magnitude.subarray(at);
  const sign = (trimmed[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0);
  return tlv(0x02, sign, trimmed);
};

/** `1.2.840.10045.4.3.2` */
export const oid = (dotted: string): Uint8Array => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const out: Array<number> = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const base128 = [arc & 0x7f];
    for (let n = arc >>> 7; n > 0; n >>>= 7) base128.unshift(0x80 | (n & 0x7f));
    out.push(...base128);
  }
  return tlv(0x06, Uint8Array.from(out));
};

/** UTCTime until 2049, GeneralizedTime after. RFC 5280 §4.1.2.5 */
export const time = (epochMillis: number): Uint8Array => {
  const digits = new Date(epochMillis).toISOString().replace(/\.\d+Z$/, "").replace(/[-T:]/g, "");
  const text = new TextEncoder();
  return Number(digits.slice(0, 4)) < 2050
    ? tlv(0x17, text.encode(`${digits.slice(2)}Z`))
    : tlv(0x18, text.encode(`${digits}Z`));
};
