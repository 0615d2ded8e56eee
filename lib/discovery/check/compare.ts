/** Compares an expected record set with the published one. docs/design/autodiscovery.md §11.3 */
import type { DnsAnswer, DnsRecords, RecordType as AnswerType } from "../../ports/dns.ts";
import { printData } from "../publish/presentation.ts";
import type { ExpectedRecord, RecordData, RecordType } from "../record.ts";
import type { Status } from "./report.ts";
import { spfFaults, spfIsOpen } from "./spf_terms.ts";

/** Expected records of one owner and type. */
export interface ExpectedSet {
  readonly key: string;
  readonly owner: string;
  readonly type: RecordType;
  readonly need: ExpectedRecord["need"];
  readonly records: ReadonlyArray<ExpectedRecord>;
}

export interface Compared {
  readonly status: Status;
  readonly found: ReadonlyArray<string>;
  readonly detail: string;
}

const root = (name: string): string => name === "" ? "." : name;

/** A record of an answer in the words of the model. */
export const dataOf = <T extends AnswerType>(type: T, record: DnsRecords[T]): RecordData | null => {
  const r = { type, record } as {
    [K in AnswerType]: { type: K; record: DnsRecords[K] };
  }[AnswerType];
  switch (r.type) {
    case "A":
    case "AAAA":
      return { type: r.type, address: r.record };
    case "CNAME":
    case "NS":
      return { type: r.type, target: root(r.record) };
    case "MX":
      return { type: "MX", preference: r.record.preference, target: root(r.record.exchange) };
    case "SRV":
      return { type: "SRV", ...r.record, target: root(r.record.target) };
    case "TXT":
      return { type: "TXT", text: r.record.join("") };
    case "CAA":
      return { type: "CAA", ...r.record };
    case "TLSA":
      return {
        type: "TLSA",
        usage: r.record.usage,
        selector: r.record.selector,
        matching: r.record.matching,
        certificate: r.record.data,
      };
    case "SOA":
      return { type: "SOA", ...r.record };
    case "PTR":
    case "DS":
      return null;
  }
};

export const liveData = <T extends AnswerType>(
  type: T,
  answer: DnsAnswer<T>,
): ReadonlyArray<RecordData> =>
  answer._tag === "Found" ? answer.records.flatMap((r) => dataOf(type, r) ?? []) : [];

const text = (d: RecordData): string => d.type === "TXT" ? d.text : printData(d);

const same = (a: RecordData, b: RecordData): boolean => text(a) === text(b);

/** `v=spf1`, `v=DMARC1`: what says whose a TXT record is. */
const tagOf = (t: string): string =>
  /^(v=[a-z0-9]+|mailconf=|path=)/i.exec(t)?.[1]?.toLowerCase() ?? "";

/** Tags and values without the white space and the order that do not matter; the version comes first. RFC 6376 §3.2 */
const tags = (t: string): string => {
  const [version = "", ...rest] = t.split(";").map((p) =>
    p.split("=").map((x) => x.trim()).join("=")
  );
  return [version, ...rest.filter((p) => p !== "").sort()].join(";");
};

/** Why `have` is not what `want` asks for, as far as there are words for it; null: it is. */
const txtFaults = (want: string, have: string): ReadonlyArray<string> | null => {
  if (want === have) return null;
  if (tagOf(want) === "v=spf1") {
    const faults = spfFaults(want, have);
    return faults.length === 0 ? null : faults;
  }
  return tags(want) === tags(have) ? null : [firstDifference(want, have)].filter((d) => d !== "");
};

/** Where two texts part: a panel that cut a long one shows. */
const firstDifference = (want: string, have: string): string => {
  let at = 0;
  while (at < want.length && want[at] === have[at]) at++;
  return have.length > 200 || want.startsWith(have)
    ? `differs from octet ${at + 1} on${want.startsWith(have) ? ": it was cut" : ""}`
    : "";
};

/** Only one of these may be at a name. RFC 7208 §3.2, RFC 7489 §6.6.3, RFC 8461 §3.1, RFC 8460 §3 */
const ALONE: ReadonlySet<string> = new Set(["v=spf1", "v=dmarc1", "v=stsv1", "v=tlsrptv1"]);

const several = (kin: ReadonlyArray<string>, tag: string): string | null =>
  kin.length > 1 && ALONE.has(tag) ? `${kin.length} records begin with ${tag}, and one may` : null;

const compareTxt = (
  want: ReadonlyArray<RecordData>,
  have: ReadonlyArray<RecordData>,
): Compared => {
  const found: Array<string> = [];
  const details: Array<string> = [];
  let status: Status = "pass";
  for (const w of want) {
    const tag = tagOf(text(w));
    const kin = have.map(text).filter((h) => tagOf(h) === tag).sort();
    found.push(...kin);
    const faults = kin.map((h) => txtFaults(text(w), h));
    const more = several(kin, tag);
    if (!faults.includes(null)) {
      status = kin.length === 0 ? "missing" : "drift";
      details.push(...faults.flatMap((f) => f ?? []));
    } else if (more !== null && status === "pass") {
      status = "extra";
      details.push(more);
    }
  }
  return { status, found: [...new Set(found)], detail: details.join("; ") };
};

/** The site has no say here: any record of that kind is its own, if it works. */
const compareHint = (want: RecordData | undefined, have: ReadonlyArray<RecordData>): Compared => {
  const tag = tagOf(want?.type === "TXT" ? want.text : "");
  const kin = have.map(text).filter((f) => tagOf(f) === tag).sort();
  const more = several(kin, tag);
  if (more !== null) return { status: "extra", found: kin, detail: more };
  const faults = tag === "v=spf1" ? kin.flatMap((k) => spfFaults(null, k)) : [];
  if (faults.length > 0) return { status: "drift", found: kin, detail: faults.join("; ") };
  const open = tag === "v=spf1" && kin.some(spfIsOpen);
  return {
    status: kin.length > 0 && !open ? "pass" : "info",
    found: kin,
    detail: open ? "it has no rule for others: by this SPF, anybody may send" : "",
  };
};

/** Types of which others may have their own at the same name. */
const SHARED: ReadonlySet<RecordType> = new Set(["CAA", "TLSA"]);

const rootMixed = (have: ReadonlyArray<RecordData>): boolean =>
  have.length > 1 && have.some((d) => d.type === "SRV" && d.target === ".");

/** `answer` of one view; trouble becomes `unknown`. */
export const compareSet = <T extends AnswerType>(
  set: ExpectedSet,
  type: T,
  answer: DnsAnswer<T>,
): Compared => {
  if (answer._tag === "Trouble") {
    return { status: "unknown", found: [], detail: `${answer.kind}: ${answer.reason}` };
  }
  const want = set.records.map((r) => r.data);
  const have = liveData(type, answer);
  // servers answer in any order
  const found = have.map(text).sort();
  if (set.need === "hint") return compareHint(want[0], have);
  if (set.type === "TXT") return absentIsInfo(set, compareTxt(want, have));
  if (have.length === 0) return absentIsInfo(set, { status: "missing", found, detail: "" });
  if (rootMixed(have)) {
    return { status: "conflict", found, detail: "a root target stands beside others" };
  }
  if (!want.every((w) => have.some((h) => same(w, h)))) {
    return { status: "drift", found, detail: "" };
  }
  const extra = have.filter((h) => !want.some((w) => same(w, h)));
  return extra.length === 0 || SHARED.has(set.type)
    ? { status: "pass", found, detail: "" }
    : { status: "extra", found, detail: `not from here: ${extra.map(text).sort().join(", ")}` };
};

/** What helps and is not there is no fault; some panels cannot store it. P-4 */
const absentIsInfo = (set: ExpectedSet, c: Compared): Compared =>
  c.status === "missing" && set.need === "optional" ? { ...c, status: "info" } : c;

/** By owner and type; a set is required where one of its records is. */
export const expectedSets = (
  records: ReadonlyArray<ExpectedRecord>,
): ReadonlyArray<ExpectedSet> => {
  const sets = new Map<string, ExpectedSet>();
  for (const r of records) {
    // TXT at one name belongs to several people, so that each kind is a set of its own
    const kind = r.data.type === "TXT" ? tagOf(r.data.text) : "";
    const key = `${r.owner} ${r.data.type} ${kind}`;
    const known = sets.get(key);
    sets.set(key, {
      key: known?.key ?? r.key,
      owner: r.owner,
      type: r.data.type,
      need: known === undefined || known.need !== "required" ? r.need : known.need,
      records: [...known?.records ?? [], r],
    });
  }
  return [...sets.values()];
};

export const printed = (set: ExpectedSet): ReadonlyArray<string> =>
  set.records.map((r) => text(r.data));
