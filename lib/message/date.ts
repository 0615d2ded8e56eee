/** Date and time of header fields: reading what is valid or obsolete, writing the current form. RFC 5322 §3.3, §4.3 */
import { Lexer, NO_GAP } from "./lexer.ts";

/** `instant` in ms since the epoch; `text` is the date in current syntax, same instant and same zone. */
export type DateReading =
  | { readonly _tag: "Valid"; readonly instant: number }
  /** Right but for the day of the week, which `text` leaves out. */
  | { readonly _tag: "WrongWeekday"; readonly instant: number; readonly text: string }
  /** Defined, but not to be written any more. RFC 5322 §4.3 */
  | { readonly _tag: "Obsolete"; readonly instant: number; readonly text: string }
  | { readonly _tag: "Invalid" };

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const LOWER_DAYS = DAYS.map((d) => d.toLowerCase());
const LOWER_MONTHS = MONTHS.map((m) => m.toLowerCase());

/** Zones by name, minutes east. All others are "unknown": -0000. RFC 5322 §4.3 */
const NAMED_ZONES: ReadonlyMap<string, string> = new Map([
  ["ut", "+0000"],
  ["gmt", "+0000"],
  ["est", "-0500"],
  ["edt", "-0400"],
  ["cst", "-0600"],
  ["cdt", "-0500"],
  ["mst", "-0700"],
  ["mdt", "-0600"],
  ["pst", "-0800"],
  ["pdt", "-0700"],
]);

const invalid: DateReading = { _tag: "Invalid" };

const two = (n: number): string => n < 10 ? `0${n}` : `${n}`;

/** `Tue, 24 Nov 2026 05:25:51 +0000`; `offset` in minutes east of UTC. RFC 5322 §3.3 */
export const formatDate = (ms: number, offset: number): string => {
  const d = new Date(ms + offset * 60_000);
  const clock = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
  const away = Math.abs(offset);
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(away / 60))}${two(away % 60)}`;
  return `${DAYS[d.getUTCDay()]}, ${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ` +
    `${d.getUTCFullYear()} ${clock} ${zone}`;
};

/** Minutes east of UTC where this process runs. */
export const localOffset = (ms: number): number => -new Date(ms).getTimezoneOffset();

/** Digits alone, `least` to `most` of them; -1 else. */
const number = (s: string, least: number, most: number): number => {
  if (s.length < least || s.length > most) return -1;
  let n = 0;
  for (let i = 0; i < s.length; i++) {
    const digit = s.charCodeAt(i) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    n = n * 10 + digit;
  }
  return n;
};

const COLON = 0x3a, COMMA = 0x2c;

/** Reads tokens and notes whether comments stood between them, which is obsolete. */
class Reader {
  readonly #lex: Lexer;
  obsolete = false;

  constructor(value: string) {
    this.#lex = new Lexer(value);
    this.#lex.next();
    this.obsolete = this.#lex.comment && !this.#lex.ended;
  }

  /** The token at hand where it is an atom, and moves on; "" where it is none. */
  atom(): string {
    if (this.#lex.kind !== "Atom") return "";
    const text = this.#lex.text;
    this.#move();
    return text;
  }

  /** Moves over the special where it is at hand. */
  took(special: number): boolean {
    if (!this.#lex.is(special)) return false;
    this.#move();
    return true;
  }

  /** As `took`; blanks to either side are obsolete. */
  tookTight(special: number): boolean {
    const before = this.#lex.gap;
    if (!this.took(special)) return false;
    if (before !== NO_GAP || this.#lex.gap !== NO_GAP) this.obsolete = true;
    return true;
  }

  get ended(): boolean {
    return this.#lex.ended;
  }

  #move(): void {
    this.#lex.next();
    if (this.#lex.comment && !this.#lex.ended) this.obsolete = true;
  }
}

/**
 * Reads the value of Date or Resent-Date, with its folding. Years 1900 to 9999. A comment at the end is
 * current syntax; two and three digit years, named zones and comments elsewhere are obsolete.
 */
export const parseDate = (value: string): DateReading => {
  const r = new Reader(value);
  let word = r.atom();
  let weekday = -1;
  if (r.took(COMMA)) {
    weekday = LOWER_DAYS.indexOf(word.toLowerCase());
    if (weekday < 0) return invalid;
    word = r.atom();
  }
  const day = number(word, 1, 2);
  const month = LOWER_MONTHS.indexOf(r.atom().toLowerCase());
  const yearText = r.atom();
  const hour = number(r.atom(), 2, 2);
  if (!r.tookTight(COLON)) return invalid;
  const minute = number(r.atom(), 2, 2);
  const second = r.tookTight(COLON) ? number(r.atom(), 2, 2) : 0;
  const zoneText = r.atom();
  if (!r.ended) return invalid;
  const zone = readZone(zoneText);
  const year = fullYear(number(yearText, 2, 4), yearText.length);
  if (
    zone === null || year < 1900 || month < 0 || day < 1 || day > daysIn(year, month) ||
    hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60
  ) return invalid;
  const local = Date.UTC(year, month, day, hour, minute, second);
  const instant = local - zone.minutes * 60_000;
  const right = weekday < 0 || new Date(Date.UTC(year, month, day)).getUTCDay() === weekday;
  const obsolete = r.obsolete || yearText.length < 4 || zone.text !== zoneText;
  if (right && !obsolete) return { _tag: "Valid", instant };
  const text = `${right && weekday >= 0 ? `${DAYS[weekday]}, ` : ""}${day} ${MONTHS[month]} ` +
    `${year} ${two(hour)}:${two(minute)}:${two(second)} ${zone.text}`;
  return { _tag: obsolete ? "Obsolete" : "WrongWeekday", instant, text };
};

const daysIn = (year: number, month: number): number =>
  new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

/** RFC 5322 §4.3 */
const fullYear = (year: number, digits: number): number => {
  if (year < 0) return -1;
  if (digits === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits === 3 ? 1900 + year : year;
};

const readZone = (s: string): { readonly minutes: number; readonly text: string } | null => {
  const sign = s[0];
  if (sign === "+" || sign === "-") {
    const hours = number(s.slice(1, 3), 2, 2);
    const minutes = number(s.slice(3), 2, 2);
    if (hours < 0 || minutes < 0 || minutes > 59) return null;
    return { minutes: (sign === "-" ? -1 : 1) * (hours * 60 + minutes), text: s };
  }
  if (!/^[A-Za-z]{1,5}$/.test(s)) return null;
  return readZone(NAMED_ZONES.get(s.toLowerCase()) ?? "-0000");
};
