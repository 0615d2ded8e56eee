/** SHA-256 and the two ways it is written, by the one crypto that every runtime carries. */

const encoder = new TextEncoder();

export const sha256 = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));

export const hex = (octets: Uint8Array): string =>
  [...octets].map((o) => o.toString(16).padStart(2, "0")).join("");

export const base64 = (octets: Uint8Array): string => btoa(String.fromCharCode(...octets));
