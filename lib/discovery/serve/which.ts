/** The configured domain that a request is about; a name that only the request claims never counts. */
import { parseMailbox } from "../../address/path.ts";
import type { Offer } from "../offer.ts";
import { hasUnseen } from "./visible.ts";

const PREFIX = /^(?:autoconfig|autodiscover|ua-auto-config|mta-sts)\./;

/** The name of the request's host, without port. */
export const hostOf = (request: Request): string =>
  new URL(request.url).hostname.toLowerCase().replace(/\.$/, "");

/** An address, in the form that is shown and compared; null where it is none, or cannot be seen whole. */
export const readAddress = (
  text: string,
): { readonly address: string; readonly domain: string } | null => {
  const mailbox = text.length > 320 || hasUnseen(text.trim()) ? null : parseMailbox(text.trim());
  if (mailbox === null || mailbox.domain._tag !== "Name") return null;
  return { address: text.trim(), domain: mailbox.domain.ascii };
};

export const offerFor = (offers: ReadonlyArray<Offer>, domain: string): Offer | null =>
  offers.find((o) => o.domain === domain) ?? null;

/** By host: the domain itself, one of its well-known names, or a web host of one domain only. */
export const offerAt = (offers: ReadonlyArray<Offer>, host: string): Offer | null => {
  const named = offerFor(offers, host) ?? offerFor(offers, host.replace(PREFIX, ""));
  if (named !== null) return named;
  const here = offers.filter((o) => o.web === host);
  return here.length === 1 ? here[0] ?? null : null;
};

/** By the address where it is one, else by host: clients may leave it out, or send a placeholder. AC-3, AC-17 */
export const offerOfRequest = (
  offers: ReadonlyArray<Offer>,
  request: Request,
  address: string | null,
): Offer | null => {
  const read = address === null ? null : readAddress(address);
  return read === null ? offerAt(offers, hostOf(request)) : offerFor(offers, read.domain);
};
