/** Results of TLS by UTC day, until the reports are sent; as text that survives a restart. Pure. */
import type { NotedPolicy, TlsNote } from "../ports/tls_notes.ts";
import { type Counted, type Tallied, Tally } from "./tls_tally.ts";

export const DAY = 86_400_000;
/** A report on an older day helps nobody. */
const OLDEST = 7 * DAY;

export class Notebook {
  readonly #days = new Map<number, Tally>();
  #changed = false;

  /** `text`: what `write` gave before; whatever else stands there is passed over. */
  constructor(text: string | null = null, now = 0) {
    for (const [day, domain, tallied] of readNotes(text)) {
      if (day >= now - OLDEST) this.#of(day).restore(domain, tallied);
    }
  }

  #of(day: number): Tally {
    let tally = this.#days.get(day);
    if (tally === undefined) this.#days.set(day, tally = new Tally());
    return tally;
  }

  add(note: TlsNote, now: number): void {
    this.#changed = true;
    this.#of(Math.floor(now / DAY) * DAY).add(note);
  }

  /** First milliseconds of days that are over, the oldest first. */
  over(now: number): ReadonlyArray<number> {
    return [...this.#days.keys()].filter((day) => day + DAY <= now).sort((a, b) => a - b);
  }

  of(day: number): ReadonlyMap<string, Tallied> {
    return this.#days.get(day)?.all ?? new Map();
  }

  /** A domain was told of a day, or need not be. */
  told(day: number, domain: string): void {
    const tally = this.#days.get(day);
    if (tally === undefined) return;
    this.#changed = true;
    tally.drop(domain);
    if (tally.all.size === 0) this.#days.delete(day);
  }

  /** Null where nothing has changed since. */
  write(): string | null {
    if (!this.#changed) return null;
    this.#changed = false;
    return JSON.stringify(
      [...this.#days].flatMap(([day, { all }]) =>
        [...all].map(([domain, tallied]) => ({ day, domain, tallied }))
      ),
    );
  }
}

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === "object" && v !== null;
const isTexts = (v: unknown): v is ReadonlyArray<string> =>
  Array.isArray(v) && v.every((x) => typeof x === "string");
const isCount = (v: unknown): v is number => typeof v === "number" && v >= 0;

const TYPES: ReadonlyArray<unknown> = ["tlsa", "sts", "no-policy-found"];

const isPolicy = (v: unknown): v is NotedPolicy =>
  isRecord(v) && TYPES.includes(v["type"]) && isTexts(v["lines"]) && isTexts(v["mx"]);

const isDetail = (v: unknown): boolean =>
  isRecord(v) && isTexts([v["type"], v["host"], v["reason"]]) && isCount(v["count"]) &&
  (v["address"] === null || typeof v["address"] === "string");

const isCounted = (v: unknown): v is Counted =>
  isRecord(v) && isPolicy(v["policy"]) && isCount(v["successes"]) && isCount(v["failures"]) &&
  Array.isArray(v["details"]) && v["details"].every(isDetail);

const readNotes = (text: string | null): ReadonlyArray<[number, string, Tallied]> => {
  try {
    const all: unknown = JSON.parse(text ?? "[]");
    return !Array.isArray(all)
      ? []
      : all.filter(isRecord).flatMap(({ day, domain, tallied }) =>
        isCount(day) && typeof domain === "string" && Array.isArray(tallied) &&
          tallied.every(isCounted)
          ? [[day, domain, tallied]]
          : []
      );
  } catch {
    return [];
  }
};
