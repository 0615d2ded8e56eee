/** DNS as the stages and the relay need it. NXDOMAIN, no data and trouble stay different things. */
import { Context, type Effect } from "effect";
import type { DnsAnswer, DnsTrouble, RecordType } from "./dns.ts";

export interface Exchanger {
  readonly preference: number;
  /** A-label name without the trailing dot. */
  readonly host: string;
}

/** RFC 5321 §5.1, RFC 7505 §3 */
export type MxAnswer =
  /** `implicit`: there is no MX, the domain's own address records serve. Ascending preference, equal ones shuffled. */
  | {
    readonly _tag: "Exchangers";
    readonly exchangers: ReadonlyArray<Exchanger>;
    readonly implicit: boolean;
    /** DNSSEC proves the list, or its absence; absent: it does not. RFC 7672 §2.2.1 */
    readonly secure?: boolean;
    /** What the domain is an alias of, where it is one. RFC 5321 §5.1 */
    readonly alias?: string;
  }
  | { readonly _tag: "NullMx" }
  | { readonly _tag: "NoSuchDomain" }
  /** The domain exists and has neither MX nor address records. */
  | { readonly _tag: "NoAddress" }
  /** SERVFAIL, time-out, bogus, malformed: nothing is known; never falls to A. */
  | DnsTrouble
  /** Look-ups are switched off (explain without `--resolve`). */
  | { readonly _tag: "NotAsked" };

export type AddressAnswer =
  /** IPv6 before IPv4, in the resolver's order. */
  | {
    readonly _tag: "Addresses";
    readonly addresses: ReadonlyArray<string>;
    /** DNSSEC proves them; absent: it does not. RFC 7672 §2.1.3 */
    readonly secure?: boolean;
    /** What the host is an alias of, where it is one. */
    readonly alias?: string;
  }
  | { readonly _tag: "NoSuchDomain" }
  | { readonly _tag: "NoAddress" }
  | DnsTrouble;

export interface ResolverService {
  readonly mailExchangers: (domain: string) => Effect.Effect<MxAnswer>;
  readonly addresses: (host: string) => Effect.Effect<AddressAnswer>;
  /** `name` in A-labels (underscores allowed), taken as absolute. */
  readonly lookup: <T extends RecordType>(name: string, type: T) => Effect.Effect<DnsAnswer<T>>;
}

const ResolverBase: Context.ServiceClass<Resolver, "postern/Resolver", ResolverService> = Context
  .Service<Resolver, ResolverService>()("postern/Resolver");

/** The key under which an Effect asks for {@link ResolverService}. */
export class Resolver extends ResolverBase {}
