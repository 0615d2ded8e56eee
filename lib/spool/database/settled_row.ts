/** Outcomes of the relay as columns of the recipient table. */
import type { Settlement } from "../../ports/spool.ts";
import type { SettledRow } from "./protocol.ts";
import { STATE } from "./schema.ts";

export const settledRow = (s: Settlement): SettledRow =>
  s.hop === undefined ? rowOf(s) : { ...rowOf(s), hop: s.hop };

const rowOf = ({ recipient, outcome, attempt }: Settlement): SettledRow => {
  const { key } = recipient;
  const { reply } = outcome;
  const remote = attempt ?? outcome.remote;
  switch (outcome._tag) {
    case "Delivered":
      return { key, state: STATE.delivered, due: 0, status: null, reply, remote };
    case "Deferred":
      return {
        key,
        state: STATE.queued,
        due: outcome.until,
        status: outcome.status,
        reply,
        remote,
      };
    case "Failed":
      return { key, state: STATE.failed, due: 0, status: outcome.status, reply, remote };
    case "Expired":
      return { key, state: STATE.expired, due: 0, status: outcome.status, reply, remote };
    case "Damaged":
      return { key, state: STATE.damaged, due: 0, status: outcome.status, reply, remote };
  }
};
