/**
 * SASLprep: user names and passwords to the one form in which they are compared. RFC 4013
 *
 * Strings of printable ASCII, nearly all there are, never touch the tables of stringprep.
 */
import {
  has,
  LEFT_TO_RIGHT,
  NOTHING,
  PROHIBITED,
  RIGHT_TO_LEFT,
  SPACES,
  UNASSIGNED,
} from "./stringprep.ts";

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

/**
 * The prepared form, treated as a stored string (unassigned code points are refused, RFC 4013 §2.5);
 * null where the text may not be used or nothing is left of it. RFC 4616 §2, RFC 5802 §2.2
 */
export const saslprep = (text: string): string | null => {
  if (PRINTABLE_ASCII.test(text)) return text;
  const prepared = mapped(text).normalize("NFKC");
  const points = Array.from(prepared, pointOf);
  if (points.length === 0) return null;
  if (points.some((p) => has(PROHIBITED, p) || has(UNASSIGNED, p))) return null;
  return oneDirection(points) ? prepared : null;
};

const pointOf = (character: string): number => character.codePointAt(0) ?? 0;

/** RFC 4013 §2.1 */
const mapped = (text: string): string => {
  let out = "";
  for (const character of text) {
    const point = pointOf(character);
    if (has(SPACES, point)) out += " ";
    else if (!has(NOTHING, point)) out += character;
  }
  return out;
};

/** Text from right to left begins and ends with it, and holds no letter of the other kind. RFC 3454 §6 */
const oneDirection = (points: ReadonlyArray<number>): boolean => {
  const rightToLeft = (point: number): boolean => has(RIGHT_TO_LEFT, point);
  if (!points.some(rightToLeft)) return true;
  return !points.some((p) => has(LEFT_TO_RIGHT, p)) &&
    rightToLeft(points[0] ?? 0) && rightToLeft(points.at(-1) ?? 0);
};
