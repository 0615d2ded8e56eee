/** An accepted submission that is held: why, until when, and what happens then. */
import type { Hold } from "../ports/hold.ts";
import { shown } from "./facts.ts";
import type { Facts, StageName } from "./trail.ts";
import type { Submission } from "./submission.ts";

/** Holds `s`. Of several holds the longest counts, and one that ends in a return wins over a release. */
export const held = <S extends Submission>(
  s: S,
  stage: StageName,
  rule: string,
  hold: Hold,
  facts: Facts = {},
): S => ({
  ...s,
  hold: s.hold === undefined ? hold : together(s.hold, hold),
  trail: [...s.trail, {
    stage,
    verdict: "held",
    rule,
    facts: {
      reason: shown(hold.reason),
      until: hold.until === null ? null : new Date(hold.until).toISOString(),
      then: hold.until === null ? null : hold.then,
      ...facts,
    },
  }],
});

const together = (a: Hold, b: Hold): Hold => ({
  reason: `${a.reason}; ${b.reason}`,
  until: a.until === null || b.until === null ? null : Math.max(a.until, b.until),
  then: a.then === "expire" || b.then === "expire" ? "expire" : "release",
  notify: a.notify || b.notify,
});
