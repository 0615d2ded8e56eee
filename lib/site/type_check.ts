/**
 * Type-checks a site's policy file by `deno check`, if possible: that needs the executable of the runtime and the
 * permission `--allow-run` for it. A compiled binary has neither.
 */
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { Duration, Effect } from "effect";
import { type FileProblem, PolicyFileFault } from "./file_fault.ts";
import { readModules } from "./modules.ts";

/** Null: checked and good; else why it was not checked. */
export type Unchecked = string | null;

/** What a site's file imports its types from; beside the sources, not in a bundle. */
const TYPES = new URL("../ports/site_facts.ts", import.meta.url);
export const TYPES_NAME = "@postern/postern/policy";

const LIMIT = Duration.seconds(60);
const MAX_PROBLEMS = 20;

/**
 * Fails with every type error, each with its place; before that with what the file may not import, since the checker
 * would fetch it.
 */
export const checkTypes = (file: string): Effect.Effect<Unchecked, PolicyFileFault> =>
  Effect.flatMap(readModules(file), () => {
    const deno = checker();
    return typeof deno === "string" ? Effect.succeed(deno) : run(deno.path, file);
  });

const checker = (): { readonly path: string } | string => {
  if (Deno.build.standalone) return "a compiled binary has no type checker; use `deno check`";
  if (!there(TYPES)) return "the types are not at hand in a bundle; use `deno check`";
  const path = Deno.execPath();
  const { state } = Deno.permissions.querySync({ name: "run", command: path });
  return state === "granted" ? { path } : `no permission to run deno (--allow-run=${path})`;
};

const there = (url: URL): boolean => {
  try {
    return url.protocol === "file:" && Deno.statSync(url).isFile;
  } catch {
    return false;
  }
};

const run = (deno: string, file: string): Effect.Effect<Unchecked, PolicyFileFault> =>
  Effect.tryPromise({
    try: (signal) =>
      new Deno.Command(deno, {
        args: ["check", "--quiet", "--no-lock", "--import-map", importMap(), file],
        cwd: dirname(file),
        env: { NO_COLOR: "1" },
        stdin: "null",
        signal,
      }).output(),
    catch: (e) => e,
  }).pipe(
    Effect.timeout(LIMIT),
    Effect.matchEffect({
      // that it cannot be checked is no fault of the file
      onFailure: (e) => Effect.succeed(`deno check could not be run: ${String(e)}`),
      onSuccess: ({ success, stderr }) =>
        success
          ? Effect.succeed(null)
          : Effect.fail(problems(file, new TextDecoder().decode(stderr))),
    }),
  );

const importMap = (): string =>
  `data:application/json,${
    encodeURIComponent(JSON.stringify({ imports: { [TYPES_NAME]: TYPES.href } }))
  }`;

/** One diagnostic: `TS2322 [ERROR]: text`, lines of source, `at file:///...:3:7`. */
const DIAGNOSTIC = /^(TS\d+) \[ERROR\]: (.+)$/;
const AT = /^\s+at (file:.+):(\d+):(\d+)$/;

const problems = (file: string, said: string): PolicyFileFault => {
  const own = pathToFileURL(file).href;
  const out: Array<FileProblem> = [];
  let open: string | null = null;
  for (const line of said.split("\n")) {
    const text = DIAGNOSTIC.exec(line);
    if (text !== null) open = `${text[1]}: ${text[2]}`;
    const at = AT.exec(line);
    if (at === null || open === null || out.length >= MAX_PROBLEMS) continue;
    const elsewhere = at[1] === own ? "" : ` (in ${at[1]})`;
    out.push({ line: Number(at[2]), column: Number(at[3]), message: open + elsewhere });
    open = null;
  }
  if (out.length > 0) return new PolicyFileFault({ file, problems: out });
  const first = said.split("\n").map((l) => l.trim()).find((l) => l !== "") ?? "does not check";
  const found = /(file:.*?):(\d+):(\d+)/.exec(said);
  return new PolicyFileFault({
    file,
    problems: [{
      line: found === null ? null : Number(found[2]),
      column: found === null ? null : Number(found[3]),
      message: first.replace(/^error: /, ""),
    }],
  });
};
