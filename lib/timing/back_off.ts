/** How long to pause after failures in a row: each time twice as long, up to a bound. */

export interface BackOff {
  readonly first: number;
  readonly longest: number;
}

/** `failures` in a row, from 1 on; zero means no pause. In the unit of the bounds. */
export const backOff = ({ first, longest }: BackOff, failures: number): number =>
  failures <= 0 ? 0 : Math.min(longest, first * 2 ** (failures - 1));
