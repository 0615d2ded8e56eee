/**
 * Gives back the memory of octets at once. The collector does not hurry over buffers: they lie outside its heap, and
 * while a large message passes through in pieces it would let tens of megabytes of them pile up.
 */

/** For whoever owns `octets` and is done with them. What is only part of a larger buffer is left alone. */
export const release = (octets: Uint8Array): void => {
  const { buffer, byteLength } = octets;
  // none: given back before
  if (byteLength === 0 || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
};

/** Copied into one array of its own. */
export const joined = (pieces: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
};
