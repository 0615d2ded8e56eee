/**
 * The changes that bring a zone into line with an offer: compares, sends nothing.
 *
 * Postern writes only at owners and types of its own model. Of TXT and CAA, where one name holds values of several
 * parties, only values of its own kind are replaced; an alias in the way, or data in the way of an alias, is left
 * alone and reported. DU-1..DU-3
 */
import {
  type ExpectedRecord,
  type RecordData,
  type RecordSet,
  recordSets,
  type RecordType,
} from "./record.ts";

/** A value that is live. `wire` is how the server has it, which for TXT the text alone does not tell. */
export interface LiveValue {
  readonly data: RecordData;
  readonly wire: Uint8Array;
}

export interface LiveSet {
  readonly owner: string;
  readonly type: RecordType;
  readonly ttl: number;
  readonly values: ReadonlyArray<LiveValue>;
}

export interface Change {
  readonly owner: string;
  readonly type: RecordType;
  readonly ttl: number;
  readonly remove: ReadonlyArray<LiveValue>;
  readonly add: ReadonlyArray<RecordData>;
  /** Values of others, which are said again because their set gets another TTL. */
  readonly again?: ReadonlyArray<LiveValue>;
  /** The TTL that all of the set has now, where it is to become another. */
  readonly oldTtl?: number;
  /** All that is there now, for the condition that nobody else was faster (DU-2); null: the server does not show it. */
  readonly before: ReadonlyArray<LiveValue> | null;
}

export interface Plan {
  readonly changes: ReadonlyArray<Change>;
  /** Records that cannot be written because of something that Postern did not write. */
  readonly conflicts: ReadonlyArray<string>;
  /** Values beside ours that stay. */
  readonly kept: ReadonlyArray<LiveSet>;
}

/** What a TXT value begins with decides whose it is. */
const TAGS = [
  "v=spf1",
  "v=DMARC1",
  "v=DKIM1",
  "v=STSv1",
  "v=TLSRPTv1",
  "v=UAAC1",
  "mailconf=",
  "path=",
] as const;

const tagOf = (text: string): string | null =>
  TAGS.find((t) => text.toLowerCase().startsWith(t.toLowerCase())) ?? null;

/** Names are compared without case, TXT whole and CAA tags without case. */
const key = (d: RecordData): string =>
  d.type === "TXT" ? `TXT ${d.text}` : JSON.stringify(d).toLowerCase();

/** Whether a live value is of a kind that the offer decides about. */
const ours = (live: RecordData, wanted: ReadonlyArray<RecordData>): boolean => {
  if (live.type === "CAA") return false; // others may let others issue
  if (live.type !== "TXT") return true;
  const tag = tagOf(live.text);
  return tag !== null && wanted.some((w) => w.type === "TXT" && tagOf(w.text) === tag);
};

/** `live`: every set at the owners of `expected`, of whatever type was found there. */
export const planChanges = (
  expected: ReadonlyArray<ExpectedRecord>,
  live: ReadonlyArray<LiveSet>,
): Plan => {
  const changes: Array<Change> = [];
  const conflicts: Array<string> = [];
  const kept: Array<LiveSet> = [];
  for (const want of recordSets(expected.filter((r) => r.need !== "hint"))) {
    const here = live.filter((s) => s.owner === want.owner);
    const inTheWay = here.find((s) => (s.type === "CNAME") !== (want.type === "CNAME"));
    if (inTheWay !== undefined) {
      conflicts.push(
        `${want.owner}: has ${inTheWay.type} records that Postern did not write, so no ${want.type} record can be added`,
      );
      continue;
    }
    const set = here.find((s) => s.type === want.type);
    const change = changeOf(want.owner, want.ttl, want.records.map((r) => r.data), set);
    if (change !== null) changes.push(change);
    const foreign = set?.values.filter((v) =>
      !ours(v.data, want.records.map((r) => r.data)) &&
      !want.records.some((r) => key(r.data) === key(v.data))
    ) ?? [];
    if (set !== undefined && foreign.length > 0) kept.push({ ...set, values: foreign });
  }
  return { changes, conflicts, kept };
};

/**
 * A digest of PACC stays beside the new one until the next run: the document it is of may still be served. PC-3
 */
const lingers = (d: RecordData): boolean => d.type === "TXT" && tagOf(d.text) === "v=UAAC1";

const changeOf = (
  owner: string,
  ttl: number,
  wanted: ReadonlyArray<RecordData>,
  set: LiveSet | undefined,
): Change | null => {
  const [first] = wanted;
  if (first === undefined) return null;
  const before = set?.values ?? [];
  const keys = new Set(wanted.map(key));
  const there = new Set(before.map((v) => key(v.data)));
  const missing = wanted.filter((d) => !there.has(key(d)));
  const stale = before.filter((v) => !keys.has(key(v.data)) && ours(v.data, wanted));
  const gone = missing.length === 0 ? stale : stale.filter((v) => !lingers(v.data));
  const base = { owner, type: first.type, ttl, before };
  if (set !== undefined && set.ttl !== ttl && before.length > 0) {
    // A set has one TTL (RFC 2181 §5.2). Servers differ in what an added value does to those that are there, so that
    // all are removed and added in one message.
    const mine = before.filter((v) => keys.has(key(v.data)));
    const again = before.filter((v) => !mine.includes(v) && !gone.includes(v));
    return { ...base, oldTtl: set.ttl, remove: [...gone, ...mine], add: wanted, again };
  }
  return missing.length === 0 && gone.length === 0 ? null : { ...base, remove: gone, add: missing };
};

/** A set that the server does not show: whatever is there gives way to what is wanted. DU-1 */
export const unseenChange = (set: RecordSet): Change => ({
  owner: set.owner,
  type: set.type,
  ttl: set.ttl,
  remove: [],
  add: set.records.map((r) => r.data),
  before: null,
});
