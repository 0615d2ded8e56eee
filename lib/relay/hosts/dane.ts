/**
 * What TLSA records require of a host. RFC 7672 §2, RFC 6698 §2.1
 *
 * Asks the Resolver, which says whether the records are DNSSEC-secure. The match itself is made in the handshake
 * (`net/dane.ts`).
 */
import { Effect } from "effect";
import type { Tlsa } from "../../ports/dns.ts";
import { Resolver } from "../../ports/resolver.ts";

export type Dane =
  /** Nothing that binds: no records, or nobody vouches for them. RFC 7672 §2.2 */
  | { readonly _tag: "None" }
  | { readonly _tag: "Records"; readonly base: string; readonly records: ReadonlyArray<Tlsa> }
  /** Records that nobody can check: TLS is due, without authentication. RFC 7672 §2.2 */
  | { readonly _tag: "Unusable"; readonly base: string }
  /** Whether there are records is not known: the host may not be used. RFC 7672 §2.1.2 */
  | { readonly _tag: "Trouble"; readonly base: string; readonly reason: string };

export interface DaneHost {
  readonly host: string;
  readonly port: number;
  /** DNSSEC vouches for its addresses. */
  readonly secure: boolean;
  readonly alias: string | null;
}

const DIGITS: Readonly<Record<number, number>> = { 1: 64, 2: 128 };

/** Usages 2 and 3 with parameters we know, and data that can be what it says. RFC 7672 §3.1.3, RFC 7671 §5 */
export const usableTlsa = ({ usage, selector, matching, data }: Tlsa): boolean =>
  (usage === 2 || usage === 3) && (selector === 0 || selector === 1) && matching <= 2 &&
  data.length > 0 && (matching === 0 || data.length === DIGITS[matching]);

/** The alias' end is the first base, the name as it was given the second. RFC 7672 §2.2.2 */
export const daneOf: (host: DaneHost) => Effect.Effect<Dane, never, Resolver> = Effect.fnUntraced(
  function* ({ host, port, secure, alias }) {
    const resolver = yield* Resolver;
    const bases = secure
      ? [...(alias === null ? [] : [alias]), host]
      : alias !== null && (yield* aliasIsSecure(host))
      ? [host]
      : [];
    for (const base of bases) {
      const answer = yield* resolver.lookup(`_${port}._tcp.${base}`, "TLSA");
      if (answer._tag === "Trouble") {
        return { _tag: "Trouble" as const, base, reason: answer.reason };
      }
      if (answer._tag !== "Found" || !answer.secure) continue;
      const records = answer.records.filter(usableTlsa);
      return records.length === 0
        ? { _tag: "Unusable" as const, base }
        : { _tag: "Records" as const, base, records };
    }
    return { _tag: "None" as const };
  },
);

/** A signed alias into an unsigned zone: its own name may have records still. RFC 7672 §2.1.3 */
const aliasIsSecure = Effect.fnUntraced(function* (host: string) {
  const answer = yield* (yield* Resolver).lookup(host, "CNAME");
  return answer._tag === "Found" && answer.secure;
});
