/** The language of the page, by what the browser asks for. RFC 9110 §12.5.4, RFC 4647 §3.4 */
import { DE } from "./words/de.ts";
import { EN } from "./words/en.ts";
import { ES } from "./words/es.ts";
import { FR } from "./words/fr.ts";
import { IT } from "./words/it.ts";
import type { Words } from "./words/words.ts";

/** The first is the default. */
export const LANGUAGES: ReadonlyArray<Words> = [EN, DE, FR, ES, IT];

/** Of a header, what is looked at. */
const MAX_HEADER = 1_000;

interface Range {
  readonly tag: string;
  readonly quality: number;
}

/** `de-AT;q=0.8`; what is no weight counts for nothing. RFC 9110 §12.4.2 */
const rangeOf = (text: string): Range => {
  const [tag = "", ...parameters] = text.split(";").map((p) => p.trim().toLowerCase());
  const weight = parameters.find((p) => p.startsWith("q="))?.slice(2);
  const quality = weight === undefined
    ? 1
    : /^[01](?:\.[0-9]{0,3})?$/.test(weight)
    ? Number(weight)
    : 0;
  return { tag, quality };
};

/** Best quality first, in their order at a tie; a region counts as its language. */
export const languageOf = (acceptLanguage: string | null): Words => {
  const [standard = EN] = LANGUAGES;
  const ranges = (acceptLanguage ?? "").slice(0, MAX_HEADER).split(",").map(rangeOf)
    .filter((r) => r.quality > 0).sort((a, b) => b.quality - a.quality);
  for (const { tag } of ranges) {
    if (tag === "*") return standard;
    const [primary] = tag.split("-");
    const words = LANGUAGES.find((w) => w.lang === primary);
    if (words !== undefined) return words;
  }
  return standard;
};
