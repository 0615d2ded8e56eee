/** "Did you mean": the known word that is nearest to a mistyped one. */

/** Steps of insert, delete, replace and swap between two words (restricted edit distance). */
export const distance = (a: string, b: string): number => {
  let before: Array<number> = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      }
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
};

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
