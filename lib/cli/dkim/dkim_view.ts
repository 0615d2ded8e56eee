/** Signing keys for people and for programs. Pure: prints nothing itself. */
import type { Served } from "../../dkim/activate.ts";
import type { KeyEntry } from "../../dkim/key_store.ts";
import {
  type DkimRecord,
  printRecord,
  recordName,
  zoneLine,
} from "../../message/dkim/dkim_record.ts";

const moment = (ms: number): string => new Date(ms).toISOString();

/** When a retired key may go from DNS; null while it is in use. */
const goes = (k: KeyEntry, keepMs: number): number | null =>
  k.state === "retired" ? k.since + keepMs : null;

export const keyJson = (k: KeyEntry, keepMs: number) => {
  const end = goes(k, keepMs);
  return {
    domain: k.domain,
    selector: k.selector,
    algorithm: k.type,
    state: k.state,
    since: moment(k.since),
    keepInDnsUntil: end === null ? null : moment(end),
  };
};

export const keyLine = (k: KeyEntry, keepMs: number, now: number): string => {
  const end = goes(k, keepMs);
  const tail = end === null
    ? ""
    : now < end
    ? `, must stay in DNS until ${moment(end)}`
    : ", may be taken out of DNS";
  return `${recordName(k.selector, k.domain)}  ${k.type}  ${k.state} since ${
    moment(k.since)
  }${tail}`;
};

export const recordJson = (k: KeyEntry, r: DkimRecord, served: Served | null = null) => ({
  name: recordName(k.selector, k.domain),
  type: "TXT",
  value: printRecord(r),
  state: k.state,
  ...(served === null ? {} : { served: served._tag }),
});

const SAID: Readonly<Record<Served["_tag"], string>> = {
  Served: "DNS serves it",
  Absent: "DNS does not serve it",
  Other: "DNS serves another key",
  Unknown: "DNS did not say",
};

export const recordLines = (
  k: KeyEntry,
  r: DkimRecord,
  served: Served | null = null,
): ReadonlyArray<string> => [
  `; ${k.type}, ${k.state}${served === null ? "" : `: ${SAID[served._tag]}`}`,
  zoneLine(recordName(k.selector, k.domain), r),
];
