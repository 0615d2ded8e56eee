/** Files with secrets in the configuration that others can read. */
import { printKey, problemAt, type Source } from "./problems.ts";
import type { Problem } from "../config.ts";
import type { KeyPath } from "../values/toml.ts";

/** Keys whose value is the path of a file that nobody else should read. */
const NAMES = /^(?:key|tsig|.*(?:password|secret|key)_file)$/;

/** Keys whose value is a secret itself, which makes the configuration file one. */
const INLINE: ReadonlySet<string> = new Set(["password", "client_secret"]);

/** `resolve` makes paths absolute. A file that is not there is told of elsewhere. */
export const readableSecrets = async (
  source: Source,
  resolve: (path: string) => string,
): Promise<ReadonlyArray<Problem>> => {
  const out: Array<Problem> = [];
  for (const { path, value } of strings(source.document)) {
    const name = String(path.at(-1));
    if (NAMES.test(name) && await othersRead(resolve(value))) {
      out.push(problemAt(source, path, "others can read it; run chmod 600 on it"));
    }
    if (INLINE.has(name) && await othersRead(source.file)) {
      const message = `this file holds ${
        printKey(path)
      }, and others can read it: run chmod 600 on it`;
      out.push(problemAt(source, path, message));
    }
  }
  return out;
};

const othersRead = (path: string): Promise<boolean> =>
  Deno.stat(path).then(
    (s) => s.isFile && s.mode !== null && (s.mode & 0o077) !== 0,
    () => false,
  );

/** Every text of the document with its place. */
function* strings(
  node: unknown,
  path: KeyPath = [],
): Generator<{ readonly path: KeyPath; readonly value: string }> {
  if (typeof node === "string") yield { path, value: node };
  else if (Array.isArray(node)) {
    for (const [i, inner] of node.entries()) yield* strings(inner, [...path, i]);
  } else if (typeof node === "object" && node !== null && !(node instanceof Date)) {
    for (const [key, inner] of Object.entries(node)) yield* strings(inner, [...path, key]);
  }
}
