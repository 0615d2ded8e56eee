/** SRV-IDs of a certificate: `_imaps.example.com` in its subjectAltName. RFC 4985 §2, RFC 7817 §3 */

interface Tlv {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
}

/** The element at `at`, or null where it is cut short. X.690 §8.1 */
const element = (der: Uint8Array, at: number, end: number): Tlv | null => {
  const tag = der[at];
  let length = der[at + 1];
  if (tag === undefined || length === undefined) return null;
  let from = at + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    if (octets === 0 || octets > 3) return null;
    length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + (der[from + i] ?? 0);
    from += octets;
  }
  return from + length <= end ? { tag, from, to: from + length } : null;
};

const inside = (der: Uint8Array, t: Tlv): ReadonlyArray<Tlv> => {
  const out: Array<Tlv> = [];
  for (let at = t.from; at < t.to;) {
    const e = element(der, at, t.to);
    if (e === null) break;
    out.push(e);
    at = e.to;
  }
  return out;
};

const same = (der: Uint8Array, t: Tlv, octets: ReadonlyArray<number>): boolean =>
  t.to - t.from === octets.length && octets.every((o, i) => der[t.from + i] === o);

const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11]; // 2.5.29.17
const SRV_NAME = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x07]; // 1.3.6.1.5.5.7.8.7
const OID = 0x06;
const OCTETS = 0x04;
const CONTEXT_0 = 0xa0;
const CONTEXT_3 = 0xa3;
const IA5 = 0x16;

const srvName = (der: Uint8Array, name: Tlv): ReadonlyArray<string> => {
  const [type, wrapped] = inside(der, name);
  if (name.tag !== CONTEXT_0 || type?.tag !== OID || !same(der, type, SRV_NAME)) return [];
  const value = wrapped === undefined ? undefined : inside(der, wrapped)[0];
  return value?.tag === IA5
    ? [String.fromCharCode(...der.subarray(value.from, value.to)).toLowerCase()]
    : [];
};

/** Whether it is for one of these services of a domain. RFC 9525 §6.5 */
export const holdsSrvId = (der: Uint8Array, wanted: ReadonlyArray<string>): boolean =>
  srvIdsOf(der).some((id) => wanted.includes(id));

/** Of a certificate in DER; empty where it has none or is not understood. */
export const srvIdsOf = (der: Uint8Array): ReadonlyArray<string> => {
  const whole = element(der, 0, der.length);
  const [signed] = whole === null ? [] : inside(der, whole);
  const wrapper = signed === undefined
    ? undefined
    : inside(der, signed).find((e) => e.tag === CONTEXT_3);
  const [list] = wrapper === undefined ? [] : inside(der, wrapper);
  return (list === undefined ? [] : inside(der, list)).flatMap((extension) => {
    const parts = inside(der, extension);
    const value = parts.at(-1);
    if (parts[0] === undefined || !same(der, parts[0], SUBJECT_ALT_NAME)) return [];
    if (value?.tag !== OCTETS) return [];
    const names = element(der, value.from, value.to);
    return names === null ? [] : inside(der, names).flatMap((n) => srvName(der, n));
  });
};
