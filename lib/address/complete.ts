/** Single-label domains, which a site completes from a table and in no other way. RFC 6409 §4.2 */
import { type Domain, type DomainName, fullyQualified } from "./domain.ts";

/** By single label in lower case, the domain that it stands for. */
export type Completions = ReadonlyMap<string, DomainName>;

export const NO_COMPLETIONS: Completions = new Map();

/** What the table has for it; else as it is. */
export const complete = (d: Domain, table: Completions): Domain =>
  table.size === 0 || d._tag === "Literal" ? d : table.get(d.ascii) ?? d;

/** One label, or more of them below one that the table completes: such names are never completed. */
export const incomplete = (d: Domain, table: Completions): boolean =>
  !fullyQualified(d) ||
  (table.size > 0 && d._tag === "Name" && table.has(d.ascii.slice(d.ascii.lastIndexOf(".") + 1)));
