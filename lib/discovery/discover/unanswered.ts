/** Describes sources that did not answer as they should: they may hold more. docs/design/autodiscovery.md §9.5 */
import { REFUSED } from "./fetch.ts";
import type { Attempt, Warning } from "./result.ts";

/** Outcomes after which nothing is known. Those of a probe (`guess`) say what a guess is worth, and no more. */
const OPEN: ReadonlySet<string> = new Set([
  "servfail",
  "refused",
  "timeout",
  "bogus",
  "malformed",
  "unreachable",
  "loop",
  "name",
  "dns",
  "connect",
  "aborted",
]);

const codeOf = (a: Attempt): string | null =>
  a.method === "guess" || a.detail === REFUSED
    ? null
    : a.outcome === "tls"
    ? "tls-failed"
    : OPEN.has(a.outcome) || a.outcome.startsWith("http-5")
    ? "unanswered"
    : null;

export const unansweredOf = (attempts: ReadonlyArray<Attempt>): ReadonlyArray<Warning> =>
  attempts.flatMap((a) => {
    const code = codeOf(a);
    return code === null
      ? []
      : [{ code, detail: `${a.target}: ${a.detail === null ? a.outcome : a.detail}` }];
  });

/** Whether a result tells of such. */
export const leftOpen = (warnings: ReadonlyArray<Warning>): boolean =>
  warnings.some((w) => w.code === "unanswered" || w.code === "tls-failed");
