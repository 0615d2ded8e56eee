/**
 * The directory of signing keys: a PEM file each, and an index that says which is in use.
 *
 * A change writes a new index and renames it into place, so that readers see one or the other.
 */
import { join } from "node:path";
import type { DkimKeyType } from "../message/dkim/dkim_record.ts";
import { makeKey } from "./key.ts";

/** `new`: DNS does not serve it yet. `active`: signs. `retired`: signs no more, yet must stay in DNS for a while. */
export type KeyState = "new" | "active" | "retired";

export interface KeyEntry {
  /** A-labels. */
  readonly domain: string;
  readonly selector: string;
  readonly type: DkimKeyType;
  readonly state: KeyState;
  /** When it came into that state; milliseconds since the epoch. */
  readonly since: number;
}

const INDEX = "keys.json";

export const keyFile = (dir: string, k: Pick<KeyEntry, "domain" | "selector">): string =>
  join(dir, `${k.selector}._domainkey.${k.domain}.pem`);

const STATES: ReadonlySet<unknown> = new Set(["new", "active", "retired"]);

const isEntry = (v: unknown): v is KeyEntry =>
  typeof v === "object" && v !== null && "domain" in v && typeof v.domain === "string" &&
  "selector" in v && typeof v.selector === "string" &&
  "type" in v && (v.type === "rsa" || v.type === "ed25519") &&
  "state" in v && STATES.has(v.state) && "since" in v && typeof v.since === "number";

/** Undefined where it is no JSON, perhaps since it was cut short. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Empty where there is none yet; throws where it cannot be read. */
export const readIndex = (dir: string): ReadonlyArray<KeyEntry> => {
  let text: string;
  try {
    text = Deno.readTextFileSync(join(dir, INDEX));
  } catch (e) {
    if (e instanceof Deno.errors.NotFound) return [];
    throw e;
  }
  const all = parsed(text);
  if (!Array.isArray(all) || !all.every(isEntry)) {
    throw new Error(`${join(dir, INDEX)} is damaged: restore it from a copy`);
  }
  return all;
};

/** Changes with the index; zero where there is none. */
export const indexVersion = (dir: string): number => {
  try {
    return Deno.statSync(join(dir, INDEX)).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
};

export const writeIndex = (dir: string, entries: ReadonlyArray<KeyEntry>): void => {
  const temporary = join(dir, `${INDEX}.${crypto.randomUUID()}`);
  Deno.writeTextFileSync(temporary, `${JSON.stringify(entries, null, 2)}\n`, { mode: 0o600 });
  Deno.renameSync(temporary, join(dir, INDEX));
};

const twoDigits = (n: number): string => String(n).padStart(2, "0");

/** `202611r`, `202611r2`: the month, the kind, and a number where that is taken. */
const freeSelector = (
  entries: ReadonlyArray<KeyEntry>,
  domain: string,
  type: DkimKeyType,
  now: number,
): string => {
  const at = new Date(now);
  const base = `${at.getUTCFullYear()}${twoDigits(at.getUTCMonth() + 1)}${type[0]}`;
  const taken = new Set(entries.filter((e) => e.domain === domain).map((e) => e.selector));
  for (let n = 1;; n++) {
    const selector = n === 1 ? base : `${base}${n}`;
    if (!taken.has(selector)) return selector;
  }
};

/** Makes a key for a domain; it signs once DNS serves it. `selector`: null for one by the month. */
export const addKey = (
  dir: string,
  domain: string,
  type: DkimKeyType,
  selector: string | null,
  now: number,
): KeyEntry => {
  Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const entries = readIndex(dir);
  const entry: KeyEntry = {
    domain,
    selector: selector ?? freeSelector(entries, domain, type, now),
    type,
    state: "new",
    since: now,
  };
  if (entries.some((e) => e.domain === domain && e.selector === entry.selector)) {
    throw new Error(`there is a key ${entry.selector} of ${domain} already`);
  }
  Deno.writeTextFileSync(keyFile(dir, entry), makeKey(type), { mode: 0o600, createNew: true });
  writeIndex(dir, [...entries, entry]);
  return entry;
};

/** Forgets a key that signs no more, file and all; throws where it is in use. */
export const removeKey = (dir: string, key: KeyEntry): void => {
  if (key.state === "active") throw new Error(`${key.selector} of ${key.domain} signs: rotate it`);
  writeIndex(
    dir,
    readIndex(dir).filter((e) => e.domain !== key.domain || e.selector !== key.selector),
  );
  Deno.removeSync(keyFile(dir, key));
};

/** Lets a key sign; the one of its kind that signed until now is retired. */
export const activated = (
  entries: ReadonlyArray<KeyEntry>,
  key: KeyEntry,
  now: number,
): ReadonlyArray<KeyEntry> =>
  entries.map((e) => {
    if (e.domain !== key.domain || e.type !== key.type) return e;
    if (e.selector === key.selector) return { ...e, state: "active", since: now };
    return e.state === "active" ? { ...e, state: "retired", since: now } : e;
  });

/** Throws where there is no such file. */
const modeOf = (path: string): number | null => {
  try {
    return Deno.statSync(path).mode;
  } catch (e) {
    if (e instanceof Deno.errors.NotFound) throw new Error(`${path}: there is no such file`);
    throw e;
  }
};

/** The PEM text; throws where others could read the file. */
export const readKeyFile = (dir: string, k: KeyEntry): string => {
  const path = keyFile(dir, k);
  const mode = modeOf(path);
  if (mode !== null && (mode & 0o077) !== 0) {
    throw new Error(`${path} may be read by others: chmod 600`);
  }
  return Deno.readTextFileSync(path);
};
