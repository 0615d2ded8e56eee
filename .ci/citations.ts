/**
 * Whether what code, tests and pages cite is there: ids of rows (`AC-7`), rows of `threats.md`, sections of the pages
 * in `docs/design/`, and the paths and links that pages name. Reads text only.
 */
import { cellsOf } from "./ledger.ts";

/** A file by its path from the root. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What the pages of `docs/design/` define. */
export interface Defined {
  readonly ids: ReadonlySet<string>;
  /** What stands before the number of an id: `AC-`, `EXT-8B-`. */
  readonly families: ReadonlySet<string>;
  /** Page (`threats.md`) to the numbers of its rows. */
  readonly rows: ReadonlyMap<string, ReadonlySet<string>>;
  /** Page to the numbers of its headings. */
  readonly sections: ReadonlyMap<string, ReadonlySet<string>>;
}

/** `MSA-3.2a`; `NS-1..16` names all of them. */
const ID =
  /(?<![\w[-])([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-)(\d+(?:\.\d+)*[a-z]?)(?:\.\.(\d+))?(?![\w-])/g;
const ROW_ID = /^(?:[A-Z][A-Z0-9]*-(?:[A-Z0-9]+-)*)(?:\d[\d.]*[a-z]?|[A-Z]+)$/;

/** Names that only look like an id of ours. */
const FOREIGN = /^(?:SHA|UTF|AES|ISO|RFC|CVE|CWE|SSH|SCRAM-SHA|ISO-8859|CVE-\d+|X|K)-$/;
const FOREIGN_IDS: ReadonlySet<string> = new Set(["P-256", "P-384", "P-521"]);

const last = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Reads the pages of `docs/design/`. */
export const definedIn = (pages: ReadonlyArray<Source>): Defined => {
  const ids = new Set<string>();
  const rows = new Map<string, Set<string>>();
  const sections = new Map<string, Set<string>>();
  for (const { path, text } of pages) {
    const numbers = new Set<string>();
    const headings = new Set<string>();
    for (const line of text.split("\n")) {
      const first = cellsOf(line)?.[0] ?? /^([A-Z]+-\d+) /.exec(line)?.[1] ?? "";
      if (ROW_ID.test(first)) ids.add(first);
      if (/^\d+$/.test(first)) numbers.add(first);
      const heading = /^#{2,3} (\d+(?:\.\d+)*)\.? /.exec(line)?.[1];
      if (heading !== undefined) headings.add(heading);
    }
    rows.set(last(path), numbers);
    sections.set(last(path), headings);
  }
  const families = new Set([...ids].map((id) => id.slice(0, id.lastIndexOf("-") + 1)));
  return { ids, families, rows, sections };
};

/** Both ends included, as wide as `from`: 04, 05, 06. */
const range = (from: string, to: string): ReadonlyArray<string> =>
  Array.from(
    { length: Number(to) - Number(from) + 1 },
    (_, i) => `${Number(from) + i}`.padStart(from.length, "0"),
  );

/** `13 to 15`, `32, 35` and `12 and 27` as single numbers. */
const numbersIn = (list: string): ReadonlyArray<string> =>
  list.split(/, | and /).flatMap((part) => {
    const [from = "", to] = part.split(" to ");
    return to === undefined ? [part] : range(from, to);
  });

/** What `source` cites and nothing defines, a line each. */
export const unresolved = ({ path, text }: Source, defined: Defined): ReadonlyArray<string> => {
  const out: Array<string> = [];
  const plain = text.replace(/\n[ \t]*(?:\*|\/\/|#)?[ \t]*/g, " ");
  for (const [id, family = "", from = "", to = from] of plain.matchAll(ID)) {
    for (const number of from === to ? [from] : range(from, to)) {
      const whole = family + number;
      if (defined.ids.has(whole) || FOREIGN_IDS.has(whole)) continue;
      if (defined.families.has(family)) out.push(`${path}: ${whole} is no row of docs/design/`);
      else if (!FOREIGN.test(family)) {
        out.push(`${path}: ${id} is an id of no page of docs/design/`);
      }
    }
  }
  const rows = /\b([a-z_]+\.md) rows? (\d+(?:(?:, | and | to )\d+)*)/g;
  for (const [, page = "", list = ""] of plain.matchAll(rows)) {
    for (const n of numbersIn(list)) {
      if (!defined.rows.get(page)?.has(n)) out.push(`${path}: ${page} has no row ${n}`);
    }
  }
  const sections = /\b([a-z_]+\.md) (§\d+(?:\.\d+)*(?:(?:, | and )§\d+(?:\.\d+)*)*)/g;
  for (const [, page = "", list = ""] of plain.matchAll(sections)) {
    for (const [section] of list.matchAll(/§\d+(?:\.\d+)*/g)) {
      if (!defined.sections.get(page)?.has(section.slice(1))) {
        out.push(`${path}: ${page} has no section ${section.slice(1)}`);
      }
    }
  }
  if (!path.startsWith("docs/design/")) {
    for (const [cited] of plain.matchAll(/\b(?:[Tt]hreats? (?:rows? )?\d+|Section \d[\d.]*)/g)) {
      out.push(`${path}: "${cited}" names no page: write \`threats.md row N\`, \`PAGE.md §N\``);
    }
  }
  return out;
};

/** Names files of other projects, where its facts were read. */
const OF_OTHERS = "docs/design/autodiscovery.md";

/** Paths in back-quotes and targets of links in a page of Markdown that `exists` does not know. */
export const brokenPaths = (
  { path, text }: Source,
  exists: (path: string) => boolean,
): ReadonlyArray<string> => {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const named = path === OF_OTHERS
    ? []
    : [...text.matchAll(/`((?:lib|test|policies|bench|docs|examples|\.ci)\/[\w./-]*)`/g)]
      .map(([, p = ""]) => p);
  const linked = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, p = ""]) => p)
    .filter((p) => !/^[a-z]+:|^#/.test(p))
    .map((p) => new URL(p.replace(/#.*$/, ""), `file:///${folder === "" ? "" : `${folder}/`}`))
    .map((url) => decodeURIComponent(url.pathname.slice(1)));
  return [...named, ...linked].filter((p) => !exists(p)).map((p) => `${path}: there is no ${p}`);
};
