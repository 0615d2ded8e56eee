/** Writes and reads the trail that is stored beside a message. */
import type { Decision, Trail } from "./trail.ts";

/** Raised when the shape of what is stored changes. */
const VERSION = 1;

/** What is stored: the trail, and the version of its shape. */
export const trailRecord = (trail: Trail): string => JSON.stringify({ version: VERSION, trail });

const isDecision = (v: unknown): v is Decision =>
  typeof v === "object" && v !== null && "stage" in v && typeof v.stage === "string" &&
  "verdict" in v && typeof v.verdict === "string" && "rule" in v && typeof v.rule === "string" &&
  "facts" in v && typeof v.facts === "object" && v.facts !== null;

/** Empty for what is no trail; decisions of another shape are left out. */
export const readStoredTrail = (stored: string): Trail => {
  const value = parse(stored);
  const trail = typeof value === "object" && value !== null && "trail" in value
    ? value.trail
    : value;
  return Array.isArray(trail) ? trail.filter(isDecision) : [];
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
