// deno-lint-ignore-file no-console -- it reports on the terminal
/**
 * `deno doc --lint` over all entries of `deno.json`: every exported symbol has its words, and every type that it names
 * is exported by some entry.
 *
 * Packages are left out of sight by an import map that leads them to an empty module: their types are documented
 * where they come from, yet the linter asks for them here. Of what it finds, two kinds do not count: members whose
 * name and type say all (a comment on each `host: string` would be filler; the type that holds them has its words),
 * and a constant `...Base`, which names the super class of the class below it.
 *
 *     deno run --allow-read=. --allow-write --allow-run=deno .ci/doc_lint.ts
 */

interface Finding {
  readonly text: string;
  /** The line of source that it points at. */
  readonly source: string;
}

/** What the linter printed, finding by finding. */
export const findingsOf = (printed: string): ReadonlyArray<Finding> =>
  printed.split(/^(?=error\[)/m).filter((part) => part.startsWith("error[")).map((part) => ({
    text: part.trimEnd(),
    source: /^ *\d+ \| (.*)$/m.exec(part)?.[1]?.trim() ?? "",
  }));

/** Whether somebody has to mend it. */
export const counts = ({ text, source }: Finding): boolean =>
  !(text.startsWith("error[missing-jsdoc]") && !source.startsWith("export ")) &&
  !/^error\[private-type-ref\].*references private type '\w+Base'/.test(text);

if (import.meta.main) {
  const { imports, exports } = JSON.parse(Deno.readTextFileSync("deno.json"));
  const empty = "data:text/javascript,export{}";
  const map = {
    imports: Object.fromEntries(Object.keys(imports).map((name) => [name, empty])),
  };
  const { stdout, stderr } = new Deno.Command("deno", {
    args: [
      "doc",
      "--lint",
      "--no-config",
      "--no-lock",
      "--import-map",
      `data:application/json,${encodeURIComponent(JSON.stringify(map))}`,
      ...Object.values(exports).map(String),
    ],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).outputSync();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const found = findingsOf(printed).filter(counts);
  for (const { text } of found) console.error(`${text}\n`);
  console.log(`${found.length} findings in the documentation of the entries`);
  if (found.length > 0) Deno.exit(1);
}
