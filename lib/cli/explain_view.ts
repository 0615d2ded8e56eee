/** A trail for people, and as JSON for programs. Pure: prints nothing itself. */
import type { Decision, Facts, FactValue, StageName, Trail } from "../stages/trail.ts";

export interface ViewOptions {
  /** ANSI colours. */
  readonly colour: boolean;
}

/** Raised when the meaning of what is in it changes. */
export const TRAIL_VERSION = 1;

export const trailJson = (
  trail: Trail,
): { readonly version: number; readonly trail: Trail } => ({ version: TRAIL_VERSION, trail });

const TITLE: Readonly<Record<StageName, string>> = {
  parse: "Parse",
  authenticate: "Authenticate",
  enforce_rights: "Enforce sender rights",
  fix_headers: "Fix headers",
  add_sender: "Add Sender",
  filter: "Filter",
  site_policy: "Site policy",
  hold: "Hold",
  resolve_mta: "Resolve MTA",
  preflight: "Look at what the next hops take",
  sign: "Sign",
  submit: "Submit",
};

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
type Style = keyof typeof CODES;

/** Wraps text where colour is on. */
export const styled = (o: ViewOptions, style: Style, text: string): string =>
  o.colour ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;

/** Characters that a terminal acts on, or that turn the direction of text. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

export const safe = (text: string): string => text.replace(UNSAFE, "?");

const VERDICT: Readonly<Record<Decision["verdict"], { word: string; style: Style }>> = {
  pass: { word: "pass", style: "green" },
  changed: { word: "changed", style: "yellow" },
  held: { word: "held", style: "yellow" },
  refused: { word: "refused", style: "red" },
};

const factText = (v: FactValue): string => {
  if (v === null) return "none";
  if (typeof v === "object") return v.length === 0 ? "none" : safe(v.join(", "));
  if (typeof v === "boolean") return v ? "yes" : "no";
  return safe(String(v));
};

/** `messageId` as `message id`. */
const factName = (key: string): string =>
  safe(key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));

/** Every decision under the title of its stage, its facts below it. */
export const renderTrail = (trail: Trail, o: ViewOptions): ReadonlyArray<string> => {
  const out: Array<string> = [];
  let stage: StageName | null = null;
  for (const d of trail) {
    if (d.stage !== stage) out.push(styled(o, "bold", TITLE[d.stage] ?? safe(d.stage)));
    stage = d.stage;
    const { word, style } = VERDICT[d.verdict] ?? { word: safe(d.verdict), style: "dim" };
    out.push(`  ${styled(o, style, word.padEnd(7))}  ${styled(o, "dim", safe(d.rule))}`);
    out.push(...factLines(d.facts, o));
  }
  return out;
};

const factLines = (facts: Facts, o: ViewOptions): ReadonlyArray<string> => {
  const entries = Object.entries(facts).map(([k, v]) => [factName(k), factText(v)] as const);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, text]) =>
    `           ${styled(o, "dim", name.padEnd(width))}  ${text}`
  );
};

/** Who, what was changed or refused, and where it goes: a line each, for the server's console. */
export const renderBrief = (trail: Trail): ReadonlyArray<string> => {
  const out: Array<string> = [];
  for (const d of trail) {
    const { facts } = d;
    if (d.verdict === "refused") {
      out.push(`refused (${safe(d.rule)}): ${said(facts, "reply")}`);
    } else if (d.verdict === "held") {
      out.push(`held (${safe(d.rule)}): ${said(facts, "reason")}`);
    } else if (d.verdict === "changed") {
      out.push(`changed (${safe(d.rule)}): ${said(facts, "field")}${change(facts)}`);
    } else if (d.stage === "authenticate") out.push(`account ${said(facts, "account")}`);
    else if (d.stage === "resolve_mta" && facts["hop"] !== undefined) {
      out.push(`${said(facts, "recipients")} by ${said(facts, "hop")}`);
    }
  }
  return out;
};

const said = (facts: Facts, key: string): string => factText(facts[key] ?? null);

const change = (facts: Facts): string => {
  if (facts["after"] !== undefined) return ` is now ${factText(facts["after"])}`;
  if (facts["removed"] !== undefined) return " removed";
  if (facts["added"] !== undefined) return `: added ${factText(facts["added"])}`;
  return "";
};
