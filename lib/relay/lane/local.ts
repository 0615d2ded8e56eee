/** Delivers a job on this host: no later server will report on it. */
import { Effect } from "effect";
import { type Delivery, Spool, type SpoolError } from "../../ports/spool.ts";
import { NO_OFFER, type Offer } from "../../smtp/client/offer.ts";
import { ours, type Verdict } from "../../smtp/client/verdict.ts";
import { convert } from "../job/convert.ts";
import { unreadable } from "../../files/damaged.ts";
import { type Job, returnPathOf } from "../job/job.ts";
import { deliverToMaildir } from "../../files/maildir.ts";
import type { Result } from "../job/outcome.ts";
import { noticesOf, recipientParameters } from "../job/delivery_parameters.ts";

const UNTESTABLE = ours(
  "permanent",
  "5.7.19",
  "It is unknown whether the mailbox still has the same owner",
);

/** A Maildir takes anything that has lines. */
const LINES: Offer = { ...NO_OFFER, eightBitMime: true, smtpUtf8: true };

/** Line ends change in a Maildir, which binary content would not survive: it is encoded before. RFC 3030 §3 */
const contentOf = (
  spool: Spool["Service"],
  delivery: Delivery,
): Effect.Effect<AsyncIterable<Uint8Array> | Verdict, SpoolError | Error> => {
  const open = () => Effect.runPromise(spool.read(delivery.message));
  return delivery.envelope.body !== "BINARYMIME"
    ? spool.read(delivery.message)
    : Effect.tryPromise({
      try: async () => {
        const made = await convert(open, delivery, LINES);
        return "kind" in made ? made : made.chunks;
      },
      catch: (cause) => cause instanceof Error ? cause : new Error(String(cause)),
    });
};

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
  const wishes = recipientParameters(delivery);
  const notices = noticesOf(delivery, job.route.hop, null);
  for (const [i, recipient] of delivery.recipients.entries()) {
    // nobody here knows since when a mailbox has its owner. RFC 7293 §5.1
    if (wishes?.[i]?.rrvs?.otherwise === "R") {
      results.push({ recipient, verdict: UNTESTABLE, contact: null });
      continue;
    }
    const verdict = yield* Effect.matchEffect(contentOf(spool, delivery), {
      onSuccess: (chunks) =>
        "kind" in chunks ? Effect.succeed(chunks) : deliverToMaildir(path, {
          name: `${delivery.message}-${recipient.key}.${hostname}`,
          returnPath: returnPathOf(delivery),
          recipient: recipient.address,
          chunks,
          seconds: Math.floor(delivery.acceptedAt / 1000),
        }),
      onFailure: (fault) => Effect.succeed(unreadable(fault)),
    });
    const notice = verdict.kind === "accepted" ? notices?.[i] ?? null : null;
    results.push({ recipient, verdict, contact: null, ...notice === null ? {} : { notice } });
  }
  return results;
});
