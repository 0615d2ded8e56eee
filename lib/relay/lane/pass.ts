/** What a lane does otherwise with a message whose client waits: it goes as a whole, and its client is told. */
import { type Awaited, handedOver } from "../job/awaited.ts";
import { unsuited } from "../job/awaited_job.ts";
import type { Connection, Transacted } from "../session/connection.ts";
import type { Job } from "../job/job.ts";
import type { Yard } from "./yard.ts";
import { throttles } from "./pace.ts";
import type { Hop } from "./pool.ts";

/** It has its answer already, or gets it now. */
export const cannotPass = (
  yard: Yard,
  job: Job,
  awaited: Awaited,
  connection: Connection,
): boolean => {
  if (awaited.over) {
    yard.inHand.delete(job);
    return true;
  }
  const why = unsuited(job, connection.offer);
  if (why !== null) unsuitedFor(yard, job, awaited, why, connection);
  return why !== null;
};

export const unsuitedFor = (
  yard: Yard,
  job: Job,
  awaited: Awaited,
  why: "reports" | "recipients",
  { remote }: Connection,
): void => {
  yard.inHand.delete(job);
  awaited.answer({ _tag: "Unsuited", why, remote });
};

/** What the hop made of it. */
export const tellClient = (
  yard: Yard,
  hop: Hop,
  job: Job,
  awaited: Awaited,
  t: Transacted,
  remote: string,
): void => {
  yard.inHand.delete(job);
  const to = job.delivery.recipients.map((r) => r.address);
  const came = handedOver(t.verdicts, to, remote, t.doubtful);
  if (came._tag === "Taken") hop.pace.took();
  else if (t.verdicts.some(throttles)) hop.pace.slow();
  awaited.answer(came);
};
