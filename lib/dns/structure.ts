/**
 * Whether octets have the structure of one DNS message, before any decoder sees them. RFC 1035 §4.1, RFC 9267
 *
 * Checks that counts are true, names end, pointers lead strictly backwards, record data has the length of its type,
 * and nothing follows the last record. Builds nothing, throws nothing; work is linear in the octets.
 */

const HEADER = 12;
const MAX_LABEL = 63;
/** RFC 1035 §2.3.4, with the length octets and that of the root. */
const MAX_NAME = 255;
const MAX_JUMPS = 127;

/** Where the name at `at` ends, or -1. `plain`: only letters that a host or service name may be made of. */
const nameEnd = (m: Uint8Array, at: number, plain: boolean): number => {
  let end = -1;
  let total = 1;
  let before = at;
  for (let p = at, jumps = 0;;) {
    const length = m[p];
    if (length === undefined) return -1;
    if (length === 0) return end < 0 ? p + 1 : end;
    if (length <= MAX_LABEL) {
      total += length + 1;
      if (total > MAX_NAME || p + length >= m.length) return -1;
      if (plain && !printable(m, p + 1, length)) return -1;
      p += length + 1;
      continue;
    }
    const low = m[p + 1];
    // 0x40 and 0x80 are no label types in use. RFC 6891 §5
    if (length < 0xc0 || low === undefined || ++jumps > MAX_JUMPS) return -1;
    if (end < 0) end = p + 2;
    const to = ((length & 0x3f) << 8) | low;
    if (to < HEADER || to >= before) return -1;
    before = p = to;
  }
};

/** A dot inside a label, a blank or a control would make another name of it once it is text. */
const printable = (m: Uint8Array, from: number, length: number): boolean => {
  for (let i = from; i < from + length; i++) {
    const c = m[i] ?? 0;
    if (c <= 0x20 || c >= 0x7f || c === 0x2e || c === 0x5c) return false;
  }
  return true;
};

const exact = (length: number) => (_m: Uint8Array, from: number, to: number): boolean =>
  to - from === length;

/** `skip` octets, then one name and nothing behind it. */
const named = (skip: number) => (m: Uint8Array, from: number, to: number): boolean =>
  nameEnd(m, from + skip, true) === to;

/** Strings, each with its length before it, that fill the data exactly; at least one. RFC 1035 §3.3.14 */
const strings = (m: Uint8Array, from: number, to: number): boolean => {
  let p = from;
  while (p < to) p += 1 + (m[p] ?? 0);
  return p === to && to > from;
};

const soa = (m: Uint8Array, from: number, to: number): boolean => {
  const second = nameEnd(m, from, false);
  if (second < 0) return false;
  const numbers = nameEnd(m, second, false);
  return numbers >= 0 && numbers + 20 === to;
};

/** RFC 8659 §4.1 */
const caa = (m: Uint8Array, from: number, to: number): boolean => {
  const tag = m[from + 1] ?? 0;
  return to - from >= 2 && tag > 0 && from + 2 + tag <= to;
};

/** RFC 6891 §6.1.2 */
const options = (m: Uint8Array, from: number, to: number): boolean => {
  let p = from;
  while (p + 4 <= to) p += 4 + u16(m, p + 2);
  return p === to;
};

const OPT = 41;

/** By number of the type; data of other types is skipped over and never looked into. */
const DATA: ReadonlyMap<number, (m: Uint8Array, from: number, to: number) => boolean> = new Map([
  [1, exact(4)], // A
  [2, named(0)], // NS
  [5, named(0)], // CNAME
  [6, soa],
  [12, named(0)], // PTR
  [15, named(2)], // MX
  [16, strings], // TXT
  [28, exact(16)], // AAAA
  [33, named(6)], // SRV
  [OPT, options],
  [43, (_m, from, to) => to - from > 4], // DS
  [52, (_m, from, to) => to - from >= 4], // TLSA
  [257, caa],
]);

const u16 = (m: Uint8Array, at: number): number => ((m[at] ?? 0) << 8) | (m[at + 1] ?? 0);

/** Where the record at `at` ends, or -1. */
const recordEnd = (m: Uint8Array, at: number): number => {
  const fixed = nameEnd(m, at, false);
  if (fixed < 0 || fixed + 10 > m.length) return -1;
  const from = fixed + 10;
  const to = from + u16(m, fixed + 8);
  if (to > m.length) return -1;
  const check = DATA.get(u16(m, fixed));
  return check === undefined || check(m, from, to) ? to : -1;
};

/** RFC 1035 §4.1; one question, as every message that asks or answers has. RFC 9619 §3 */
export const wellFormed = (m: Uint8Array): boolean => {
  if (m.length < HEADER || u16(m, 4) !== 1) return false;
  let p = nameEnd(m, HEADER, true) + 4;
  if (p < HEADER + 5 || p > m.length) return false;
  for (let left = u16(m, 6) + u16(m, 8) + u16(m, 10); left > 0; left--) {
    p = recordEnd(m, p);
    if (p < 0) return false;
  }
  return p === m.length;
};
