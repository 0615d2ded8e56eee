/**
 * The conformance ledger: the rows of the tables in `docs/design/requirements.md`.
 *
 * A row is a table row whose first cell is an id (`SMTP-08`, `EXT-8B-1`, `BKD-LDAP`); its title is the first sentence
 * of its requirement, or of its condition and action.
 */

/** One requirement: `level` is MUST, SHOULD, MAY, ... or PRODUCT, our own decision. */
export interface Row {
  readonly id: string;
  readonly level: string;
  readonly title: string;
}

const ID = /^[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-(?:\d[\d.]*[a-z]?|[A-Z]+)$/;

/** Short forms whose dot ends no sentence. */
const SHORT = /\b(?:incl|e\.g|i\.e|vs)$/;

/** Cells of a line of a table, `\|` being a character; null for any other line. */
export const cellsOf = (line: string): ReadonlyArray<string> | null =>
  line.startsWith("|")
    ? line.slice(1).replace(/\|\s*$/, "").split(/(?<!\\)\|/).map((c) =>
      c.trim().replaceAll("\\|", "|")
    )
    : null;

/** The text up to the first full stop that ends a sentence, without it. */
export const firstSentence = (text: string): string => {
  for (const { index } of text.matchAll(/\. (?=[A-Z`"(])/g)) {
    if (!SHORT.test(text.slice(0, index))) return text.slice(0, index);
  }
  return text.replace(/\.$/, "");
};

/** Rows in the order of the page. */
export const rowsOf = (page: string): ReadonlyArray<Row> => {
  const out: Array<Row> = [];
  let head: ReadonlyArray<string> = [];
  for (const line of page.split("\n")) {
    const cells = cellsOf(line);
    if (cells === null) continue;
    const [id = "", second = "", third = "", fourth = ""] = cells;
    if (id === "ID") head = cells;
    else if (ID.test(id)) {
      const levelled = head[1] === "Level";
      const text = levelled ? third : second;
      const whole = head[2] === "Condition" ? `${text}: ${fourth}` : text;
      const title = firstSentence(whole.replaceAll("**", ""));
      out.push({ id, level: levelled ? second : "PRODUCT", title });
    }
  }
  return out;
};
