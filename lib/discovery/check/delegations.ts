/** Whether the parent zone names the same servers as the zone itself. RFC 1034 §4.2.2, NS-4 */
import type { CheckPorts, Delegation } from "./ports.ts";
import type { Finding } from "./report.ts";
import type { Place, Zones } from "./zones.ts";

const parentOf = (zone: string): string | null => {
  const dot = zone.indexOf(".");
  return dot < 0 ? null : zone.slice(dot + 1);
};

type Said = Extract<Delegation, { readonly _tag: "Servers" | "None" }>;

/** What the first server says that says something; null where none does, or all answer from the zone below. */
const told = async (
  addresses: ReadonlyArray<string>,
  zone: string,
  ports: CheckPorts,
): Promise<Said | null> => {
  for (const address of addresses) {
    const said = await ports.askDelegation(address, zone);
    if (said._tag === "Servers" || said._tag === "None") return said;
  }
  return null;
};

const finding = (zone: string, ns: ReadonlyArray<string>, said: Said): Finding => {
  const base = { station: "dns", key: "delegation", subject: zone, type: "NS" } as const;
  const expected = [...ns].sort();
  if (said._tag !== "Servers") {
    const detail = "the parent zone has no delegation, so that resolvers never reach this zone";
    return { ...base, status: "missing", expected, found: [], detail };
  }
  const found = [...said.names].sort();
  const stale = found.filter((n) => !expected.includes(n));
  const left = expected.filter((n) => !found.includes(n));
  const detail = [
    ...stale.length === 0 ? [] : [`the parent zone names ${stale.join(", ")}, the zone does not`],
    ...left.length === 0 ? [] : [`the zone names ${left.join(", ")}, the parent zone does not`],
  ].join("; ");
  return { ...base, status: detail === "" ? "pass" : "drift", expected, found, detail };
};

const one = async (
  zone: string,
  ns: ReadonlyArray<string>,
  zones: Zones,
  ports: CheckPorts,
): Promise<ReadonlyArray<Finding>> => {
  const above = parentOf(zone);
  if (above === null || ns.length === 0) return [];
  const said = await told(await zones.addressesAbove(above), zone, ports);
  return said === null ? [] : [finding(zone, ns, said)];
};

/** `own`: zones that our own name server answers for, with the servers that the configuration names for them. */
export const checkDelegations = async (
  places: ReadonlyArray<Place>,
  own: { readonly zones: ReadonlyArray<string>; readonly ns: ReadonlyArray<string> },
  zones: Zones,
  ports: CheckPorts,
): Promise<ReadonlyArray<Finding>> => {
  const others = places.filter((p) => !own.zones.includes(p.zone));
  const all = await Promise.all([
    ...own.zones.map((z) => one(z, own.ns, zones, ports)),
    ...others.map((p) => one(p.zone, p.ns, zones, ports)),
  ]);
  return all.flat();
};
