/** Names as people read them: A-labels back to U-labels. RFC 3492 §6.2, RFC 5891 §5.5 */
import { parseDomainName } from "./domain.ts";

const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST_BIAS = 72;
const FIRST_CODE = 128;

/** RFC 3492 §6.1 */
const adapted = (difference: number, points: number, first: boolean): number => {
  let delta = Math.floor(difference / (first ? DAMP : 2));
  delta += Math.floor(delta / points);
  let k = 0;
  for (; delta > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) {
    delta = Math.floor(delta / (BASE - T_MIN));
  }
  return k + Math.floor(((BASE - T_MIN + 1) * delta) / (delta + SKEW));
};

/** `a` to `z`, then `0` to `9`; NaN for anything else. */
const digitOf = (c: string | undefined): number => c === undefined ? NaN : parseInt(c, BASE) - 10;

const digitValue = (c: string | undefined): number => {
  const d = digitOf(c);
  return d < 0 ? d + BASE : d;
};

/** What stands behind `xn--`; null where it is no Punycode. */
const decoded = (label: string): string | null => {
  const basic = label.lastIndexOf("-");
  const out = [...label.slice(0, Math.max(basic, 0))];
  let at = basic < 0 ? 0 : basic + 1;
  let code = FIRST_CODE;
  let bias = FIRST_BIAS;
  let i = 0;
  while (at < label.length) {
    const before = i;
    for (let weight = 1, k = BASE;; k += BASE) {
      const digit = digitValue(label[at++]);
      if (Number.isNaN(digit)) return null;
      i += digit * weight;
      const threshold = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    const points = out.length + 1;
    bias = adapted(i - before, points, before === 0);
    code += Math.floor(i / points);
    i %= points;
    if (!(code <= 0x10ffff)) return null;
    out.splice(i++, 0, String.fromCodePoint(code));
  }
  return out.join("");
};

/** `ascii` with U-labels wherever they lead back to the same name; the name as it is elsewhere. */
export const toUnicode = (ascii: string): string => {
  const labels = ascii.split(".").map((l) => l.startsWith("xn--") ? decoded(l.slice(4)) ?? l : l);
  const name = labels.join(".");
  return parseDomainName(name)?.ascii === ascii ? name : ascii;
};
