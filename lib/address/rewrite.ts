/**
 * Aliases of recipients, and addresses that are rewritten. Exact rules of a site over its own domains; nobody
 * else's local part is ever touched. RFC 6409 §8.7, §8.8, RFC 5321 §2.3.11
 */
import { domainKey, type DomainName } from "./domain.ts";
import type { Comparison } from "./local_rules.ts";
import type { Mailbox } from "./mailbox.ts";
import type { AddressPattern } from "./pattern.ts";

/** Mail to `address` goes to these instead. */
export interface Alias {
  readonly address: Mailbox;
  readonly to: ReadonlyArray<Mailbox>;
}

/** Where a rule works. */
export type RewritePlace = "sender" | "recipients" | "header";

/** One rule by which an address stands for another when a message is submitted. */
export interface Rewrite {
  readonly address: AddressPattern & { readonly _tag: "Exact" | "Domain" };
  /** A whole address for an exact pattern, a domain for a domain. */
  readonly to: Mailbox | DomainName;
  readonly places: ReadonlyArray<RewritePlace>;
}

/** All rules by which addresses stand for others, as the configuration has them. */
export interface RewriteSettings {
  readonly aliases: ReadonlyArray<Alias>;
  readonly rewrites: ReadonlyArray<Rewrite>;
}

export interface Rewrites {
  readonly sender: (m: Mailbox) => Mailbox;
  readonly header: (m: Mailbox) => Mailbox;
  /** Never empty; aliases of aliases are followed. */
  readonly recipients: (m: Mailbox) => ReadonlyArray<Mailbox>;
}

/** Null where there are no rules, so that nothing needs to be looked at. */
export const compileRewrites = (s: RewriteSettings, c: Comparison): Rewrites | null => {
  if (s.aliases.length + s.rewrites.length === 0) return null;
  const aliases = new Map(s.aliases.map((a) => [c.key(a.address), a.to]));
  const at = (place: RewritePlace) =>
    rewriter(s.rewrites.filter((r) => r.places.includes(place)), c);
  const recipient = at("recipients");
  /** Every alias counts once, so that a ring of them ends. */
  const expand = (m: Mailbox, seen: Set<string>): ReadonlyArray<Mailbox> => {
    const key = c.key(m);
    const to = aliases.get(key);
    if (to === undefined) return [m];
    if (seen.has(key)) return [];
    seen.add(key);
    return to.flatMap((t) => expand(recipient(t), seen));
  };
  return {
    sender: at("sender"),
    header: at("header"),
    recipients: (m) => {
      const own = recipient(m);
      const all = expand(own, new Set());
      // aliases of nothing but each other: the relay will say so
      return all.length === 0 ? [own] : all;
    },
  };
};

/** The exact rule first; one rule, once. */
const rewriter = (
  rules: ReadonlyArray<Rewrite>,
  c: Comparison,
): (m: Mailbox) => Mailbox => {
  const exact = new Map<string, Mailbox>();
  const domains = new Map<string, DomainName>();
  for (const { address, to } of rules) {
    if (address._tag === "Exact" && "local" in to) exact.set(c.key(address.mailbox), to);
    if (address._tag === "Domain" && !("local" in to)) domains.set(address.domain.ascii, to);
  }
  return (m) => {
    const whole = exact.get(c.key(m));
    if (whole !== undefined) return whole;
    const domain = domains.get(domainKey(m.domain));
    return domain === undefined ? m : { ...m, domain };
  };
};
