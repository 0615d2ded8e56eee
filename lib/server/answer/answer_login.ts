/** Answers the questions of AUTH: throttle first, then the accounts. RFC 4954 §4, §6, §9 */
import { createHash } from "node:crypto";
import { Duration, Effect, Redacted } from "effect";
import type { Claim, ScramHash } from "../../envelope/login.ts";
import type { SessionFacts } from "../../envelope/session.ts";
import { Accounts } from "../../ports/accounts.ts";
import { LoginThrottle } from "../../ports/login_throttle.ts";
import * as say from "../../reply/catalog.ts";
import { summary } from "../../reply/reply.ts";
import { encodeBase64 } from "../../sasl/base64.ts";
import { checkLogin } from "../../stages/authenticate.ts";
import { shown } from "../../stages/facts.ts";
import type { ClientLog } from "../limits/client_log.ts";
import { type Answer, just } from "../session/session_host.ts";
import type { SignedIn } from "../session/signed_in.ts";
import { throttled } from "../limits/throttled.ts";

/** The mechanism, and the name that a failed login is counted under. */
const claimant = (claim: Claim): { readonly mechanism: string; readonly name: string } => {
  switch (claim._tag) {
    case "Password":
      return { mechanism: claim.login.mechanism, name: claim.login.authcid };
    case "Proof":
      return { mechanism: claim.proof.mechanism, name: claim.proof.authcid };
    case "Token": {
      const { mechanism, authzid, token } = claim.bearer;
      return { mechanism, name: authzid === "" ? nameless(token) : authzid };
    }
    case "Certificate":
      return { mechanism: claim.certificate.mechanism, name: claim.certificate.account };
    case "Void":
      return claim.claim;
  }
};

/**
 * Stands for a token that comes without a name. Each for itself, or one client's bad token would slow down
 * every other of its neighbourhood.
 */
const nameless = (token: Redacted.Redacted<string>): string =>
  `token ${createHash("sha256").update(Redacted.value(token)).digest("hex").slice(0, 16)}`;

/** What grants can be bound to, where the account's store names no credential of its own. */
const CREDENTIAL: Readonly<Record<Claim["_tag"], string>> = {
  Password: "password",
  Proof: "password",
  Certificate: "certificate",
  Token: "token",
  Void: "none",
};

/** Waits its turn, unless it has waited before; false, after a wait, where the door is shut. */
const admitted = Effect.fnUntraced(function* (
  session: SessionFacts,
  name: string,
  hasWaited = false,
) {
  const gate = yield* (yield* LoginThrottle).admit(session.clientAddress, name);
  if (gate._tag === "Locked") {
    throttled("auth_locked");
    // a refusal at once would let a stranger ask again and again, and learn when the lock ends
    yield* Effect.sleep(gate.delay);
    return false;
  }
  if (!hasWaited && Duration.toMillis(gate.delay) > 0) {
    throttled("auth_delayed");
    yield* Effect.sleep(gate.delay);
  }
  return true;
});

/** Faults behind a 454 are told in the log, once a login: the client learns nothing of them. */
const tell = (session: SessionFacts, cause: unknown): Effect.Effect<void> =>
  Effect.logError("login not possible: a fault of ours", { session: session.id, fault: cause });

export const answerLogin = Effect.fnUntraced(function* (
  { signedIn, clientLog }: { readonly signedIn: SignedIn; readonly clientLog: ClientLog },
  session: SessionFacts,
  claim: Claim,
) {
  const throttle = yield* LoginThrottle;
  const { mechanism, name } = claimant(claim);
  // who shows a proof has waited before the keys were handed out, but the door may have shut since
  if (!(yield* admitted(session, name, claim._tag === "Proof"))) return just(say.AUTH_LATER);
  return yield* checkLogin(claim).pipe(
    Effect.matchEffect({
      onSuccess: Effect.fnUntraced(function* ({ account, credential }) {
        yield* throttle.succeeded(session.clientAddress, name);
        const by = credential ?? CREDENTIAL[claim._tag];
        if (signedIn.enter(session.id, account.id, by, claim)) {
          return { reply: say.AUTHENTICATED, account: account.id } satisfies Answer;
        }
        throttled("connections_per_account");
        return just(say.AUTH_LATER);
      }),
      onFailure: Effect.fnUntraced(function* (refused) {
        if (refused.reply === say.BAD_CREDENTIALS) {
          yield* throttle.failed(session.clientAddress, name);
        }
        yield* clientLog.tell(session.clientAddress, "login refused", {
          session: session.id,
          mechanism,
          // octets of the client: on one line, of bounded length; never what was shown with them
          login: shown(name),
          reply: summary(refused.reply),
        });
        if (refused.cause !== undefined) yield* tell(session, refused.cause);
        return just(refused.reply);
      }),
    }),
  );
});

/** 18 octets are 24 characters without a comma. RFC 5802 §5.1 */
const nonce = (): string => encodeBase64(crypto.getRandomValues(new Uint8Array(18)));

/** Keys for everybody who asks, real or pretended. RFC 5802 §5.1 */
export const answerKeys = Effect.fnUntraced(function* (
  session: SessionFacts,
  authcid: string,
  hash: ScramHash,
) {
  if (!(yield* admitted(session, authcid))) return just(say.AUTH_LATER);
  return yield* (yield* Accounts).keys(authcid, hash).pipe(
    Effect.matchEffect({
      onSuccess: (keys) =>
        Effect.succeed<Answer>(
          keys === null
            ? just(say.TRANSITION_NEEDED)
            : { reply: say.OK, account: null, keys: { ...keys, nonce: nonce() } },
        ),
      onFailure: (e) => Effect.as(tell(session, e.cause), just(say.AUTH_LATER)),
    }),
  );
});
