/**
 * The results of DNS look-ups: typed records, and each kind of absence by itself. RFC 2308 §2
 *
 * Types only. Names are in lower case without the trailing dot; the root is the empty string.
 */

export interface Mx {
  readonly preference: number;
  readonly exchange: string;
}

/** RFC 2782 */
export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** RFC 1035 §3.3.13; times in seconds. */
export interface Soa {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

/** RFC 6698 §2.1; `data` in lower-case hexadecimal. */
export interface Tlsa {
  readonly usage: number;
  readonly selector: number;
  readonly matching: number;
  readonly data: string;
}

/** RFC 4034 §5.1; `digest` in lower-case hexadecimal. */
export interface Ds {
  readonly keyTag: number;
  readonly algorithm: number;
  readonly digestType: number;
  readonly digest: string;
}

/** RFC 8659 §4.1 */
export interface Caa {
  readonly flags: number;
  readonly tag: string;
  readonly value: string;
}

/** What a record of each type holds. */
export interface DnsRecords {
  readonly A: string;
  readonly AAAA: string;
  readonly CAA: Caa;
  readonly CNAME: string;
  readonly DS: Ds;
  readonly MX: Mx;
  readonly NS: string;
  readonly PTR: string;
  readonly SOA: Soa;
  readonly SRV: Srv;
  readonly TLSA: Tlsa;
  /** The character-strings of one record, one char an octet; most uses join them without a separator. RFC 7208 §3.3 */
  readonly TXT: ReadonlyArray<string>;
}

/** A type of record that can be asked for. */
export type RecordType = keyof DnsRecords;

/** Whether DNSSEC proves an answer: the AD bit, from a resolver that is trusted with it. RFC 4035 §4.9.3 */
export interface Vouched {
  readonly secure: boolean;
  /** Seconds for which the answer may be used. */
  readonly ttl: number;
  /** Names that the one asked for is an alias of, in the order of the chain. RFC 1034 §3.6.2 */
  readonly aliases: ReadonlyArray<string>;
}

/** There are such records. */
export type DnsFound<T extends RecordType> = Vouched & {
  readonly _tag: "Found";
  readonly records: ReadonlyArray<DnsRecords[T]>;
};

/** The name exists, and has none of this type. */
export type DnsNoData = Vouched & { readonly _tag: "NoData" };

/** The name does not exist (NXDOMAIN). RFC 8020 */
export type DnsNoSuchDomain = Vouched & { readonly _tag: "NoSuchDomain" };

/**
 * Why nothing is known. `bogus`: the resolver has an answer and does not believe it (RFC 4035 §4.3);
 * `loop`: a chain of aliases that does not end.
 */
export type TroubleKind =
  | "servfail"
  | "refused"
  | "timeout"
  | "bogus"
  | "malformed"
  | "unreachable"
  | "loop"
  | "name";

/** Nothing is known: never to be taken for "there is none". */
export interface DnsTrouble {
  readonly _tag: "Trouble";
  readonly kind: TroubleKind;
  readonly reason: string;
}

/** What became of a question; that there is none and that nothing is known stay apart. RFC 2308 §2 */
export type DnsAnswer<T extends RecordType> =
  | DnsFound<T>
  | DnsNoData
  | DnsNoSuchDomain
  | DnsTrouble;
