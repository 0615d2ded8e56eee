/** A trail over a few lines, as `queue show` and `start` print it. */
import type { Decision, FactValue, Trail } from "../stages/trail.ts";

const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

const factText = (v: FactValue): string =>
  (typeof v === "object" && v !== null ? v.join(", ") : String(v)).replace(UNSAFE, "?");

const line = (d: Decision): string => {
  const facts = Object.entries(d.facts).map(([k, v]) => `${k}=${factText(v)}`).join(" ");
  return `  ${d.stage.padEnd(14)} ${d.verdict.padEnd(7)} ${d.rule}${
    facts === "" ? "" : `  ${facts}`
  }`;
};

/** One line for each decision. */
export const trailLines = (trail: Trail): ReadonlyArray<string> => trail.map(line);

const isDecision = (v: unknown): v is Decision =>
  typeof v === "object" && v !== null && "stage" in v && typeof v.stage === "string" &&
  "verdict" in v && typeof v.verdict === "string" && "rule" in v && typeof v.rule === "string" &&
  "facts" in v && typeof v.facts === "object" && v.facts !== null;

/** The same for a trail as it is stored; empty for what another version stored in another shape. */
export const storedTrailLines = (stored: string): ReadonlyArray<string> => {
  const value = parse(stored);
  const trail = typeof value === "object" && value !== null && "trail" in value
    ? value.trail
    : value;
  return Array.isArray(trail) ? trailLines(trail.filter(isDecision)) : [];
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
