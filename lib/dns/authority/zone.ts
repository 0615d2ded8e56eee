/** A zone that we answer for: static, unsigned, no wildcards, no delegations below it. NS-4, NS-18 */
import type { DnsRecord, RecordType } from "../../discovery/record.ts";
import { encodeData, encodeName, keyOf, lowered, TYPE } from "../wire.ts";

export interface ZoneSet {
  readonly type: number;
  readonly ttl: number;
  /** Record data as on the wire. */
  readonly data: ReadonlyArray<Uint8Array>;
}

export interface Zone {
  readonly name: string;
  /** The name on the wire, in lower case, as a key. */
  readonly key: string;
  /** By name; a name with nothing at it, but something below, has an empty list. RFC 8020 §2 */
  readonly nodes: ReadonlyMap<string, ReadonlyArray<ZoneSet>>;
  /** Of negative answers: the SOA with the lesser of its TTL and its MINIMUM. RFC 2308 §3 */
  readonly negative: ZoneSet;
}

export interface ZoneSettings {
  readonly name: string;
  readonly ns: ReadonlyArray<string>;
  /** The mailbox of its administrator: `hostmaster@example.com`. */
  readonly mailbox: string;
  readonly serial: number;
  readonly ttl: number;
  /** Those outside the zone are left out. */
  readonly records: ReadonlyArray<DnsRecord>;
}

/** What cannot be served, said for the person who configured it. */
export class BadZone extends Error {
  override readonly name = "BadZone";
}

/** The local part is one label, whatever dots it has. RFC 1035 §8 */
const rname = (mailbox: string): string => {
  const at = mailbox.lastIndexOf("@");
  return `${mailbox.slice(0, at).replaceAll(/[.\\]/g, "\\$&")}.${mailbox.slice(at + 1)}`;
};

const NEGATIVE_TTL = 300;

export const makeZone = (s: ZoneSettings): Zone => {
  const minimum = Math.min(s.ttl, NEGATIVE_TTL);
  const [mname = ""] = s.ns;
  const soa = encodeData({
    type: "SOA",
    mname,
    rname: rname(s.mailbox),
    serial: s.serial >>> 0,
    refresh: 3600,
    retry: 600,
    expire: 604_800,
    minimum,
  });
  const nodes = new Map<string, Array<{ type: number; ttl: number; data: Array<Uint8Array> }>>();
  const add = (owner: string, type: RecordType, ttl: number, data: Uint8Array): void => {
    const name = keyOf(lowered(encodeName(owner)));
    const sets = nodes.get(name) ?? [];
    nodes.set(name, sets);
    const set = sets.find((t) => t.type === TYPE[type]);
    if (set === undefined) sets.push({ type: TYPE[type], ttl, data: [data] });
    else set.data.push(data);
  };
  add(s.name, "SOA", s.ttl, soa);
  for (const ns of s.ns) add(s.name, "NS", s.ttl, encodeData({ type: "NS", target: ns }));
  for (const { owner, data } of s.records) {
    if (owner !== s.name && !owner.endsWith(`.${s.name}`)) continue;
    if (owner.includes("*")) throw new BadZone(`${owner}: wildcards are not served`);
    if (data.type === "NS" || data.type === "SOA") throw new BadZone(`${owner}: is no part of it`);
    add(owner, data.type, s.ttl, encodeData(data));
  }
  for (const [name, sets] of nodes) {
    if (sets.length > 1 && sets.some((t) => t.type === TYPE.CNAME)) {
      throw new BadZone(`${readable(name)}: an alias cannot stand beside other records`);
    }
  }
  const key = keyOf(lowered(encodeName(s.name)));
  return {
    name: s.name,
    key,
    nodes: withNonTerminals(nodes, key),
    negative: { type: TYPE.SOA, ttl: Math.min(s.ttl, minimum), data: [soa] },
  };
};

/** `_tcp.example.com` exists where `_imaps._tcp.example.com` does. NS-5 */
const withNonTerminals = (
  nodes: ReadonlyMap<string, ReadonlyArray<ZoneSet>>,
  apex: string,
): ReadonlyMap<string, ReadonlyArray<ZoneSet>> => {
  const all = new Map(nodes);
  for (const name of nodes.keys()) {
    for (let up = name; up !== apex && up.length > apex.length; up = parent(up)) {
      if (!all.has(up)) all.set(up, []);
    }
  }
  return all;
};

/** The name without its first label. */
export const parent = (name: string): string => name.slice(1 + name.charCodeAt(0));

const readable = (name: string): string => {
  const labels: Array<string> = [];
  for (let n = name; n.length > 1; n = parent(n)) labels.push(n.slice(1, 1 + n.charCodeAt(0)));
  return labels.join(".");
};
