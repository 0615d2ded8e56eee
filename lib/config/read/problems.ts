/** Translates problems that zod found to the terms of the configuration file: key, value, what is allowed. */
import { z } from "zod";
import type { Problem } from "../config.ts";
import { nearest } from "../values/nearest.ts";
import { configFile, NO_ROUTE } from "../schema/schema.ts";
import type { KeyPath } from "../values/toml.ts";
import { hideLogin } from "../values/via.ts";

/** Where problems are, for one file. */
export interface Source {
  readonly file: string;
  readonly document: unknown;
  readonly lineOf: (path: KeyPath) => number | null;
}

/** `limits.message_bytes`, `route[1].via`, with routes counted from 1 as people do. */
export const printKey = (path: KeyPath): string =>
  path.reduce<string>(
    (out, part) =>
      typeof part === "number" ? `${out}[${part + 1}]` : out === "" ? part : `${out}.${part}`,
    "",
  );

/** A problem at `path` of this file. */
export const problemAt = (source: Source, path: KeyPath, message: string): Problem => ({
  file: source.file,
  line: source.lineOf(path),
  column: null,
  key: path.length === 0 ? null : printKey(path),
  value: showValue(path, valueAt(source.document, path)),
  message,
});

/** All problems of a failed parse, in the order of the file as far as lines are known. */
export const problemsOf = (
  source: Source,
  issues: ReadonlyArray<z.core.$ZodIssue>,
): ReadonlyArray<Problem> => issues.flatMap((issue) => fromIssue(source, issue));

const fromIssue = (source: Source, issue: z.core.$ZodIssue): ReadonlyArray<Problem> => {
  const path = issue.path.map((p) => typeof p === "symbol" ? String(p) : p);
  if (issue.code !== "unrecognized_keys") {
    const given = valueAt(source.document, path);
    const message = wantsTables(issue, path, given)
      ? `is one table; write [[${tableName(path)}]] with two brackets, once for each`
      : allowed(issue, given === undefined);
    return [problemAt(source, path, message)];
  }
  return issue.keys.map((key) => ({
    ...problemAt(source, [...path, key], unknownKey(path, key)),
    value: null, // a mistyped `password` is still a secret
  }));
};

/** `[route]` where `[[route]]` is meant. */
const wantsTables = (
  issue: z.core.$ZodIssue,
  path: KeyPath,
  given: unknown,
): boolean =>
  issue.code === "invalid_type" && issue.expected === "array" && typeof given === "object" &&
  given !== null && tables().some(([name]) => name === tableName(path));

const tableName = (path: KeyPath): string => path.filter((p) => typeof p === "string").join(".");

/** What would have been right. */
const allowed = (issue: z.core.$ZodIssue, absent: boolean): string => {
  switch (issue.code) {
    case "invalid_type": {
      // words about the very value that was given, or that nothing was
      if (issue.message.startsWith('"') || issue.message === NO_ROUTE) return issue.message;
      const what = TYPES[issue.expected] ?? `of type ${issue.expected}`;
      if (absent) return `is missing; it must be ${what}`;
      return `must be ${what}`;
    }
    case "invalid_value": {
      // words about the very value that was given
      if (issue.message.startsWith('"')) return issue.message;
      const values = issue.values.map((v) => JSON.stringify(v)).join(", ");
      return absent ? `is missing; it must be one of ${values}` : `must be one of ${values}`;
    }
    case "invalid_key":
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
};

const TYPES: Readonly<Record<string, string>> = {
  string: "a text in quotes",
  int: "a whole number",
  number: "a number",
  array: 'a list, as in ["..."]',
  object: "a table",
  boolean: "true or false",
};

const SECRET = new Set(["password", "client_secret"]);

/** The value for people: scalars and lists of them; tables and secrets are not shown. */
const showValue = (path: KeyPath, value: unknown): string | null => {
  // of a list, the key is that of the list
  const key = path.filter((p) => typeof p === "string").at(-1);
  if (value === undefined) return null;
  if (key !== undefined && SECRET.has(key)) return "(not shown)";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null && !(value instanceof Date)) return "a table";
  const text = typeof value === "string"
    ? JSON.stringify(key === "via" ? hideLogin(value) : value)
    : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

const valueAt = (document: unknown, path: KeyPath): unknown =>
  path.reduce<unknown>(
    (v, part) =>
      typeof v === "object" && v !== null && Object.hasOwn(v, part)
        ? Reflect.get(v, part)
        : undefined,
    document,
  );

/** Names the nearest key of the same table, else a table that has just this key. */
const unknownKey = (path: KeyPath, key: string): string => {
  const here = keysAt(path);
  const near = nearest(key, here);
  if (near !== null) return `unknown key; did you mean ${JSON.stringify(near)}?`;
  const elsewhere = tables().find(([name, keys]) => name !== "" && nearest(key, keys) !== null);
  if (elsewhere !== undefined) {
    return `unknown key; did you mean ${JSON.stringify(nearest(key, elsewhere[1]))} of [${
      elsewhere[0]
    }]?`;
  }
  return `unknown key; known here: ${here.join(", ")}`;
};

const keysAt = (path: KeyPath): ReadonlyArray<string> =>
  tables().find(([name]) => name === tableName(path))?.[1] ??
    [];

/** Every table of the schema with its keys, arrays of tables by their name alone. */
const tables = (): ReadonlyArray<readonly [string, ReadonlyArray<string>]> => {
  const out: Array<readonly [string, ReadonlyArray<string>]> = [];
  const walk = (name: string, type: z.core.$ZodType): void => {
    if (type instanceof z.ZodObject) {
      out.push([name, Object.keys(type.shape)]);
      for (const [key, inner] of Object.entries(type.shape)) {
        walk(name === "" ? key : `${name}.${key}`, inner as z.core.$ZodType);
      }
    } else if (type instanceof z.ZodArray) walk(name, type.element);
    else if (
      type instanceof z.ZodDefault || type instanceof z.ZodPrefault || type instanceof z.ZodOptional
    ) walk(name, type.unwrap());
  };
  walk("", configFile);
  return out;
};
