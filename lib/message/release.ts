/**
 * Frees the memory of octets at once. Buffers lie outside the heap of the garbage collector, which is slow to free
 * them: while a large message streams through, tens of megabytes would pile up.
 */

/**
 * The owner of `octets` frees them by calling this; they are empty afterwards. A part of a larger buffer is left
 * alone.
 */
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
