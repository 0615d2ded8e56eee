/** Which next hop gets a recipient. */
import { domainKey } from "../lib/address/domain.ts";
import { type Mailbox, printMailboxAscii } from "../lib/address/mailbox.ts";
import { patternsFor } from "../lib/address/domain_pattern.ts";
import {
  type HopTemplate,
  type NextHop,
  type Party,
  type Range,
  type Route,
  type RouteConditions,
  type RouteFacts,
  type RouteRule,
  type RouteTable,
} from "../lib/ports/routes.ts";
import type { RoutePolicy, RouteTeller } from "../lib/stages/policy.ts";

interface Entry {
  readonly rule: number;
  readonly hop: HopTemplate;
  readonly when: RouteConditions | undefined;
  readonly how: Pick<Route, "passThrough" | "replicated">;
}

/**
 * By the recipient, the most specific pattern first: its address, its domain, `*.` with the longest name above
 * it, then `*`. Of those with the same pattern the first whose conditions hold; where none of them does, the next
 * pattern has its turn. Names compare as A-labels. An address literal has a route only by `[*]`.
 */
export const byRecipient = (table: RouteTable): RoutePolicy => {
  const rules = new Map<string, Array<Entry>>();
  let addresses = false;
  table.forEach(({ pattern, hop, when, passThrough, replicated }: RouteRule, rule) => {
    const how = {
      ...passThrough === undefined ? {} : { passThrough },
      ...replicated === undefined ? {} : { replicated },
    };
    addresses ||= pattern.includes("@");
    const same = rules.get(pattern);
    if (same === undefined) rules.set(pattern, [{ rule, hop, when, how }]);
    else same.push({ rule, hop, when, how });
  });
  return (recipient, message, tell) => {
    for (const pattern of patternsOf(recipient, addresses)) {
      for (const { rule, hop, when, how } of rules.get(pattern) ?? []) {
        const missed = when === undefined ? null : unmet(when, message);
        if (missed === null) {
          const next = hopFor(hop, recipient);
          tell?.({ rule, pattern, unmet: next === null ? "recipient" : null });
          if (next !== null) return { pattern, hop: next, rule, ...how } satisfies Route;
        } else tell?.({ rule, pattern, unmet: missed });
      }
    }
    return null;
  };
};

/** Patterns that match, most specific first. An address is looked for only where a route names one. */
const patternsOf = function* (recipient: Mailbox, addresses: boolean): Iterable<string> {
  if (addresses) yield addressPattern(recipient);
  if (recipient.domain._tag === "Literal") return yield "[*]";
  yield* patternsFor(recipient.domain.ascii);
};

/** Local parts of other people's domains count to the octet. RFC 5321 §2.4 */
const addressPattern = (m: Mailbox): string => {
  const text = printMailboxAscii(m);
  return `${text.slice(0, text.lastIndexOf("@"))}@${domainKey(m.domain)}`;
};

/** The first condition that does not hold. */
const unmet = (when: RouteConditions, m: RouteFacts): Parameters<RouteTeller>[0]["unmet"] => {
  if (when.sender !== null && !when.sender.some((p) => is(p, m.sender))) return "from";
  if (when.account !== null && !when.account.some((a) => named(a, m.account))) return "account";
  if (when.size !== null && !within(when.size, m.size)) return "size";
  if (when.priority !== null && !within(when.priority, m.priority)) return "priority";
  return null;
};

const within = ({ least, most }: Range, n: number): boolean => n >= least && n <= most;

const named = (pattern: string, account: string | null): boolean => {
  if (account === null) return false;
  const name = account.toLowerCase();
  return pattern.startsWith("@") ? name.endsWith(pattern) : name === pattern;
};

/** The sender is usually ours, and local parts that differ only in case are one address. */
const is = (party: Party, sender: Mailbox | null): boolean => {
  if (sender === null || party._tag === "Null") return sender === null && party._tag === "Null";
  const domain = domainKey(sender.domain);
  if (party._tag === "Address") {
    return party.domain === domain && party.local.toLowerCase() === sender.local.toLowerCase();
  }
  return party.below ? domain.endsWith(`.${party.domain}`) : domain === party.domain;
};

/** With `mx`, the hop that the recipient's own domain names; null where there can be none. */
const hopFor = (template: HopTemplate, { domain }: Mailbox): NextHop | null => {
  if (template._tag !== "MxOfRecipient") return template;
  const { port, tls } = template;
  if (domain._tag === "Name") return { _tag: "Mx", domain: domain.ascii, port, tls };
  const host = domain.text.slice(1, -1).replace(/^ipv6:/i, "").toLowerCase();
  return ourselves(host)
    ? null
    : { _tag: "Smtp", host, port, implicitTls: false, tls, login: null };
};

/** Loopback and "this host": we would talk to ourselves. RFC 6890 §2.2 */
const ourselves = (ip: string): boolean =>
  /^(?:127|0)\./.test(ip) ||
  (ip.includes(":") && /^[0:]*(?:[01]|ffff:(?:127\.|7f|0\.).*)?$/.test(ip));
