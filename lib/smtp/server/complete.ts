/** Domains of one label that a site completes, in the envelope. RFC 6409 §4.2 */
import type { Mailbox } from "../../address/mailbox.ts";
import type { Rules } from "./rules.ts";

/** By the table only; names of two labels and more are never completed. */
export const completed = (rules: Rules, m: Mailbox): Mailbox => {
  if (rules.domains === undefined || m.domain._tag !== "Name") return m;
  const domain = rules.domains.get(m.domain.ascii);
  return domain === undefined ? m : { ...m, domain };
};
