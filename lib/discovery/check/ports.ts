/**
 * The ports of a check beyond those of discovery: asking one name server for its own data, and a resolver for what
 * it rejects.
 */
import type { DnsAnswer, DnsTrouble, RecordType } from "../../ports/dns.ts";
import type { DiscoverPorts, Lookup } from "../discover/ports.ts";

/**
 * What the zone above says about one below it. `Hidden`: the server holds that one as well, and answers from it;
 * `None`: there is no delegation.
 */
export type Delegation =
  | { readonly _tag: "Servers"; readonly names: ReadonlyArray<string> }
  | { readonly _tag: "Hidden" }
  | { readonly _tag: "None" }
  | DnsTrouble;

/** What a check needs of the world besides what discovery needs, as functions. */
export interface CheckPorts extends DiscoverPorts {
  /** Without recursion; never rejects. */
  readonly askServer: <T extends RecordType>(
    address: string,
    name: string,
    type: T,
  ) => Promise<DnsAnswer<T>>;
  /** Without recursion, at a server of the zone above; never rejects. */
  readonly askDelegation: (address: string, zone: string) => Promise<Delegation>;
  /** Through the resolver, which is not to check DNSSEC. */
  readonly lookupUnchecked: Lookup;
  /** Milliseconds since 1970: certificates end by it. */
  readonly wallClock: () => number;
}
