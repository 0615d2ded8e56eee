/** Delivery of a job on this very host: nobody behind us will tell the sender of it. */
import { Effect } from "effect";
import { Spool } from "../ports/spool.ts";
import { ours } from "../smtp/client/verdict.ts";
import { type Job, returnPathOf } from "./job.ts";
import { deliverToMaildir } from "./maildir.ts";
import type { Result } from "./outcome.ts";
import { noticesOf, recipientWishes } from "./wishes.ts";

const UNREADABLE = ours("temporary", "4.3.0", "Message cannot be read from the spool now");
const UNTESTABLE = ours(
  "permanent",
  "5.7.19",
  "It cannot be told whether the mailbox still has the owner that it was written to",
);

/** One file per recipient, so that each has its own Delivered-To. */
export const intoMaildir: (
  job: Job,
  path: string,
  hostname: string,
) => Effect.Effect<ReadonlyArray<Result>, never, Spool> = Effect.fnUntraced(function* (
  job,
  path,
  hostname,
) {
  const { delivery } = job;
  const spool = yield* Spool;
  const results: Array<Result> = [];
  const wishes = recipientWishes(delivery);
  const notices = noticesOf(delivery, job.route.hop, null);
  for (const [i, recipient] of delivery.recipients.entries()) {
    // nobody here knows since when a mailbox has its owner. RFC 7293 §5.1
    if (wishes?.[i]?.rrvs?.otherwise === "R") {
      results.push({ recipient, verdict: UNTESTABLE, remote: null });
      continue;
    }
    const verdict = yield* Effect.matchEffect(spool.read(delivery.message), {
      onSuccess: (chunks) =>
        deliverToMaildir(path, {
          name: `${delivery.message}-${recipient.key}.${hostname}`,
          returnPath: returnPathOf(delivery),
          recipient: recipient.address,
          chunks,
          seconds: Math.floor(delivery.acceptedAt / 1000),
        }),
      onFailure: () => Effect.succeed(UNREADABLE),
    });
    const notice = verdict.kind === "accepted" ? notices?.[i] ?? null : null;
    results.push({ recipient, verdict, remote: null, ...notice === null ? {} : { notice } });
  }
  return results;
});
