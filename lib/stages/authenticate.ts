/** Second stage: whose submission is this? At AUTH by credentials, at the end of data by the account as it is now. */
import { Data, Effect } from "effect";
import type { Login } from "../envelope/login.ts";
import { Accounts, type AccountsUnavailable, type LoginResult } from "../ports/accounts.ts";
import {
  ACCOUNT_DISABLED,
  ACCOUNT_GONE,
  AUTH_LATER,
  BAD_CREDENTIALS,
  NEED_AUTH,
} from "../reply/catalog.ts";
import type { Reply } from "../reply/reply.ts";
import { shown } from "./facts.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Authenticated, Parsed, Stage } from "./submission.ts";

/** AUTH is answered with `reply`. `cause` is there where the store is out of reach. RFC 4954 §6 */
export class LoginRefused extends Data.TaggedError("LoginRefused")<{
  readonly reply: Reply;
  readonly cause?: unknown;
}> {}

/** A login that succeeded. */
export type Accepted = LoginResult & { readonly _tag: "Accepted" };

/**
 * The account that `login` proves. Refused with 535 5.7.8 (unknown and wrong alike), 525 5.7.13 (right but
 * disabled), 454 4.7.0 (store out of reach). RFC 4954 §6, RFC 5248 §2.4
 */
export const checkLogin = (login: Login): Effect.Effect<Accepted, LoginRefused, Accounts> =>
  Effect.flatMap(Accounts, (accounts) => accounts.verify(login)).pipe(
    Effect.catchTag(
      "AccountsUnavailable",
      (e) => Effect.fail(new LoginRefused({ reply: AUTH_LATER, cause: e.cause })),
    ),
    Effect.flatMap((result) => {
      switch (result._tag) {
        case "Accepted":
          return result.account.disabled
            ? Effect.fail(new LoginRefused({ reply: ACCOUNT_DISABLED }))
            : Effect.succeed(result);
        case "Disabled":
          return Effect.fail(new LoginRefused({ reply: ACCOUNT_DISABLED }));
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
  const facts = { account: shown(account.id), tls: s.session.tls?.version ?? null };
  return {
    ...s,
    _tag: "Authenticated" as const,
    account,
    trail: [...s.trail, { stage: "authenticate", verdict: "pass", rule: "MSA-4.3", facts }],
  };
});
