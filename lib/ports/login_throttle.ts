/**
 * Slows failed logins down and then locks out, by address block and by (account, address block), so that a stranger
 * guesses no faster from many names and can never lock an owner out from elsewhere. An address from which the
 * account recently signed in has a counter of its own, so that no neighbour can lock it out either.
 */
import { Context, type Duration, type Effect } from "effect";

export type Gate =
  /** Go on after `delay` (zero in good standing). */
  | { readonly _tag: "Proceed"; readonly delay: Duration.Duration }
  /** 454 4.7.0 after `delay`, without looking at the password: it costs as much time as a try would. */
  | {
    readonly _tag: "Locked";
    readonly remaining: Duration.Duration;
    readonly delay: Duration.Duration;
  };

export interface LoginThrottleService {
  readonly admit: (clientAddress: string, authcid: string) => Effect.Effect<Gate>;
  readonly failed: (clientAddress: string, authcid: string) => Effect.Effect<void>;
  readonly succeeded: (clientAddress: string, authcid: string) => Effect.Effect<void>;
}

const LoginThrottleBase: Context.ServiceClass<
  LoginThrottle,
  "postern/LoginThrottle",
  LoginThrottleService
> = Context.Service<LoginThrottle, LoginThrottleService>()("postern/LoginThrottle");

/** The key under which an Effect asks for {@link LoginThrottleService}. */
export class LoginThrottle extends LoginThrottleBase {}
