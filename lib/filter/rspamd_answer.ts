/** Converts rspamd's JSON to a verdict and edits. Pure; malformed parts are ignored or refused. */
import type { FilterResult, FilterVerdict, HeaderEdit } from "../ports/filters.ts";

type Json = Readonly<Record<string, unknown>>;

const MAX_EDITS = 100;
const MAX_SYMBOLS = 10;

/** The result, or what is wrong with the answer. */
export const rspamdResult = (text: string): FilterResult | string => {
  const answer = parsed(text);
  if (answer === null) return "its answer is no JSON object";
  const { action, score, required_score: limit } = answer;
  if (typeof action !== "string") return 'its answer has no "action"';
  const messages = recordOf(answer["messages"]);
  const said = messages["smtp_message"];
  const verdict = verdictOf(action, typeof said === "string" ? said : null);
  if (verdict === null) return `its action ${JSON.stringify(action.slice(0, 40))} is not known`;
  const milter = recordOf(answer["milter"]);
  const subject = answer["subject"];
  const edits = [
    ...dropped(recordOf(milter["remove_headers"])),
    ...added(recordOf(milter["add_headers"])),
    ...(action === "rewrite subject" && typeof subject === "string"
      ? [changedSubject(subject)]
      : []),
  ].slice(0, MAX_EDITS);
  const { change_from: from, add_rcpt: more, del_rcpt: less } = milter;
  return {
    verdict,
    edits,
    addRecipients: texts(more),
    dropRecipients: texts(less),
    ...(typeof from === "string" ? { returnPath: from } : {}),
    facts: {
      action,
      ...(typeof score === "number" ? { score } : {}),
      ...(typeof limit === "number" ? { limit } : {}),
      symbols: Object.keys(recordOf(answer["symbols"])).slice(0, MAX_SYMBOLS),
    },
  };
};

const parsed = (text: string): Json | null => {
  try {
    const x: unknown = JSON.parse(text);
    return isRecord(x) ? x : null;
  } catch {
    return null;
  }
};

const isRecord = (x: unknown): x is Json =>
  typeof x === "object" && x !== null && !Array.isArray(x);
const recordOf = (x: unknown): Json => isRecord(x) ? x : {};
const texts = (x: unknown): ReadonlyArray<string> =>
  Array.isArray(x) ? x.filter((a): a is string => typeof a === "string").slice(0, MAX_EDITS) : [];

/** Grey-listing is for strangers, and who submits is none. */
const verdictOf = (action: string, said: string | null): FilterVerdict | null => {
  switch (action) {
    case "no action":
    case "greylist":
    case "add header":
    case "rewrite subject":
      return { _tag: "Pass" };
    case "soft reject":
      return {
        _tag: "Later",
        reply: { code: 451, detail: "7.1", text: [said ?? "Not now; try again later"] },
      };
    case "reject":
      return {
        _tag: "Refuse",
        reply: said === null ? null : { code: 550, detail: "7.0", text: [said] },
      };
    case "quarantine":
      return { _tag: "Hold", reason: said ?? "put aside by rspamd" };
    case "discard":
      return { _tag: "Discard" };
    default:
      return null;
  }
};

const NAME = /^[!-9;-~]{1,60}$/;

/** A number: that one of the fields, from 1; 0: all of them. */
const dropped = (all: Json): ReadonlyArray<HeaderEdit> =>
  Object.entries(all).flatMap(([name, which]): ReadonlyArray<HeaderEdit> => {
    if (!NAME.test(name)) return [];
    return (Array.isArray(which) ? which : [which]).flatMap((
      n: unknown,
    ): ReadonlyArray<HeaderEdit> =>
      typeof n !== "number" || n < 0
        ? []
        : n === 0
        ? [{ _tag: "Drop" as const, name }]
        : [{ _tag: "Change" as const, nth: n, name, value: null }]
    );
  });

/** A value, `{ value, order }`, or several of them. */
const added = (all: Json): ReadonlyArray<HeaderEdit> =>
  Object.entries(all).flatMap(([name, given]): ReadonlyArray<HeaderEdit> => {
    if (!NAME.test(name)) return [];
    return (Array.isArray(given) ? given : [given]).flatMap(
      (one: unknown): ReadonlyArray<HeaderEdit> => {
        const value = typeof one === "string" ? one : recordOf(one)["value"];
        const order = recordOf(one)["order"];
        if (typeof value !== "string") return [];
        const text = octetsAsText(value);
        return typeof order === "number" && order >= 0
          ? [{ _tag: "Insert" as const, at: order, name, value: text }]
          : [{ _tag: "Add" as const, name, value: text }];
      },
    );
  });

const changedSubject = (subject: string): HeaderEdit => ({
  _tag: "Change",
  nth: 1,
  name: "Subject",
  value: octetsAsText(subject),
});

/** One char per octet, folded by CRLF with a blank behind it. */
const octetsAsText = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join("")
    .split(/\r\n|\r|\n/).map((l, i) => i === 0 || /^[ \t]/.test(l) ? l : `\t${l}`)
    .filter((l, i) => i === 0 || l.trim() !== "").join("\r\n");
