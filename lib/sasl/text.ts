/** Octets of SASL messages to text. */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** For the log and the throttle: what is not UTF-8 becomes U+FFFD. */
export const nearlyText = (octets: Uint8Array): string => lenient.decode(octets);

/** Null where the octets are not UTF-8. RFC 4616 §2 */
export const utf8Text = (octets: Uint8Array): string | null => {
  try {
    return strict.decode(octets);
  } catch {
    return null;
  }
};
