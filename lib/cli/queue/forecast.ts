/** Says what happens next to each recipient of a message, and why. Pure. */
import { printMailboxAscii } from "../../address/mailbox.ts";
import type { QueueSettings } from "../../config/config.ts";
import type { QueueDetail, QueueEvent, QueueRecipient } from "../../ports/spool.ts";
import { expiry } from "../../relay/retry.ts";
import { retryCurveOf } from "../../app/retry_curve.ts";

/** Of one recipient. */
export interface Forecast {
  /** A sentence without its full stop. `{at}` stands for the time `at`, `{expires}` for `expires`. */
  readonly words: string;
  readonly at: number | null;
  /** When it is given up, ms; null where nothing is tried any more. */
  readonly expires: number | null;
}

const notified = (d: QueueDetail, r: QueueRecipient): boolean => {
  if (d.returnPath === null) return false;
  const given = d.envelope.recipients.find((x) => printMailboxAscii(x.mailbox) === r.address);
  const notify = given?.notify;
  return notify === undefined || (notify !== "NEVER" && notify.includes("FAILURE"));
};

const told = (d: QueueDetail, r: QueueRecipient): string =>
  notified(d, r)
    ? "the sender gets a bounce"
    : d.returnPath === null
    ? "no report is sent, since it has no return path"
    : "no report is sent, as the sender asked";

export const forecastOf = (
  d: QueueDetail,
  queue: QueueSettings,
  now: number,
): ReadonlyArray<Forecast> => {
  const { hold, deliverBy } = d.envelope;
  const start = hold === undefined ? d.acceptedAt : Math.max(d.acceptedAt, hold.until);
  const end = expiry(start, d.returnPath === null, retryCurveOf(queue));
  const returned = deliverBy?.mode === "R" && deliverBy.deadline < end ? deliverBy.deadline : end;
  const latest = (what: QueueEvent["what"], r: QueueRecipient): number | null =>
    d.history.findLast((h) => h.what === what && h.address === r.address)?.at ?? null;
  return d.recipients.map((r): Forecast => {
    const late = r.underWay === true
      ? "; a server had begun to deliver it, so that it may still arrive"
      : "";
    const giveUp = `it is given up {expires}, and then ${told(d, r)}`;
    switch (r.state) {
      case "queued":
        if (r.due !== null && r.due > now) {
          return r.attempts === 0
            ? {
              words: `kept back until {at}, as its sender asked; ${giveUp}`,
              at: r.due,
              expires: returned,
            }
            : { words: `next attempt {at}; ${giveUp}`, at: r.due, expires: returned };
        }
        return {
          words:
            `due since {at}: tried as soon as the server runs and the next hop has room; ${giveUp}`,
          at: r.due,
          expires: returned,
        };
      case "leased":
        return {
          words: `with the server: being sent, or waiting for a connection; ${giveUp}`,
          at: null,
          expires: returned,
        };
      case "held": {
        const end = d.hold?.until ?? null;
        if (d.hold !== null && end !== null) {
          const then = d.hold.then === "expire" ? "it returns to its sender" : "it continues";
          return {
            words: `held until {at}, and then ${then}, unless \`postern queue release ${d.id}\` ` +
              "lets it go on before",
            at: end,
            expires: returned,
          };
        }
        const since = d.hold === null ? latest("held", r) : d.acceptedAt;
        return {
          words: `held${since === null ? "" : " since {at}"}: \`postern queue release ${d.id}\` ` +
            `lets it go on; from {expires} on only a few attempts are left${late}`,
          at: since,
          expires: returned,
        };
      }
      case "delivered":
        return { words: "done: the next hop took it {at}", at: r.lastAt, expires: null };
      case "failed":
      case "expired":
        return {
          words: `${r.state === "failed" ? "refused for good" : "given up"} {at}: ${
            notified(d, r) ? "the sender was sent a bounce" : told(d, r)
          }`,
          at: r.lastAt,
          expires: null,
        };
      case "damaged":
        return {
          words: `damaged in our storage, found {at}, and not sent; ${
            notified(d, r) ? "the sender was sent a bounce" : told(d, r)
          }; \`postern queue show ${d.id} --content\` gives what is left of it`,
          at: r.lastAt,
          expires: null,
        };
      case "removed":
        return {
          words: `removed {at} by an operator, without a report${late}`,
          at: latest("removed", r),
          expires: null,
        };
    }
  });
};
