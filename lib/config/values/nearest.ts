/** "Did you mean": the known word that is nearest to a mistyped one. */
import { distance } from "../../address/distance.ts";

const LONGEST = 64;

/** The nearest of `known`, null where none is near: at most a third of the word may differ. */
export const nearest = (word: string, known: ReadonlyArray<string>): string | null => {
  if (word.length > LONGEST) return null;
  const plain = word.toLowerCase().replaceAll("-", "_");
  let best: string | null = null;
  let least = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const k of known) {
    const d = distance(plain, k);
    if (d < least) [best, least] = [k, d];
  }
  return best;
};
