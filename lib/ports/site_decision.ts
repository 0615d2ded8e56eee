/** Reads the answer of a site's policy: output of a worker is validated before use. */
import { type Notes, type NoteValue, REFUSAL_CLASSES, type SiteDecision } from "./site_facts.ts";

const MAX_TEXT = 400;
const MAX_NOTES = 20;
const MAX_NOTE = 160;
const MAX_MINUTES = 60 * 24 * 365;

/** The decision, or what is wrong with it, as a text. */
export const readDecision = (answer: unknown): SiteDecision | string => {
  if (answer === undefined || answer === null) return { verdict: "pass" };
  if (!isRecord(answer)) return `answered ${kind(answer)}, not a decision`;
  const notes = readNotes(answer["notes"]);
  if (typeof notes === "string") return notes;
  const noted = notes === null ? {} : { notes };
  switch (answer["verdict"]) {
    case "pass":
      return { verdict: "pass", ...noted };
    case "refuse": {
      const as = REFUSAL_CLASSES.find((c) => c === answer["as"]);
      if (as === undefined) return `"as" must be one of ${REFUSAL_CLASSES.join(", ")}`;
      const text = readText(answer["text"]);
      return text === null
        ? `"text" must be text of 1 to ${MAX_TEXT} characters`
        : { verdict: "refuse", as, text, ...noted };
    }
    case "hold":
      return readHold(answer, noted);
    default:
      return '"verdict" must be "pass", "refuse" or "hold"';
  }
};

const readHold = (
  answer: Readonly<Record<string, unknown>>,
  noted: { readonly notes?: Notes },
): SiteDecision | string => {
  const reason = readText(answer["reason"]);
  if (reason === null) return `"reason" must be text of 1 to ${MAX_TEXT} characters`;
  const { minutes, then } = answer;
  if (
    minutes !== undefined &&
    !(typeof minutes === "number" && minutes > 0 && minutes <= MAX_MINUTES)
  ) {
    return `"minutes" must be a number above 0, at most ${MAX_MINUTES}`;
  }
  if (then !== undefined && then !== "release" && then !== "expire") {
    return '"then" must be "release" or "expire"';
  }
  return {
    verdict: "hold",
    reason,
    ...(minutes === undefined ? {} : { minutes }),
    ...(then === undefined ? {} : { then }),
    ...noted,
  };
};

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === "object" && x !== null && !Array.isArray(x);

const kind = (x: unknown): string => Array.isArray(x) ? "a list" : `a ${typeof x}`;

const readText = (x: unknown): string | null =>
  typeof x === "string" && x.trim() !== "" && x.length <= MAX_TEXT ? x : null;

/** Null where there are none. */
const readNotes = (x: unknown): Notes | null | string => {
  if (x === undefined) return null;
  if (!isRecord(x)) return '"notes" must be an object';
  const entries = Object.entries(x);
  if (entries.length > MAX_NOTES) return `"notes" may hold ${MAX_NOTES} entries`;
  const out: Record<string, NoteValue> = {};
  for (const [name, value] of entries) {
    if (!isNote(value)) {
      return `note ${
        JSON.stringify(name.slice(0, 40))
      } must be text, a number, a boolean or a list of texts`;
    }
    out[name.slice(0, 40)] = clipped(value);
  }
  return out;
};

const isNote = (x: unknown): x is NoteValue =>
  typeof x === "string" || typeof x === "boolean" ||
  (typeof x === "number" && Number.isFinite(x)) ||
  (Array.isArray(x) && x.every((item) => typeof item === "string"));

const clipped = (x: NoteValue): NoteValue =>
  typeof x === "string"
    ? x.slice(0, MAX_NOTE)
    : typeof x === "object"
    ? x.slice(0, 10).map((item) => item.slice(0, MAX_NOTE))
    : x;
