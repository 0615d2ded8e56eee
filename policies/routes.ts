/** Which next hop gets a recipient. */
import {
  type HopTemplate,
  type NextHop,
  type Route,
  type RouteTable,
} from "../lib/ports/routes.ts";
import type { RoutePolicy } from "../lib/stages/policy.ts";

/**
 * By the recipient's domain, the most specific pattern first: the domain itself, then `*.` with the longest
 * name above it, then `*`; of equal patterns the first in the file. Names compare as A-labels. Address
 * literals have no route.
 */
export const byRecipientDomain = (table: RouteTable): RoutePolicy => {
  const rules = new Map<string, HopTemplate>();
  for (const { pattern, hop } of table) if (!rules.has(pattern)) rules.set(pattern, hop);
  return (recipient) => {
    if (recipient.domain._tag === "Literal") return null;
    const domain = recipient.domain.ascii;
    for (const pattern of patternsFor(domain)) {
      const hop = rules.get(pattern);
      if (hop !== undefined) return routeOf(pattern, hop, domain);
    }
    return null;
  };
};

/** Patterns that match `domain`, most specific first. */
const patternsFor = function* (domain: string): Iterable<string> {
  yield domain;
  for (let dot = domain.indexOf("."); dot >= 0; dot = domain.indexOf(".", dot + 1)) {
    yield `*${domain.slice(dot)}`;
  }
  yield "*";
};

const routeOf = (pattern: string, template: HopTemplate, domain: string): Route => {
  const hop: NextHop = template._tag === "MxOfRecipient"
    ? { _tag: "Mx", domain, port: template.port, tls: template.tls }
    : template;
  return { pattern, hop };
};
