/** How many domains a hop takes on one connection. RFC 9422 §4.3 */
import type { Connection } from "../session/connection.ts";

const domainOf = (address: string): string =>
  address.slice(address.lastIndexOf("@") + 1).toLowerCase();

/**
 * Which recipients have to wait for another connection; null: all of them. Notes the domains of the others as
 * named. Costs nothing where the hop has no such limit.
 */
export const beyondDomains = (
  { domains, offer }: Connection,
  to: ReadonlyArray<string>,
): ReadonlySet<number> | null => {
  const later = new Set<number>();
  const max = offer.rcptDomainMax;
  if (max === null) return later;
  to.forEach((address, i) => {
    const domain = domainOf(address);
    if (domains.has(domain)) return;
    if (domains.size < max) domains.add(domain);
    else later.add(i);
  });
  return later.size === to.length ? null : later;
};
