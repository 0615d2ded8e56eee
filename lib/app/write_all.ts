/** Writes text to standard output or standard error, at once and whole. */

const encoder = new TextEncoder();

/** All of it, at once. Throws where it cannot be written. */
export const writeAll = (
  to: { readonly writeSync: (p: Uint8Array) => number },
  text: string,
): void => {
  for (let rest = encoder.encode(text); rest.length > 0;) rest = rest.subarray(to.writeSync(rest));
};
