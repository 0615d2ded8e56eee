/** A delayed message (FUTURERELEASE) is released only if its account may still send. RFC 4865 §6 */
import { Effect } from "effect";
import { Accounts } from "../../ports/accounts.ts";
import type { Delivery } from "../../ports/spool.ts";
import { ours, type Verdict } from "../../smtp/client/verdict.ts";

const GONE = ours(
  "permanent",
  "5.7.1",
  "The account that delayed this message may no longer send",
);
const UNKNOWN = ours("temporary", "4.3.0", "Accounts cannot be looked up now");

/** Why it may not go now; null where it may. */
export const notAuthorized: (
  delivery: Delivery,
) => Effect.Effect<Verdict | null, never, Accounts> = Effect.fnUntraced(function* ({ envelope }) {
  if (envelope.hold === undefined) return null;
  const { account } = envelope.hold;
  return yield* Effect.match((yield* Accounts).find(account), {
    onSuccess: (found) => found === null || found.disabled ? GONE : null,
    onFailure: () => UNKNOWN,
  });
});
