/** Base64 as AUTH uses it: strict, one line. RFC 4648 §4, RFC 4954 §4 */

const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;

/** Octets, or null where the text holds a foreign octet, a pad inside, or has a bad length. */
export const decodeBase64 = (text: string): Uint8Array | null => {
  if (text.length % 4 !== 0 || !ALPHABET.test(text)) return null;
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
};

export const encodeBase64 = (octets: Uint8Array): string => btoa(String.fromCharCode(...octets));
