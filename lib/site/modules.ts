/** The modules of a site's policy: its file, and those of the same directory that it imports, read into memory. */
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { Effect } from "effect";
import { type FileProblem, PolicyFileFault } from "./file_fault.ts";
import { importsOf, type OwnImport } from "./imports.ts";

export interface Module {
  readonly file: string;
  readonly text: string;
  /** With the file that each of them names. */
  readonly imports: ReadonlyArray<OwnImport & { readonly file: string }>;
}

const MAX_MODULES = 100;
const MAX_BYTES = 4 * 1024 * 1024;

/** Every module behind those that it imports, the file itself last. Fails with what is wrong, and where. */
export const readModules = (
  file: string,
): Effect.Effect<ReadonlyArray<Module>, PolicyFileFault> =>
  Effect.tryPromise({
    try: async () => {
      const read: Array<Module> = [];
      await readInto(read, [], await directoryOf(file), file);
      return read;
    },
    catch: (e) => e instanceof PolicyFileFault ? e : unreadable(file, e),
  });

const directoryOf = (file: string): Promise<string> =>
  Deno.realPath(dirname(file)).catch((e) => Promise.reject(unreadable(file, e)));

/** `open`: the files whose imports are being read. */
const readInto = async (
  read: Array<Module>,
  open: ReadonlyArray<string>,
  directory: string,
  file: string,
): Promise<void> => {
  if (read.some((m) => m.file === file)) return;
  if (open.includes(file)) throw faultOf(file, "imports itself in a circle");
  if (read.length + open.length >= MAX_MODULES) {
    throw faultOf(file, `a policy may have ${MAX_MODULES} modules`);
  }
  const text = await readText(file);
  const { own, problems } = importsOf(text);
  if (problems.length > 0) throw new PolicyFileFault({ file, problems });
  const imports = [];
  for (const i of own) {
    const target = join(dirname(file), i.specifier);
    // a link must not lead out of it. The file itself may be one
    const real = await Deno.realPath(target).catch((e) => Promise.reject(unreadable(target, e)));
    if (relative(directory, real).startsWith("..")) {
      throw faultOf(file, `"${i.specifier}" leads out of the directory of the policy`);
    }
    await readInto(read, [...open, file], directory, target);
    imports.push({ ...i, file: target });
  }
  read.push({ file, text, imports });
};

const readText = async (file: string): Promise<string> => {
  try {
    const { size } = await Deno.stat(file);
    if (size > MAX_BYTES) throw faultOf(file, `is larger than ${MAX_BYTES} octets`);
    return await Deno.readTextFile(file);
  } catch (e) {
    throw e instanceof PolicyFileFault ? e : unreadable(file, e);
  }
};

const unreadable = (file: string, e: unknown): PolicyFileFault =>
  faultOf(file, e instanceof Deno.errors.NotFound ? "there is no such file" : String(e));

const faultOf = (file: string, message: string): PolicyFileFault => {
  const problem: FileProblem = { line: null, column: null, message };
  return new PolicyFileFault({ file, problems: [problem] });
};

/** The modules as `blob:` URLs: from there the runtime lets a module read no file. */
export class Blobs {
  /** By file. */
  readonly #urls = new Map<string, string>();

  constructor(modules: ReadonlyArray<Module>) {
    for (const m of modules) {
      const type = /\.m?js$/.test(m.file) ? "text/javascript" : "application/typescript";
      this.#urls.set(m.file, URL.createObjectURL(new Blob([this.#linked(m)], { type })));
    }
  }

  of(file: string): string {
    return this.#urls.get(file) ?? "";
  }

  /** What the runtime says, with the files in place of their URLs. */
  named(said: string): string {
    let out = said;
    for (const [file, url] of this.#urls) out = out.replaceAll(url, pathToFileURL(file).href);
    return out;
  }

  revoke(): void {
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
  }

  #linked({ text, imports }: Module): string {
    let out = "";
    let done = 0;
    for (const { start, end, file } of imports) {
      out += text.slice(done, start) + this.of(file);
      done = end;
    }
    return out + text.slice(done);
  }
}
