/**
 * Whether a published SPF record grants what the expected one asks for. The first mechanism that matches decides,
 * so that order and qualifiers count, and nothing behind `all` does. RFC 7208 §4.6.2, §5.1
 *
 * Looks at the text only: an `include` is not followed.
 */

/** What is said about senders that no mechanism names: softfail and fail both say "not ours". */
type Others = "reject" | "neutral" | "accept" | `redirect=${string}`;

interface Spf {
  /** Mechanisms that are come to, in lower case, without a `+`. */
  readonly terms: ReadonlyArray<string>;
  /** Mechanisms behind `all`. */
  readonly dead: ReadonlyArray<string>;
  readonly modifiers: ReadonlyArray<string>;
  readonly others: Others;
  /** The term that says so; empty where none does. */
  readonly last: string;
  /** No terms of SPF: receivers take the record for an error. RFC 7208 §4.6 */
  readonly unknown: ReadonlyArray<string>;
}

const MECHANISM =
  /^[-+?~]?(?:all|(?:include|exists|ip4|ip6):\S+|ptr(?::\S+)?|(?:a|mx)(?:[:/]\S+)?)$/;
const MODIFIER = /^[a-z][a-z0-9._-]*=/;
/** Everybody, in other words. */
const EVERYBODY = /^(?:all|ip4:[0-9.]+\/0|ip6:[0-9a-f:.]+\/0)$/;

const QUALIFIED: Readonly<Record<string, Others>> = {
  "-": "reject",
  "~": "reject",
  "?": "neutral",
};

const parse = (text: string): Spf => {
  const words = text.toLowerCase().split(/\s+/).slice(1).filter((w) => w !== "");
  const modifiers = words.filter((w) => MODIFIER.test(w));
  const mechanisms = words.filter((w) => !MODIFIER.test(w)).map((w) => w.replace(/^\+/, ""));
  const end = mechanisms.findIndex((m) => EVERYBODY.test(m.replace(/^[-?~]/, "")));
  const last = mechanisms[end] ?? "";
  const redirect = modifiers.find((m) => m.startsWith("redirect="));
  return {
    terms: end < 0 ? mechanisms : mechanisms.slice(0, end),
    dead: end < 0 ? [] : mechanisms.slice(end + 1),
    modifiers: modifiers.filter((m) => m !== redirect),
    others: last !== ""
      ? QUALIFIED[last[0] ?? ""] ?? "accept"
      : redirect === undefined
      ? "neutral"
      : `redirect=${redirect.slice("redirect=".length)}`,
    last: last === "" ? redirect ?? "" : last,
    unknown: mechanisms.filter((m) => !MECHANISM.test(m)),
  };
};

const WORDS: Readonly<Record<string, string>> = {
  reject: "others may not send",
  neutral: "nothing about others",
  accept: "everybody may send",
};

const said = (s: Spf): string =>
  `${WORDS[s.others] ?? s.others}${s.last === "" ? "" : ` (${s.last})`}`;

/** What is wrong with a record by itself, each in a sentence. */
const ownFaults = (have: Spf): ReadonlyArray<string> => [
  ...have.unknown.map((t) => `${t} is no term of SPF, and makes the whole record an error`),
  ...have.dead.length === 0
    ? []
    : [`what stands behind ${have.last} counts for nothing: ${have.dead.join(" ")}`],
];

const mixed = (terms: ReadonlyArray<string>): boolean =>
  new Set(terms.map((t) => /^[-?~]/.exec(t)?.[0] ?? "+")).size > 1;

/** Whether it leaves open who else may send: `?all`, or no end at all. RFC 7208 §4.7 */
export const spfIsOpen = (have: string): boolean => parse(have).others === "neutral";

/** `want`: null where the site has no say in the record. Empty: it is right. */
export const spfFaults = (want: string | null, have: string): ReadonlyArray<string> => {
  const h = parse(have);
  if (want === null) {
    return [
      ...ownFaults(h),
      ...h.others === "accept" ? [`${h.last} lets everybody send as the domain`] : [],
    ];
  }
  const w = parse(want);
  const missing = [...w.terms, ...w.modifiers].filter((t) =>
    !h.terms.includes(t) && !h.modifiers.includes(t)
  );
  const mine = h.terms.filter((t) => w.terms.includes(t));
  const until = h.terms.findLastIndex((t) => w.terms.includes(t));
  const before = h.terms.slice(0, Math.max(0, until))
    .filter((t) => /^[-?~]/.test(t) && !w.terms.includes(t));
  return [
    ...ownFaults(h),
    ...missing.map((t) => `${t} is not in it${h.dead.includes(t) ? " where it counts" : ""}`),
    ...missing.length === 0 && mixed(w.terms) && mine.join(" ") !== w.terms.join(" ")
      ? ["the order differs, and the first term that matches decides"]
      : [],
    ...before.map((t) => `${t} stands before what is asked for, and decides first`),
    ...w.others === h.others ? [] : [`it says: ${said(h)}; asked for: ${said(w)}`],
  ];
};
