/** The subset of DER that reading a certificate needs. ITU-T X.690 */

export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The elements that stand one after another; null where the octets are not DER. */
export const elements = (der: Uint8Array): ReadonlyArray<Element> | null => {
  const out: Array<Element> = [];
  for (let at = 0; at < der.length;) {
    const tag = der[at] ?? 0;
    let length = der[at + 1];
    at += 2;
    if ((tag & 0x1f) === 0x1f || length === undefined) return null;
    if (length >= 0x80) {
      const digits = length & 0x7f;
      if (digits === 0 || digits > 4) return null;
      length = 0;
      for (let i = 0; i < digits; i++) length = length * 256 + (der[at + i] ?? NaN);
      at += digits;
    }
    if (!(at + length <= der.length)) return null;
    out.push({ tag, content: der.subarray(at, at + length) });
    at += length;
  }
  return out;
};

const OID = 0x06;
const SEQUENCE = 0x30;

/** Every object identifier in an element and below it, in hex. */
export const oidsIn = (e: Element): ReadonlyArray<string> => {
  if (e.tag === OID) return [toHex(e.content)];
  // constructed: it consists of elements. Depth is bounded by length
  return (e.tag & 0x20) === 0 ? [] : (elements(e.content) ?? []).flatMap(oidsIn);
};

const toHex = (octets: Uint8Array): string =>
  Array.from(octets, (o) => o.toString(16).padStart(2, "0")).join("");

export interface CertificateParts {
  readonly signatureAlgorithm: Element;
  /** Content of the extension values, by identifier in hex. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
}

const EXTENSIONS = 0xa3;

/** Null where it is no certificate. RFC 5280 §4.1 */
export const certificateParts = (der: Uint8Array): CertificateParts | null => {
  const [certificate] = elements(der) ?? [];
  const [tbs, signatureAlgorithm] = elements(certificate?.content ?? new Uint8Array(0)) ?? [];
  if (tbs === undefined || signatureAlgorithm === undefined) return null;
  const extensions = new Map<string, Uint8Array>();
  const list = elements(tbs.content)?.find((e) => e.tag === EXTENSIONS);
  const [sequence] = elements(list?.content ?? new Uint8Array(0)) ?? [];
  for (const extension of elements(sequence?.content ?? new Uint8Array(0)) ?? []) {
    const fields = extension.tag === SEQUENCE ? elements(extension.content) : null;
    const id = fields?.[0];
    const value = fields?.at(-1); // a critical flag may stand between
    if (id !== undefined && value !== undefined) extensions.set(toHex(id.content), value.content);
  }
  return { signatureAlgorithm, extensions };
};
