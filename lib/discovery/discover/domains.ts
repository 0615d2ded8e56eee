/** The owner of a name: names within a domain, and registrable domains by the public suffix list. SEC-4, SEC-5 */
import { getDomain } from "tldts";
import { within } from "../offer.ts";

const SECTIONS = { allowPrivateDomains: true } as const;

/** The domain that somebody registered; the name itself where it is a public suffix or has none. */
export const registrable = (name: string): string => getDomain(name, SECTIONS) ?? name;

/** Whether `name` is a public suffix itself, and thus belongs to no single party. */
export const isSuffix = (name: string): boolean => getDomain(name, SECTIONS) === null;

export type Relation = "inside" | "sibling" | "outside";

/** How a host stands to the mail domain. */
export const relation = (host: string, domain: string): Relation =>
  within(host, domain)
    ? "inside"
    : !isSuffix(host) && registrable(host) === registrable(domain)
    ? "sibling"
    : "outside";
