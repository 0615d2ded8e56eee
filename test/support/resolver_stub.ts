/** A Resolver that says what a test lists, and trouble of everything else. */
import { Effect } from "effect";
import type { DnsTrouble } from "../../lib/ports/dns.ts";
import type { Resolver } from "../../lib/ports/resolver.ts";

export const SERVFAIL: DnsTrouble = { _tag: "Trouble", kind: "servfail", reason: "SERVFAIL" };

const UNLISTED: DnsTrouble = { _tag: "Trouble", kind: "refused", reason: "not listed" };

export const stubResolver = (given: Partial<Resolver["Service"]>): Resolver["Service"] => ({
  mailExchangers: () => Effect.succeed(UNLISTED),
  addresses: () => Effect.succeed(UNLISTED),
  lookup: () => Effect.succeed(UNLISTED),
  ...given,
});
