/** The verdict on one record set, from the servers of its zone and the resolver. docs/design/autodiscovery.md §11.2 */
import type { DnsTrouble } from "../../ports/dns.ts";
import type { Compared, ExpectedSet } from "./compare.ts";
import type { Finding, Status } from "./report.ts";
import { behind, nameOf, type View } from "./zones.ts";

export interface Seen {
  readonly view: View;
  readonly compared: Compared;
}

/** The result for one set. */
export interface Looked {
  readonly set: ExpectedSet;
  readonly finding: Finding;
  /** Servers that did not answer for it, although others did. */
  readonly silent: ReadonlyArray<{ readonly view: View; readonly trouble: DnsTrouble }>;
  /** At the servers; none where nothing was found. */
  readonly ttls: ReadonlyArray<number>;
}

const GRAVITY: ReadonlyArray<Status> = [
  "pass",
  "info",
  "unknown",
  "extra",
  "missing",
  "drift",
  "conflict",
];

const worst = (all: ReadonlyArray<Compared>): Compared =>
  all.reduce((a, b) => GRAVITY.indexOf(b.status) > GRAVITY.indexOf(a.status) ? b : a);

export const good = (c: Compared): boolean => c.status === "pass" || c.status === "info";

const alike = (a: Compared, b: Compared): boolean =>
  a.status === b.status && a.found.join("\n") === b.found.join("\n");

const WHAT: Readonly<Partial<Record<Status, string>>> = { missing: "has none", extra: "has more" };

/** A server with what it has and why that is wrong. */
const told = ({ view, compared: c }: Seen): string => {
  const what = c.found.length === 0 ? WHAT[c.status] ?? c.status : c.found.join(", ");
  return `${nameOf(view)}: ${what}${c.detail === "" ? "" : ` (${c.detail})`}`;
};

const all = (seen: ReadonlyArray<Seen>): string => seen.map((s) => nameOf(s.view)).join(", ");

const joined = (...parts: ReadonlyArray<string>): string =>
  parts.filter((p) => p !== "").join("; ");

/** `seen`: of the servers that answered. `bogus`: the resolver has an answer, and does not believe it. */
export const judged = (
  set: ExpectedSet,
  seen: ReadonlyArray<Seen>,
  resolver: Compared,
  bogus: boolean,
): Compared => {
  const said = fromServers(set, seen) ?? resolver;
  if (bogus) {
    const there = good(said)
      ? "the data are right"
      : joined(`the data are ${said.status}`, said.detail);
    return {
      ...said,
      status: "unknown",
      detail: `bogus: DNSSEC does not hold for this record set, and resolvers that validate ` +
        `reject it; at the name servers ${there}`,
    };
  }
  if (seen.length === 0 || !good(said) || good(resolver)) return said;
  if (resolver.status === "unknown") {
    return { ...resolver, detail: joined("right at every name server", resolver.detail) };
  }
  return {
    ...resolver,
    status: "pending",
    detail: joined(
      "right at every name server; resolvers still cache the previous value",
      resolver.detail,
    ),
  };
};

const fromServers = (set: ExpectedSet, seen: ReadonlyArray<Seen>): Compared | null => {
  const [first] = seen;
  if (first === undefined) return null;
  const bad = seen.filter((s) => !good(s.compared));
  if (bad.length === 0) return first.compared;
  const compared = worst(bad.map((s) => s.compared));
  if (bad.length === seen.length) {
    return bad.every((s) => alike(s.compared, compared))
      ? compared
      : { ...compared, detail: `name servers differ: ${bad.map(told).join("; ")}` };
  }
  const newest = seen.filter((s) => good(s.compared)).map((s) => s.view.serial);
  const late = bad.every((s) =>
    newest.some((n) => n !== null && s.view.serial !== null && behind(s.view.serial, n))
  );
  return late
    ? { ...compared, status: "pending", detail: `not yet at ${all(bad)}, which has an older zone` }
    : {
      ...compared,
      detail: joined(`${set.type} is right elsewhere, and not at ${all(bad)}`, compared.detail),
    };
};
