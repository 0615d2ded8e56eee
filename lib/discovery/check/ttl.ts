/** Compares published TTLs with the configuration. docs/design/autodiscovery.md §11.2 */
import type { Looked } from "./judge.ts";
import type { Finding } from "./report.ts";

/** One row for all: panels often have a single figure for a zone. A record that is wrong anyway is told there. */
export const ttlFinding = (
  domain: string,
  looked: ReadonlyArray<Looked>,
): ReadonlyArray<Finding> => {
  const other = looked.flatMap(({ set, ttls, finding }) => {
    const want = set.records[0]?.ttl;
    const ttl = ttls.find((t) => t !== want);
    return ttl === undefined || want === undefined || set.need === "hint" ||
        finding.status !== "pass"
      ? []
      : [{ name: `${set.owner} ${set.type}`, want, ttl }];
  });
  const [first] = other;
  return first === undefined ? [] : [{
    station: "dns",
    key: "ttl",
    subject: domain,
    type: "TTL",
    status: "info",
    expected: [String(first.want)],
    found: other.map((o) => `${o.name} ${o.ttl}`).sort(),
    detail: `${other.length} record sets are kept for another time than configured: ` +
      `a change takes up to ${Math.max(...other.map((o) => o.ttl))} seconds to be seen everywhere`,
  }];
};
