/** Octets written as text, one char each, and cut at will. */

export const octets = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));

export const text = (o: Uint8Array): string => {
  let out = "";
  for (const c of o) out += String.fromCharCode(c);
  return out;
};

/** Pieces of the given lengths (none is an empty piece), then the rest. */
export const chunked = (s: string, lengths: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const out: Array<Uint8Array> = [];
  let at = 0;
  for (const n of lengths) {
    if (at >= s.length) break;
    out.push(octets(s.slice(at, at + n)));
    at += n;
  }
  out.push(octets(s.slice(at)));
  return out;
};
