/**
 * What a module of a site's policy imports, found in its text before the runtime sees it. Pure.
 *
 * The runtime's permissions do not hold for imports (`npm:` is fetched without any), so a policy may import nothing
 * but modules of its own, by statements that stand at the beginning of a line: `import ... from "./lists.ts"`. Types
 * of anywhere are erased, so `import type` is free. Every other `import`, and `export ... from`, is a problem.
 */
import type { FileProblem } from "./file_fault.ts";

/** A statement that names a module of its own: `text.slice(start, end)` is the specifier without its quotes. */
export interface OwnImport {
  readonly specifier: string;
  readonly start: number;
  readonly end: number;
}

export interface Imports {
  readonly own: ReadonlyArray<OwnImport>;
  readonly problems: ReadonlyArray<FileProblem>;
}

const MAX_PROBLEMS = 20;
const NOT_ALLOWED =
  'a policy may import nothing but modules of its own directory, by a line `import ... from "./name.ts";` (types: `import type`); the word may not stand elsewhere either';
const NOT_EXPORTED =
  "a policy may export nothing from elsewhere: write `export default` or `export { name as default };`";
const NO_ESCAPE = "a letter of ASCII is written as itself, not as an escape";

const OWN = /^\.\/[^\\?#]+\.(?:ts|mts|js|mjs)$/;

export const importsOf = (text: string): Imports => {
  const own: Array<OwnImport> = [];
  const known: Array<readonly [number, number]> = [];
  for (const m of text.matchAll(/^(?:import|export)\b/gm)) {
    const found = statementAt(text, m.index, m[0]);
    if (found === null) continue;
    if (!found.erased) own.push(found.own);
    known.push([m.index, m.index + m[0].length]);
  }
  const isKnown = (at: number) => known.some(([from, to]) => at >= from && at < to);
  const problems: Array<FileProblem> = [];
  const tell = (at: number, message: string) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ ...placeOf(text, at), message });
  };
  for (const m of text.matchAll(/\\u(?:00[4-7][0-9a-f]|\{0*[4-7][0-9a-f]\})/gi)) {
    tell(m.index, NO_ESCAPE);
  }
  for (const m of text.matchAll(/(?:import|export)(?![\w$])/g)) {
    if (isKnown(m.index) || isName(text, m.index) || inLineComment(text, m.index)) continue;
    if (m[0] === "import") tell(m.index, NOT_ALLOWED);
    else if (!exportsOwn(text, m.index + m[0].length)) tell(m.index, NOT_EXPORTED);
  }
  return { own, problems };
};

const FROM = /(?:^|[\s}*])from$/;
/** Of types alone; `import type from` names a value. */
const ERASED = /^type\s+(?:\{[\w$\s,]*\}|\*|\*\s+as\s+[\w$]+|(?!from\s)[\w$]+\s)\s*from$/;

/** `import CLAUSE "..."` and `export CLAUSE "..."`, alone up to the end of the line; null: something else. */
const statementAt = (
  text: string,
  start: number,
  word: string,
): { readonly erased: boolean; readonly own: OwnImport } | null => {
  let at = start + word.length;
  while (at < text.length && /[\w$*{},\s]/.test(text[at]!)) at++;
  const quote = text[at];
  if (quote !== '"' && quote !== "'") return null;
  const clause = text.slice(start + word.length, at).trim();
  if (clause === "" ? word === "export" : !FROM.test(clause)) return null;
  const close = text.indexOf(quote, at + 1);
  if (close < 0) return null;
  const lineEnd = text.indexOf("\n", close);
  const rest = text.slice(close + 1, lineEnd < 0 ? undefined : lineEnd).trim();
  if (rest !== "" && rest !== ";") return null;
  const specifier = text.slice(at + 1, close);
  const erased = ERASED.test(clause);
  if (!erased && (!OWN.test(specifier) || specifier.includes("/../"))) return null;
  return { erased, own: { specifier, start: at + 1, end: close } };
};

/** Part of a longer word, or a property: `reimport`, `.import`, but not `...import`. */
const isName = (text: string, at: number): boolean =>
  /[\w$#]/.test(text[at - 1] ?? "") ||
  (text[at - 1] === "." && text[at - 2] !== ".");

/**
 * The line begins with `//` and is a comment for certain: a template or a string that began before it neither ends in
 * it nor holds code in it, and no longer comment ends in it.
 */
const inLineComment = (text: string, at: number): boolean => {
  const from = text.lastIndexOf("\n", at) + 1;
  const to = text.indexOf("\n", at);
  const line = text.slice(from, to < 0 ? undefined : to);
  return line.trimStart().startsWith("//") && !/`|\$\{|\*\//.test(line) &&
    !/[\\\r\u2028\u2029]/.test(line.slice(0, -1)) && !text.slice(0, from).trimEnd().endsWith("\\");
};

const DECLARED =
  /^\s+(?:default|const|let|var|function|async|class|abstract|interface|enum|declare)(?![\w$])/;
const TYPES = /^\s+type\s+(?!from(?![\w$]))[\w{]/;
const LIST = /^\s*\{[\w$\s,]*\}\s*;/;

/** What stands behind `export` is declared here, a type, or a list that ends with its semicolon. */
const exportsOwn = (text: string, behind: number): boolean => {
  const next = text.slice(behind, behind + 4000);
  return DECLARED.test(next) || TYPES.test(next) || LIST.test(next);
};

const placeOf = (text: string, at: number) => {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
};
