/** Message numbers and the keys that follow from them. */
import { PER_MESSAGE } from "./schema.ts";

/** Messages by number, both ends included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** Keys of the recipients, or chunks, of a run: `first` up to, but not, `end`. */
export const keysOf = (
  { from, to }: NumberRange,
): { readonly first: number; readonly end: number } => ({
  first: from * PER_MESSAGE,
  end: (to + 1) * PER_MESSAGE,
});

/** The numbers in rising order, with those that follow each other as one. */
export const rangesOf = (numbers: Iterable<number>): ReadonlyArray<NumberRange> => {
  const runs: Array<{ from: number; to: number }> = [];
  for (const n of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.to === n - 1) last.to = n;
    else runs.push({ from: n, to: n });
  }
  return runs;
};

/** Of one message. */
export const range = (number: number): ReturnType<typeof keysOf> =>
  keysOf({ from: number, to: number });

/** The message that a recipient, or chunk, belongs to. */
export const numberOf = (key: number): number => Math.floor(key / PER_MESSAGE);
