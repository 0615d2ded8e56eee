/** Reads TOML, and finds the line of a key, which the parser does not keep. */
import { parse, TomlError } from "smol-toml";

export type KeyPath = ReadonlyArray<string | number>;

export type TomlResult =
  | { readonly _tag: "Document"; readonly value: Readonly<Record<string, unknown>> }
  | {
    readonly _tag: "Broken";
    readonly message: string;
    readonly line: number | null;
    readonly column: number | null;
  };

/** The document, or the first fault; its message never quotes the text, which may hold secrets. */
export const parseToml = (text: string): TomlResult => {
  try {
    return { _tag: "Document", value: parse(text.replace(/^\ufeff/, "")) };
  } catch (e) {
    if (!(e instanceof TomlError)) {
      return { _tag: "Broken", message: "not valid TOML", line: null, column: null };
    }
    const first = e.message.split("\n", 1)[0] ?? "";
    return {
      _tag: "Broken",
      message: `not valid TOML: ${first.replace(/^Invalid TOML document: /, "")}`,
      line: e.line,
      column: e.column,
    };
  }
};

/**
 * A function from key path to line (from 1). Where a key has no line of its own, the line of what
 * holds it; null where nothing does. A hint for people: keys inside inline tables get the table's line.
 */
export const locate = (text: string): (path: KeyPath) => number | null => {
  const lines = keyLines(text);
  return (path) => {
    for (let n = path.length; n > 0; n--) {
      const line = lines.get(pathKey(path.slice(0, n)));
      if (line !== undefined) return line;
    }
    return null;
  };
};

const pathKey = (path: KeyPath): string => path.map(String).join("\0");

const keyLines = (text: string): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  const counts = new Map<string, number>();
  let table: KeyPath = [];
  let within: string | null = null;
  const note = (path: KeyPath, line: number) => {
    const key = pathKey(path);
    if (!found.has(key)) found.set(key, line);
  };
  text.split("\n").forEach((raw, i) => {
    const line = raw.trimStart();
    if (within !== null) {
      if (raw.includes(within)) within = null;
      return;
    }
    if (line.startsWith("[[")) {
      const name = splitKey(line.slice(2)).keys;
      const array = pathKey(name);
      const index = counts.get(array) ?? 0;
      counts.set(array, index + 1);
      table = [...name, index];
      note(name, i + 1);
      note(table, i + 1);
    } else if (line.startsWith("[")) {
      table = splitKey(line.slice(1)).keys;
      note(table, i + 1);
    } else {
      const { keys, end } = splitKey(line);
      if (keys.length > 0 && line[end] === "=") {
        keys.forEach((_, n) => note([...table, ...keys.slice(0, n + 1)], i + 1));
        within = openString(line.slice(end + 1));
      }
    }
  });
  return found;
};

/** The quotes of a multi-line string that starts here and does not end here. */
const openString = (value: string): string | null => {
  const start = value.trimStart().slice(0, 3);
  if (start !== '"""' && start !== "'''") return null;
  return value.indexOf(start, value.indexOf(start) + 3) < 0 ? start : null;
};

/** A bare or quoted, perhaps dotted key at the start of `s`, and where it ends. */
const splitKey = (s: string): { readonly keys: ReadonlyArray<string>; readonly end: number } => {
  const keys: Array<string> = [];
  let at = 0;
  const blanks = () => {
    while (s[at] === " " || s[at] === "\t") at++;
  };
  for (;;) {
    blanks();
    const quote = s[at];
    if (quote === '"' || quote === "'") {
      const close = s.indexOf(quote, at + 1);
      if (close < 0) return { keys: [], end: at };
      keys.push(s.slice(at + 1, close));
      at = close + 1;
    } else {
      const start = at;
      while (at < s.length && /[A-Za-z0-9_-]/.test(s[at] ?? "")) at++;
      if (at === start) return { keys: [], end: at };
      keys.push(s.slice(start, at));
    }
    blanks();
    if (s[at] !== ".") return { keys, end: at };
    at++;
  }
};
