/** Octets of SASL messages to text. */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Null where the octets are not UTF-8. RFC 4616 §2 */
export const utf8Text = (octets: Uint8Array): string | null => {
  try {
    return strict.decode(octets);
  } catch {
    return null;
  }
};
