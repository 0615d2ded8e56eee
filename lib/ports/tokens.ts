/** The issuer and the subject of a bearer token. */
import { Context, Data, type Effect, type Redacted } from "effect";
import type { TaggedErrorClass } from "./tagged_error.ts";

export type TokenResult =
  /** It holds; `login` is the name that its issuer gives the user here. */
  | { readonly _tag: "Valid"; readonly login: string }
  /** `reason` is for the log and holds nothing of the token. */
  | { readonly _tag: "Invalid"; readonly reason: string };

const TokensUnavailableBase: TaggedErrorClass<"TokensUnavailable"> = Data.TaggedError(
  "TokensUnavailable",
);

/** An issuer cannot be asked now: 454, never 535. RFC 4954 §6 */
export class TokensUnavailable extends TokensUnavailableBase<{
  readonly cause: unknown;
}> {}

export interface TokensService {
  readonly check: (
    token: Redacted.Redacted<string>,
  ) => Effect.Effect<TokenResult, TokensUnavailable>;
}

const TokensBase: Context.ServiceClass<Tokens, "postern/Tokens", TokensService> = Context.Service<
  Tokens,
  TokensService
>()("postern/Tokens");

/** The key under which an Effect asks for {@link TokensService}. */
export class Tokens extends TokensBase {}
