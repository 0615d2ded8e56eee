/**
 * Drains a node in SRV: its records get a higher priority value, so that clients try the others first. Services
 * that it alone offers are unchanged. RFC 2782
 */
import type { DnsRecord } from "./record.ts";

/** More than anybody distinguishes within one set. */
const STEP = 1000;
const MAX = 65_535;

/** The records with `host` put behind all others; `changed` where that makes a difference. */
export const drained = <R extends DnsRecord>(
  records: ReadonlyArray<R>,
  host: string,
): { readonly records: ReadonlyArray<R>; readonly changed: boolean } => {
  let changed = false;
  const out = records.map((r) => {
    const { data } = r;
    if (data.type !== "SRV" || data.target !== host || !hasOthers(records, r.owner, host)) return r;
    changed = true;
    return { ...r, data: { ...data, priority: Math.min(MAX, data.priority + STEP), weight: 0 } };
  });
  return { records: out, changed };
};

const hasOthers = (records: ReadonlyArray<DnsRecord>, owner: string, host: string): boolean =>
  records.some((r) =>
    r.owner === owner && r.data.type === "SRV" && r.data.target !== host && r.data.target !== "."
  );
