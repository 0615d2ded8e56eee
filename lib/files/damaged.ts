/** Content that the spool does not give: not now, or never again. */
import { SpoolFault } from "../ports/spool.ts";
import { ours, type Verdict } from "../smtp/client/verdict.ts";

export const UNREADABLE: Verdict = ours(
  "temporary",
  "4.3.0",
  "Message cannot be read from the spool now",
);
/** No later attempt finds it whole. RFC 3463 §3.4 */
export const DAMAGED: Verdict = ours(
  "permanent",
  "5.3.0",
  "Message was damaged in our storage and was not sent: please send it again",
);

/** What a failed read means for its recipients. */
export const unreadable = (fault: unknown): Verdict => isDamage(fault) ? DAMAGED : UNREADABLE;

/** Looks through what wraps the fault on its way. */
export const isDamage = (e: unknown): boolean => {
  for (let at = e, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    if (at instanceof SpoolFault && at.damaged === true) return true;
  }
  return false;
};
