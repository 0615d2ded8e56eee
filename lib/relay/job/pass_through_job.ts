/** The job of a message whose client waits, and whether a hop can take it. */
import type { HandedOver, Passing } from "../../ports/hand_over.ts";
import { hopKey } from "../../ports/routes.ts";
import type { Delivery } from "../../ports/spool.ts";
import type { Offer } from "../../smtp/client/offer.ts";
import type { PassThroughClient } from "./pass_through_client.ts";
import type { Job } from "./job.ts";
import type { HopAccess } from "../settings.ts";
import { noticesOf } from "./delivery_parameters.ts";

/** The job of a message that waits; what is said of it goes to `awaited`. */
export const awaitedJob = (p: Passing, access: HopAccess, awaited: PassThroughClient): Job => {
  const delivery: Delivery = {
    message: p.id,
    acceptedAt: p.acceptedAt,
    envelope: p.envelope,
    size: p.head.length + p.bodyOctets,
    eightBit: p.eightBit,
    account: p.account,
    hop: hopKey(p.route.hop),
    sender: p.account,
    recipients: p.recipients.map((address, key) => ({
      key,
      address,
      attempts: 0,
      due: p.acceptedAt,
    })),
    content: null,
  };
  return {
    delivery,
    route: p.route,
    access: { ...access, credentials: p.login ?? access.credentials },
    retried: false,
    awaited,
  };
};

/** Why the hop cannot have it in one transaction with nothing left to do; null where it can. RFC 9422 §4.2 */
export const unsuited = (
  { delivery, route }: Job,
  offer: Offer,
): Extract<HandedOver, { readonly _tag: "Unsuited" }>["why"] | null => {
  if (delivery.recipients.length > (offer.rcptMax ?? Infinity)) return "recipients";
  const reports = noticesOf(delivery, route.hop, offer);
  return reports?.some((n) => n !== null) === true ? "reports" : null;
};
