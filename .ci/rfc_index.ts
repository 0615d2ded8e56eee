/**
 * Writes `docs/rfc.md`: which files cite which section of which RFC, and which tests name which row
 * of the conformance ledger (`docs/design/requirements.md`), or why none does (`ledger_reasons.json`).
 *
 *     deno run --allow-read --allow-write=docs .ci/rfc_index.ts
 *     deno run --allow-read .ci/rfc_index.ts --check
 *
 * The check fails where the page is stale, and where code, tests or pages cite an id, a section, a path or a link that
 * is not there.
 */
import { brokenPaths, definedIn, type Source, unresolved } from "./citations.ts";
import { type Row, rowsOf } from "./ledger.ts";

const PAGE = "docs/rfc.md";
const LEDGER = "docs/design/requirements.md";

const READ = /\.(?:ts|smtp|json|eml|md|py)$/;

const sources = (path: string): ReadonlyArray<Source> => {
  try {
    return [...Deno.readDirSync(path)].flatMap((e) =>
      e.isDirectory
        ? sources(`${path}/${e.name}`)
        : READ.test(e.name)
        ? [{ path: `${path}/${e.name}`, text: Deno.readTextFileSync(`${path}/${e.name}`) }]
        : []
    ).sort((a, b) => a.path < b.path ? -1 : 1);
  } catch (e) {
    if (e instanceof Deno.errors.NotFound) return [];
    throw e;
  }
};

/** `RFC 5321 §4.1.1.4, §4.5.2` is two citations; a line break and comment stars may stand between. */
export const citations = (text: string): ReadonlyArray<readonly [number, string]> => {
  const plain = text.replace(/\n[ \t]*(?:\*|\/\/|#)?[ \t]*/g, " ");
  const out: Array<readonly [number, string]> = [];
  const each = /RFC (\d{3,5}) (§\d+(?:\.\d+)*(?:(?:, |-| and )§?\d+(?:\.\d+)*(?![\d.]*\s+§))*)/g;
  for (const [, rfc, list] of plain.matchAll(each)) {
    for (const [section] of list?.matchAll(/§\d+(?:\.\d+)*/g) ?? []) {
      out.push([Number(rfc), section]);
    }
  }
  return out;
};

/** Ids of rows in a text; `SMTP-04..07` and `SMTP-21, 23` name several. */
export const rowsNamed = (text: string, known: ReadonlySet<string>): ReadonlySet<string> => {
  const out = new Set<string>();
  const each = /\b([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-)(\d[\d.]*[a-z]?)((?:\.\.|, )\d[\da-z.]*)*/g;
  for (const [all, prefix = "", first = ""] of text.matchAll(each)) {
    const names = all.slice(prefix.length);
    const [from, to] = names.split("..");
    if (to !== undefined && from !== undefined) {
      for (let n = Number(from); n <= Number(to); n++) {
        out.add(`${prefix}${String(n).padStart(from.length, "0")}`);
      }
    } else for (const n of names.split(", ")) out.add(prefix + n);
    out.add(prefix + first);
  }
  return new Set([...out].map((id) => id.replace(/\.$/, "")).filter((id) => known.has(id)));
};

const bySection = (a: string, b: string): number => {
  const x = a.slice(1).split(".").map(Number);
  const y = b.slice(1).split(".").map(Number);
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const d = (x[i] ?? -1) - (y[i] ?? -1);
    if (d !== 0) return d;
  }
  return 0;
};

const sections = (lib: ReadonlyArray<Source>): string => {
  const found = new Map<number, Map<string, Set<string>>>();
  for (const { path, text } of lib) {
    for (const [rfc, section] of citations(text)) {
      const of = found.get(rfc) ?? new Map<string, Set<string>>();
      found.set(rfc, of);
      of.set(section, (of.get(section) ?? new Set()).add(path));
    }
  }
  let out = "";
  for (const rfc of [...found.keys()].sort((a, b) => a - b)) {
    const of = found.get(rfc)!;
    out += `\n### RFC ${rfc}\n\n`;
    for (const s of [...of.keys()].sort(bySection)) {
      out += `- ${s}: ${[...of.get(s)!].map((p) => `\`${p}\``).join(", ")}\n`;
    }
  }
  return out;
};

const cell = (s: string): string =>
  s.replaceAll("|", "\\|").replaceAll("*", "\\*").replaceAll("<", "&lt;");

export const page = (
  rows: ReadonlyArray<Row>,
  lib: ReadonlyArray<Source>,
  test: ReadonlyArray<Source>,
  reasons: Readonly<Record<string, string>> = {},
): string => {
  const known = new Set(rows.map((r) => r.id));
  const named = test.map(({ path, text }) => ({ path, ids: rowsNamed(text, known) }));
  const tests = (id: string) => named.filter((t) => t.ids.has(id)).map((t) => t.path);
  const covered = rows.filter((r) => tests(r.id).length > 0).length;
  const must = rows.filter((r) => r.level.startsWith("MUST"));
  const mustCovered = must.filter((r) => tests(r.id).length > 0).length;
  const lines = rows.map((r) => {
    const by = tests(r.id);
    const named = by.map((p) => `\`${p}\``).join(", ");
    const cells = [r.id, r.level, cell(r.title), named || cell(reasons[r.id] ?? "not yet")];
    return `| ${cells.join(" | ")} |`;
  });
  return `<!-- deno-fmt-ignore-file: written by .ci/rfc_index.ts -->

# Conformance

What the standards ask of a submission server, row by row, and the tests that name the row: ${covered} of ${rows.length},
of those that are MUST or MUST NOT ${mustCovered} of ${must.length}. "not yet" says that no test names it, not that it does
not hold. Written by \`.ci/rfc_index.ts\`; do not edit.

| Row | Level | Rule | Tests |
| --- | --- | --- | --- |
${lines.join("\n")}

## Sections and the files that follow them
${sections(lib)}`;
};

const readOrEmpty = (path: string): string => {
  try {
    return Deno.readTextFileSync(path);
  } catch (e) {
    if (e instanceof Deno.errors.NotFound) return "";
    throw e;
  }
};

/** What is cited, named or linked in the tree and is not there. */
const dangling = (all: ReadonlyArray<Source>): ReadonlyArray<string> => {
  const paths = new Set(all.map((s) => s.path));
  const exists = (path: string): boolean => {
    if (paths.has(path)) return true;
    try {
      Deno.statSync(path);
      return true;
    } catch (e) {
      if (e instanceof Deno.errors.NotFound) return false;
      throw e;
    }
  };
  const design = definedIn(all.filter((s) => s.path.startsWith("docs/design/")));
  return [
    ...all.flatMap((s) => unresolved(s, design)),
    ...all.filter((s) => s.path.endsWith(".md")).flatMap((s) => brokenPaths(s, exists)),
  ];
};

const FOLDERS = ["lib", "policies", "test", "bench", "examples", "docs"];

/** Data of others, invented citations, and what is written from the rest. */
const NOT_OURS = /^(?:test\/unit\/ci\/|test\/fuzz\/corpus\/|test\/golden\/.*\.eml$|docs\/rfc\.md$)/;

const topLevel = (): ReadonlyArray<Source> =>
  [...Deno.readDirSync(".")].filter((e) => e.isFile && /\.(?:ts|md)$/.test(e.name)).map((e) => ({
    path: e.name,
    text: Deno.readTextFileSync(e.name),
  }));

if (import.meta.main) {
  const rows = rowsOf(Deno.readTextFileSync(LEDGER));
  const reasons: Readonly<Record<string, string>> = JSON.parse(
    Deno.readTextFileSync(new URL("./ledger_reasons.json", import.meta.url)),
  );
  const want = page(rows, [...sources("lib"), ...sources("policies")], sources("test"), reasons);
  if (!Deno.args.includes("--check")) {
    Deno.mkdirSync("docs", { recursive: true });
    Deno.writeTextFileSync(PAGE, want);
  } else {
    const all = [...FOLDERS.flatMap(sources), ...topLevel()].filter((s) => !NOT_OURS.test(s.path));
    const wrong = [...dangling(all)];
    if (readOrEmpty(PAGE) !== want) {
      wrong.push(`${PAGE} is stale: run .ci/rfc_index.ts`);
    }
    // deno-lint-ignore no-console -- a script that speaks to a terminal
    for (const line of wrong) console.error(line);
    if (wrong.length > 0) Deno.exit(1);
  }
}
