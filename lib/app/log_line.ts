/**
 * A line of the server's log: one event, one line, as `key=value` or as one flat JSON object. Pure.
 *
 * Values were partly written by others (addresses, replies of hops): what a terminal or a reader of logs would act on is
 * escaped, and nothing of theirs is a key. docs/log.md lists the lines.
 */
import { Cause } from "effect";
import { visibleJson } from "./visible.ts";

export interface LogEvent {
  readonly date: Date;
  readonly level: string;
  /** A text, and records of facts behind it. */
  readonly message: unknown;
  readonly cause: Cause.Cause<unknown>;
}

/** Gets the facts of a line in their order. */
type Take = (key: string, value: string | number | boolean) => void;

/** A stack trace has its length; anything longer is of no use on a line. */
const MAX_VALUE = 4_000;
/** Records within records become `outer.inner`; below that they are text. */
const DEEPEST = 3;
/** Needs no quotes. */
const BARE = /^[\x21\x23-\x3c\x3e-\x5b\x5d-\x7e]+$/;
/** In quotes it says itself. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const KEY = /^[A-Za-z][A-Za-z0-9_.-]*$/;
/** What every line has; a fact of that name gets another. */
const TAKEN: ReadonlySet<string> = new Set(["timestamp", "level", "message"]);

export const logFmtLine = (e: LogEvent): string => {
  let facts = "";
  const text = read(e, (key, value) => {
    facts += typeof value === "string" ? ` ${key}=${shown(value)}` : ` ${key}=${value}`;
  });
  return `timestamp=${e.date.toISOString()} level=${e.level.toUpperCase()} message=${
    shown(text)
  }${facts}`;
};

export const jsonLine = (e: LogEvent): string => {
  const facts: Record<string, string | number | boolean> = {};
  const message = read(e, (key, value) => {
    facts[key] = value;
  });
  const timestamp = e.date.toISOString();
  return visibleJson(
    JSON.stringify({ timestamp, level: e.level.toUpperCase(), message, ...facts }),
  );
};

const shown = (text: string): string =>
  BARE.test(text) ? text : PLAIN.test(text) ? `"${text}"` : visibleJson(JSON.stringify(text));

/** Yields the text of the event. */
const read = ({ message, cause }: LogEvent, take: Take): string => {
  const all: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message];
  let text = "";
  for (const part of all) {
    if (typeof part !== "string" && isRecord(part)) readRecord(take, "", part, 1);
    else text += `${text === "" ? "" : " "}${textOf(part)}`;
  }
  if (cause.reasons.length > 0) take("cause", cut(Cause.pretty(cause)));
  return cut(text);
};

const readRecord = (take: Take, prefix: string, record: object, depth: number): void => {
  for (const name of Object.keys(record)) {
    readValue(take, keyOf(prefix, name), Reflect.get(record, name), depth);
  }
};

/** Keys are ours, and few. */
const KEYS = new Map<string, string>();
const MOST_KEYS = 1_000;

const keyOf = (prefix: string, name: string): string => {
  const whole = prefix === "" ? name : `${prefix}.${name}`;
  const known = KEYS.get(whole);
  if (known !== undefined) return known;
  const plain = KEY.test(name) ? name : "unnamed";
  const key = prefix !== "" ? `${prefix}.${plain}` : TAKEN.has(plain) ? `the_${plain}` : plain;
  if (KEYS.size < MOST_KEYS) KEYS.set(whole, key);
  return key;
};

/** What is absent has no key. */
const readValue = (take: Take, key: string, value: unknown, depth: number): void => {
  if (value === null || value === undefined) return;
  if (typeof value === "string") take(key, cut(value));
  else if (typeof value === "number" || typeof value === "boolean") take(key, value);
  else if (isRecord(value) && depth < DEEPEST) readRecord(take, key, value, depth + 1);
  else take(key, cut(textOf(value)));
};

/** A value that is neither text nor an error: its parts are told. */
const isRecord = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  !(value instanceof Error) && !(value instanceof Date) && !Cause.isCause(value);

const textOf = (value: unknown, depth = 0): string => {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) {
    return depth < DEEPEST ? value.map((v) => textOf(v, depth + 1)).join(", ") : "[...]";
  }
  if (value instanceof Error) return errorText(value, DEEPEST);
  if (value instanceof Date) return value.toISOString();
  if (Cause.isCause(value)) return Cause.pretty(value);
  return isRecord(value) ? "{...}" : String(value);
};

/** `SpoolFault: database is locked`: the name of an error, its words, and those of what is behind it. */
const errorText = (e: Error, depth: number): string => {
  const own = e.message === "" || e.message === e.name ? e.name : `${e.name}: ${e.message}`;
  const { cause } = e;
  if (cause === undefined || cause === null || depth === 0) return own;
  const behind = cause instanceof Error ? errorText(cause, depth - 1) : textOf(cause);
  return own.includes(behind) ? own : `${own}: ${behind}`;
};

const cut = (text: string): string =>
  text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}...` : text;
