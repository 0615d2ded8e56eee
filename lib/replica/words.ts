/** What the frames say, either way, and how it is read: nothing is believed to have a shape before it was looked at. */
import type { Standing } from "../ports/copies.ts";
import type { CopyOf, OpenRecipient } from "../ports/copy_of.ts";
import type { NewMessage } from "../ports/spool.ts";

/** Both ends must speak the same. */
export const VERSION = 1;

/** A message without its head and body, which come as octets. */
export type CopiedMessage =
  & Pick<
    NewMessage,
    "id" | "acceptedAt" | "account" | "session" | "envelope" | "eightBit" | "trail"
  >
  & Pick<CopyOf, "open" | "hold">;

/** Who it is, which of its spools, and the number of the last message in it. */
export interface Hello {
  readonly t: "hello";
  readonly version: number;
  readonly node: string;
  readonly secret: string;
  readonly spool: string;
  readonly last: number;
}

/** From the server that delivers. `n` numbers what gets an answer. */
export type Told =
  | Hello
  /** A piece of the body of the message that `keep` with this number will name. */
  | { readonly t: "part"; readonly n: number }
  /** `octets`: of its body, all of which must have come on this connection. */
  | {
    readonly t: "keep";
    readonly n: number;
    readonly octets: number;
    readonly message: CopiedMessage;
  }
  /** What came of its body is not wanted any more. */
  | { readonly t: "drop"; readonly n: number }
  | { readonly t: "stand"; readonly n: number; readonly standing: ReadonlyArray<Standing> }
  | { readonly t: "yielded"; readonly n: number; readonly ids: ReadonlyArray<string> }
  | {
    readonly t: "list";
    readonly n: number;
    readonly which: "kept" | "taken";
    readonly after: number;
  }
  /** `last`: the number of its last message. */
  | { readonly t: "ping"; readonly n: number; readonly last: number };

/** From the server that keeps copies. */
export type Answered =
  | { readonly t: "hello"; readonly version: number; readonly node: string }
  | { readonly t: "ok"; readonly n: number }
  | { readonly t: "failed"; readonly n: number; readonly why: string }
  | { readonly t: "taken"; readonly n: number; readonly ids: ReadonlyArray<string> }
  /** `last`: the number to go on after; null: there are no more. */
  | {
    readonly t: "listed";
    readonly n: number;
    readonly ids: ReadonlyArray<string>;
    readonly last: number | null;
  }
  /** And then it ends the connection. */
  | { readonly t: "refused"; readonly why: string };

type Fields = Readonly<Record<string, unknown>>;

const fields = (v: unknown): Fields | null =>
  typeof v === "object" && v !== null && !Array.isArray(v) ? v as Fields : null;

const isText = (v: unknown): v is string => typeof v === "string";
const isNumber = (v: unknown): v is number => typeof v === "number" && Number.isSafeInteger(v);
const isId = (v: unknown): v is string => isText(v) && /^[\x21-\x7e]{1,100}$/.test(v);
const isIds = (v: unknown): v is ReadonlyArray<string> => Array.isArray(v) && v.every(isId);
const orNull = (is: (v: unknown) => boolean) => (v: unknown): boolean => v === null || is(v);

const isOpen = (v: unknown): v is OpenRecipient => {
  const r = fields(v);
  return r !== null && isText(r["address"]) && isText(r["hop"]) && orNull(isText)(r["via"]) &&
    typeof r["held"] === "boolean" && isNumber(r["due"]) && isNumber(r["attempts"]);
};
const isAllOpen = (v: unknown): v is ReadonlyArray<OpenRecipient> =>
  Array.isArray(v) && v.every(isOpen);

const isHold = (v: unknown): boolean => {
  const h = fields(v);
  return h !== null && isText(h["reason"]) && orNull(isNumber)(h["until"]) &&
    (h["then"] === "release" || h["then"] === "expire");
};

/** What was stored as JSON is added to later. */
const isJson = (text: string): boolean => {
  try {
    return fields(JSON.parse(text)) !== null;
  } catch {
    return false;
  }
};

const isStanding = (v: unknown): v is ReadonlyArray<Standing> =>
  Array.isArray(v) && v.every((s) => {
    const f = fields(s);
    return f !== null && isId(f["id"]) && isAllOpen(f["open"]);
  });

/** What of an envelope is looked into on the way out; the rest is as its server has stored it. */
const isEnvelope = (v: unknown): boolean => {
  const e = fields(v);
  return e !== null && orNull((m) => fields(m) !== null)(e["returnPath"]) &&
    Array.isArray(e["recipients"]) && e["recipients"].every((r) => fields(r) !== null);
};

const isMessage = (v: unknown): v is CopiedMessage => {
  const m = fields(v);
  return m !== null && isId(m["id"]) && isNumber(m["acceptedAt"]) && orNull(isText)(m["account"]) &&
    orNull((s) => fields(s) !== null)(m["session"]) && isEnvelope(m["envelope"]) &&
    typeof m["eightBit"] === "boolean" && isText(m["trail"]) && isJson(m["trail"]) &&
    isAllOpen(m["open"]) &&
    orNull(isHold)(m["hold"]);
};

/** Null: nothing that is ever said. */
export const told = (said: unknown): Told | null => {
  const f = fields(said);
  if (f === null) return null;
  const good = (): boolean => {
    switch (f["t"]) {
      case "hello":
        return isNumber(f["version"]) && isText(f["node"]) && isText(f["secret"]) &&
          isId(f["spool"]) && isNumber(f["last"]);
      case "keep":
        return isNumber(f["octets"]) && isMessage(f["message"]);
      case "stand":
        return isStanding(f["standing"]);
      case "yielded":
        return isIds(f["ids"]);
      case "list":
        return (f["which"] === "kept" || f["which"] === "taken") && isNumber(f["after"]);
      case "ping":
        return isNumber(f["last"]);
      case "part":
      case "drop":
        return true;
      default:
        return false;
    }
  };
  return (f["t"] === "hello" || isNumber(f["n"])) && good() ? f as unknown as Told : null;
};

/** Null: nothing that is ever answered. */
export const answered = (said: unknown): Answered | null => {
  const f = fields(said);
  if (f === null) return null;
  const good = (): boolean => {
    switch (f["t"]) {
      case "hello":
        return isNumber(f["version"]) && isText(f["node"]);
      case "refused":
        return isText(f["why"]);
      case "ok":
        return isNumber(f["n"]);
      case "failed":
        return isNumber(f["n"]) && isText(f["why"]);
      case "taken":
        return isNumber(f["n"]) && isIds(f["ids"]);
      case "listed":
        return isNumber(f["n"]) && isIds(f["ids"]) && orNull(isNumber)(f["last"]);
      default:
        return false;
    }
  };
  return good() ? f as unknown as Answered : null;
};
