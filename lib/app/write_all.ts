/** Writes text to standard output or standard error, at once and whole. */

const encoder = new TextEncoder();

type To = { readonly writeSync: (p: Uint8Array) => number };

/** All of it, at once. Throws where it cannot be written. */
export const writeAll = (to: To, text: string): void => writeOctets(to, encoder.encode(text));

export const writeOctets = (to: To, octets: Uint8Array): void => {
  for (let rest = octets; rest.length > 0;) rest = rest.subarray(to.writeSync(rest));
};
