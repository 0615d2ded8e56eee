/** How a lane treats a message whose client waits: all recipients or none, and the client gets the result. */
import { handedOver, type PassThroughClient } from "../job/pass_through_client.ts";
import { unsuited } from "../job/pass_through_job.ts";
import type { Connection, Transacted } from "../session/connection.ts";
import type { Job } from "../job/job.ts";
import type { RelayState } from "./relay_state.ts";
import { throttles } from "./pace.ts";
import type { Hop } from "./pool.ts";

/** It has its answer already, or gets it now. */
export const cannotPass = (
  relay: RelayState,
  job: Job,
  awaited: PassThroughClient,
  connection: Connection,
): boolean => {
  if (awaited.over) {
    relay.inHand.delete(job);
    return true;
  }
  const why = unsuited(job, connection.offer);
  if (why !== null) unsuitedFor(relay, job, awaited, why, connection);
  return why !== null;
};

export const unsuitedFor = (
  relay: RelayState,
  job: Job,
  awaited: PassThroughClient,
  why: "reports" | "recipients",
  { remote }: Connection,
): void => {
  relay.inHand.delete(job);
  awaited.answer({ _tag: "Unsuited", why, remote });
};

/** What the hop made of it. */
export const tellClient = (
  relay: RelayState,
  hop: Hop,
  job: Job,
  awaited: PassThroughClient,
  t: Transacted,
  remote: string,
): void => {
  relay.inHand.delete(job);
  const to = job.delivery.recipients.map((r) => r.address);
  const came = handedOver(t.verdicts, to, remote, t.doubtful);
  if (came._tag === "Taken") hop.pace.took();
  else if (t.verdicts.some(throttles)) hop.pace.slow();
  awaited.answer(came);
};
