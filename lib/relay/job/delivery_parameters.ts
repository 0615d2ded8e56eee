/** The parameters of extensions that the sender gave, as they apply to one delivery. Pure. */
import { printMailboxAscii } from "../../address/mailbox.ts";
import type { Envelope, Recipient } from "../../envelope/envelope.ts";
import { finalHop, type NextHop } from "../../ports/routes.ts";
import type { Delivery } from "../../ports/spool.ts";
import type { Offer } from "../../smtp/client/offer.ts";
import type { Wishes } from "../../smtp/client/state.ts";

export type RecipientParameters = Omit<Recipient, "mailbox">;
const NOTHING: RecipientParameters = {};

const wishful = (r: Recipient): boolean =>
  r.notify !== undefined || r.orcpt !== undefined || r.rrvs !== undefined;

/** By recipient of the delivery; null where none of them wished anything. */
export const recipientParameters = (
  { envelope, recipients }: Pick<Delivery, "envelope" | "recipients">,
): ReadonlyArray<RecipientParameters> | null => {
  if (!envelope.recipients.some(wishful)) return null;
  const known = new Map<string, RecipientParameters>();
  for (const { mailbox, ...wishes } of envelope.recipients) {
    const address = printMailboxAscii(mailbox);
    if (!known.has(address)) known.set(address, wishes);
  }
  return recipients.map((r) => known.get(r.address) ?? NOTHING);
};

/**
 * REQUIRETLS binds towards other hosts; a report is better sent without than lost. RFC 8689 §4.2, §5
 */
export const mustHaveTls = ({ requireTls, returnPath }: Envelope, hop: NextHop): boolean =>
  requireTls === true && returnPath !== null && hop._tag !== "LmtpUnix" && hop._tag !== "Maildir";

const plain = (e: Envelope): boolean =>
  e.ret === undefined && e.envid === undefined && e.deliverBy === undefined &&
  e.priority === undefined && e.requireTls === undefined;

/** Undefined where there is nothing to say. `binary`: the content goes out as it is, by BDAT. */
export const deliveryParametersOf = (
  delivery: Delivery,
  hop: NextHop,
  binary: boolean,
  now: number,
): Wishes | undefined => {
  const { envelope: e } = delivery;
  const recipients = recipientParameters(delivery);
  if (plain(e) && recipients === null && !binary) return undefined;
  return {
    ...binary ? { binary } : {},
    ...e.ret === undefined ? {} : { ret: e.ret },
    ...e.envid === undefined ? {} : { envid: e.envid },
    ...e.priority === undefined ? {} : { priority: e.priority },
    ...e.requireTls === undefined ? {} : { requireTls: mustHaveTls(e, hop) ? "must" : "may" },
    ...e.deliverBy === undefined ? {} : {
      by: {
        seconds: Math.floor((e.deliverBy.deadline - now) / 1000),
        mode: e.deliverBy.mode,
        trace: e.deliverBy.trace,
      },
    },
    ...recipients === null ? {} : { recipients },
  };
};

/** What the sender is to be told of a recipient whom a hop has taken. RFC 3461 §5.2.2, RFC 3464 §2.3.3 */
export type Notice = "relayed" | "delivered";

/**
 * By recipient; null where nothing is to be told, or the hop will tell it. `offer`: null for a Maildir.
 * A promise of delivery in time ends where the hop gives none. RFC 2852 §4.1.4.2
 */
export const noticesOf = (
  delivery: Delivery,
  hop: NextHop,
  offer: Offer | null,
): ReadonlyArray<Notice | null> | null => {
  const { deliverBy } = delivery.envelope;
  const wishes = recipientParameters(delivery);
  if (wishes === null && deliverBy === undefined) return null;
  const last = finalHop(hop);
  const late = !last && deliverBy !== undefined &&
    (deliverBy.trace || (deliverBy.mode === "N" && offer?.deliverBy === null));
  return delivery.recipients.map((_, i) => {
    const notify = wishes?.[i]?.notify;
    if (notify === "NEVER") return null;
    if (notify?.includes("SUCCESS") === true && offer?.dsn !== true) {
      return last ? "delivered" : "relayed";
    }
    return late ? "relayed" : null;
  });
};
