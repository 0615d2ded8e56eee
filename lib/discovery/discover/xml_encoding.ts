/**
 * Octets of an XML document as text. By its byte order mark, by what the transport says, by its own declaration,
 * and else as UTF-8. XML 1.0 §4.3.3 and appendix F, RFC 7303 §3
 */

const startsWith = (octets: Uint8Array, ...first: ReadonlyArray<number>): boolean =>
  first.every((o, i) => octets[i] === o);

/** A byte order mark, or `<` and `?` in two octets each; null where neither is there. */
const byFirstOctets = (o: Uint8Array): string | null =>
  startsWith(o, 0xef, 0xbb, 0xbf)
    ? "utf-8"
    : startsWith(o, 0xff, 0xfe) || startsWith(o, 0x3c, 0, 0x3f, 0)
    ? "utf-16le"
    : startsWith(o, 0xfe, 0xff) || startsWith(o, 0, 0x3c, 0, 0x3f)
    ? "utf-16be"
    : null;

/** Longer than any declaration. */
const MAX_DECLARATION = 200;

/** `<?xml version="1.0" encoding="ISO-8859-1"?>` */
const declared = (octets: Uint8Array): string | null => {
  const head = new TextDecoder("latin1").decode(octets.subarray(0, MAX_DECLARATION));
  const end = head.startsWith("<?xml") ? head.indexOf("?>") : -1;
  if (end < 0) return null;
  const name = /\sencoding\s{0,9}=\s{0,9}["']([A-Za-z][A-Za-z0-9._-]{0,39})["']/
    .exec(head.slice(0, end))?.[1]?.toLowerCase() ?? null;
  // whose declaration can be read octet by octet is not in two octets each
  return name?.startsWith("utf-16") ? null : name;
};

/** Null where the octets are none in it, or nobody knows it. */
const decoded = (octets: Uint8Array, encoding: string): string | null => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(octets);
  } catch {
    return null;
  }
};

/** Servers often name an encoding for all their files that this one is not in; the file's own word comes next. */
export const xmlText = (octets: Uint8Array, charset: string | null): string | null => {
  const first = byFirstOctets(octets);
  if (first !== null) return decoded(octets, first);
  for (const encoding of [charset, declared(octets) ?? "utf-8"]) {
    const text = encoding === null ? null : decoded(octets, encoding);
    if (text !== null) return text;
  }
  return null;
};

/** `text/xml; charset=utf-8`; null where it is not said. */
export const charsetOf = (contentType: string): string | null =>
  /;\s{0,9}charset\s{0,9}=\s{0,9}"?([A-Za-z0-9._:-]{1,40})/i.exec(contentType)?.[1] ?? null;
