/** The issuer and the subject of a bearer token. */
import { Context, Data, type Effect, type Redacted } from "effect";

export type TokenResult =
  /** It holds; `login` is the name that its issuer gives the user here. */
  | { readonly _tag: "Valid"; readonly login: string }
  /** `reason` is for the log and holds nothing of the token. */
  | { readonly _tag: "Invalid"; readonly reason: string };

/** An issuer cannot be asked now: 454, never 535. RFC 4954 §6 */
export class TokensUnavailable extends Data.TaggedError("TokensUnavailable")<{
  readonly cause: unknown;
}> {}

export class Tokens extends Context.Service<Tokens, {
  readonly check: (
    token: Redacted.Redacted<string>,
  ) => Effect.Effect<TokenResult, TokensUnavailable>;
}>()("postern/Tokens") {}
