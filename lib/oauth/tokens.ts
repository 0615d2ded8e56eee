/**
 * The Layer behind `Tokens`: finds the issuer of a token among the configured ones, and verifies the token with it.
 * No address of a token, key or issuer is ever taken from a token. RFC 8725 §3.10
 */
import { Clock, Effect, Layer, Redacted } from "effect";
import { decodeJwt } from "jose";
import { type TokenResult, Tokens, TokensUnavailable } from "../ports/tokens.ts";
import { invalid } from "./claims.ts";
import { introspect } from "./introspection.ts";
import type { Issuer } from "./issuer.ts";
import { checkJwt } from "./jwt.ts";
import { keysAt, keysIn } from "./key_set.ts";

interface Checker {
  readonly issuer: Issuer;
  /** Takes tokens that name no issuer. */
  readonly opaque: boolean;
  /** Rejects where nobody can be asked. */
  readonly check: (token: string, nowMillis: number) => Promise<TokenResult>;
}

const checkerOf = (issuer: Issuer): Checker => {
  const { source } = issuer;
  if (source._tag === "Introspection") {
    return {
      issuer,
      opaque: true,
      check: (token, now) => introspect(issuer, source, token, now),
    };
  }
  const keys = source._tag === "KeyUrl" ? keysAt(source.url) : keysIn(source.path);
  return { issuer, opaque: false, check: (token, now) => checkJwt(issuer, keys, token, now) };
};

/** The issuer that a token names; null where it is none that can be read. */
const issuerNamed = (token: string): string | null => {
  try {
    return decodeJwt(token).iss ?? null;
  } catch {
    return null;
  }
};

/** Those to ask, each only about tokens that may be its own. */
const candidates = (all: ReadonlyArray<Checker>, token: string): ReadonlyArray<Checker> => {
  const named = issuerNamed(token);
  return all.filter((c) => named === null ? c.opaque : c.issuer.issuer === named);
};

/** Checks bearer tokens of these issuers; with none, every token is refused. RFC 7628, RFC 8725 */
export const tokensLayer = (issuers: ReadonlyArray<Issuer>): Layer.Layer<Tokens> =>
  Layer.sync(Tokens, () => {
    const all = issuers.map(checkerOf);
    return {
      check: Effect.fnUntraced(function* (redacted: Redacted.Redacted<string>) {
        const token = Redacted.value(redacted);
        const now = yield* Clock.currentTimeMillis;
        let result = invalid("it is of no known issuer");
        let outage: TokensUnavailable | null = null;
        for (const checker of candidates(all, token)) {
          const one = yield* Effect.result(Effect.tryPromise({
            try: () => checker.check(token, now),
            catch: (cause) => new TokensUnavailable({ cause }),
          }));
          if (one._tag === "Failure") outage = one.failure;
          else if (one.success._tag === "Valid") return one.success;
          else result = one.success;
        }
        return outage === null ? result : yield* outage;
      }),
    };
  });
