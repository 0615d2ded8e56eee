/** Second stage: whose submission is this? At AUTH by credentials, at the end of data by the account as it is now. */
import { Data, Effect } from "effect";
import type { Claim } from "../envelope/login.ts";
import { Accounts, type AccountsUnavailable, type LoginResult } from "../ports/accounts.ts";
import { Tokens, type TokensUnavailable } from "../ports/tokens.ts";
import {
  ACCOUNT_DISABLED,
  ACCOUNT_GONE,
  AUTH_LATER,
  BAD_CREDENTIALS,
  MECHANISM_TOO_WEAK,
  NEED_AUTH,
} from "../reply/catalog.ts";
import type { Reply } from "../reply/reply.ts";
import { shown } from "./facts.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Authenticated, Parsed, Stage } from "./submission.ts";
import type { TaggedErrorClass } from "../ports/tagged_error.ts";

const LoginRefusedBase: TaggedErrorClass<"LoginRefused"> = Data.TaggedError("LoginRefused");

/** AUTH is answered with `reply`. `cause` is there where the store is out of reach. RFC 4954 §6 */
export class LoginRefused extends LoginRefusedBase<{
  readonly reply: Reply;
  readonly cause?: unknown;
}> {}

/** A login that succeeded. */
export type Accepted = LoginResult & { readonly _tag: "Accepted" };
const REJECTED: LoginResult = { _tag: "Rejected" };

/** What the accounts say to a claim, after a token was looked at by those who know its issuer. */
const judge = Effect.fnUntraced(function* (
  claim: Claim,
): Effect.fn.Return<LoginResult, AccountsUnavailable | TokensUnavailable, Accounts | Tokens> {
  const accounts = yield* Accounts;
  switch (claim._tag) {
    case "Password":
      return yield* accounts.verify(claim.login);
    case "Proof": {
      const { valid, revision, ...who } = claim.proof;
      return valid && revision !== null ? yield* accounts.identify({ ...who, revision }) : REJECTED;
    }
    case "Certificate": {
      const { account, ...who } = claim.certificate;
      return yield* accounts.identify({ ...who, authcid: account });
    }
    case "Token": {
      const { token, ...who } = claim.bearer;
      const result = yield* (yield* Tokens).check(token);
      return result._tag === "Valid"
        ? yield* accounts.identify({ ...who, authcid: result.login })
        : REJECTED;
    }
    case "Void":
      return REJECTED;
  }
});

/**
 * The account that `claim` proves. Refused with 535 5.7.8 (unknown and wrong alike), 525 5.7.13 (right but
 * disabled), 534 5.7.9 (right but too weak a mechanism), 454 4.7.0 (store or issuer out of reach).
 * RFC 4954 §6, RFC 5248 §2.4
 */
export const checkLogin = (
  claim: Claim,
): Effect.Effect<Accepted, LoginRefused, Accounts | Tokens> =>
  judge(claim).pipe(
    Effect.catchTags({
      AccountsUnavailable: (e) =>
        Effect.fail(new LoginRefused({ reply: AUTH_LATER, cause: e.cause })),
      TokensUnavailable: (e) =>
        Effect.fail(new LoginRefused({ reply: AUTH_LATER, cause: e.cause })),
    }),
    Effect.flatMap((result) => {
      switch (result._tag) {
        case "Accepted":
          return result.account.disabled
            ? Effect.fail(new LoginRefused({ reply: ACCOUNT_DISABLED }))
            : Effect.succeed(result);
        case "Disabled":
          return Effect.fail(new LoginRefused({ reply: ACCOUNT_DISABLED }));
        case "TooWeak":
          return Effect.fail(new LoginRefused({ reply: MECHANISM_TOO_WEAK }));
        case "Rejected":
          return Effect.fail(new LoginRefused({ reply: BAD_CREDENTIALS }));
      }
    }),
  );

/**
 * Puts the account behind a submission, as it is at this moment. Refused with 530 5.7.0 where nobody signed
 * in, 550 5.7.1 where the account is gone or disabled since. RFC 6409 §4.3
 */
export const authenticate: Stage<
  Parsed,
  Authenticated,
  Refusal | AccountsUnavailable,
  Accounts
> = Effect.fnUntraced(function* (s: Parsed) {
  if (s.login === null) return yield* refusal(s.trail, "authenticate", "MSA-4.3", NEED_AUTH);
  const account = yield* (yield* Accounts).find(s.login);
  const login = shown(s.login);
  if (account === null) {
    return yield* refusal(s.trail, "authenticate", "account.gone", ACCOUNT_GONE, { login });
  }
  if (account.disabled) {
    return yield* refusal(s.trail, "authenticate", "account.disabled", ACCOUNT_GONE, { login });
  }
  const { submitter } = s.envelope;
  const facts = {
    account: shown(account.id),
    tls: s.session.tls?.version ?? null,
    ...(submitter === undefined ? {} : { saidToBeOf: shown(submitter) }),
  };
  return {
    ...s,
    _tag: "Authenticated" as const,
    account,
    trail: [...s.trail, { stage: "authenticate", verdict: "pass", rule: "MSA-4.3", facts }],
  };
});
