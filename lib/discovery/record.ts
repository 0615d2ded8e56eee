/** A DNS resource record as a value. Names are absolute, A-labels in lower case, without the last dot. */

export type RecordData =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "CNAME" | "NS"; readonly target: string }
  | { readonly type: "MX"; readonly preference: number; readonly target: string }
  | {
    readonly type: "SRV";
    readonly priority: number;
    readonly weight: number;
    readonly port: number;
    /** `.`: not offered. RFC 2782 */
    readonly target: string;
  }
  /** The whole value; it is cut into strings of 255 octets where it is written. RFC 1035 §3.3.14 */
  | { readonly type: "TXT"; readonly text: string }
  | { readonly type: "CAA"; readonly flags: number; readonly tag: string; readonly value: string }
  | {
    readonly type: "TLSA";
    readonly usage: number;
    readonly selector: number;
    readonly matching: number;
    /** Hexadecimal, lower case. */
    readonly certificate: string;
  }
  | {
    readonly type: "SOA";
    readonly mname: string;
    readonly rname: string;
    readonly serial: number;
    readonly refresh: number;
    readonly retry: number;
    readonly expire: number;
    readonly minimum: number;
  };

export type RecordType = RecordData["type"];

/** A record to publish: owner name, time to live in seconds, data. */
export interface DnsRecord {
  readonly owner: string;
  readonly ttl: number;
  readonly data: RecordData;
}

/** A record that should be published, and why. */
export interface ExpectedRecord extends DnsRecord {
  /** Which row of the model it comes from: `srv-imaps`, `mtasts`. */
  readonly key: string;
  /** One line for people. */
  readonly note: string;
  /**
   * `required`: a client misses it; `optional`: helps, and some panels cannot store it; `hint`: a proposal about
   * something that the model has no say in, printed as a remark and never sent.
   */
  readonly need: "required" | "optional" | "hint";
}

const encoder = new TextEncoder();

/** RFC 1035 §3.3 */
export const MAX_STRING = 255;

/** The value as the octets of its character strings, cut at 255, never within a character. ZF-2 */
export const stringsOf = (text: string): ReadonlyArray<Uint8Array> => {
  const octets = encoder.encode(text);
  const out: Array<Uint8Array> = [];
  for (let at = 0; at < octets.length;) {
    let end = Math.min(at + MAX_STRING, octets.length);
    while (end < octets.length && ((octets[end] ?? 0) & 0xc0) === 0x80) end--;
    out.push(octets.subarray(at, end));
    at = end;
  }
  return out.length === 0 ? [new Uint8Array(0)] : out;
};

/** Records of one owner and type belong together. RFC 2181 §5 */
export interface RecordSet {
  readonly owner: string;
  readonly type: RecordType;
  readonly ttl: number;
  readonly records: ReadonlyArray<DnsRecord>;
}

/** In the order of owners as DNSSEC sorts them, then of types. RFC 4034 §6.1, ZF-4 */
export const recordSets = (records: ReadonlyArray<DnsRecord>): ReadonlyArray<RecordSet> => {
  const sets = new Map<string, Array<DnsRecord>>();
  for (const r of inOrder(records)) {
    const key = `${r.owner} ${r.data.type}`;
    const set = sets.get(key);
    if (set === undefined) sets.set(key, [r]);
    else set.push(r);
  }
  return [...sets.values()].flatMap((all) => {
    const [first] = all;
    return first === undefined ? [] : [{
      owner: first.owner,
      type: first.data.type,
      ttl: Math.min(...all.map((r) => r.ttl)),
      records: all,
    }];
  });
};

const sortKey = (owner: string): string => owner.split(".").reverse().join("\0");

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

export const inOrder = <R extends DnsRecord>(records: ReadonlyArray<R>): ReadonlyArray<R> =>
  [...records].sort((a, b) =>
    compare(sortKey(a.owner), sortKey(b.owner)) ||
    compare(a.data.type, b.data.type) ||
    compare(JSON.stringify(a.data), JSON.stringify(b.data))
  );
