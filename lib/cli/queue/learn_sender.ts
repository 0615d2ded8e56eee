/** A message released by hand makes its client and its recipients known. */
import { Clock, Effect } from "effect";
import { accountsLayer } from "../../accounts/sqlite.ts";
import type { Config } from "../../config/config.ts";
import { Correspondents } from "../../ports/correspondents.ts";
import { KnownClients } from "../../ports/known_clients.ts";
import type { QueueDetail } from "../../ports/spool.ts";
import { type Failure, noAccounts } from "../../app/failure.ts";

/** Nothing where it was not held for such a reason, or has no account. */
export const learnSender = (config: Config, m: QueueDetail): Effect.Effect<void, Failure> => {
  const { account, session, hold, envelope } = m;
  const { burst, unusual } = config.holds;
  const watched = burst !== null || unusual.address || unusual.name;
  if (account === null || session === null || hold === null || !watched) return Effect.void;
  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis;
    const client = { address: session.clientAddress, name: session.helo };
    yield* KnownClients.use((c) => c.note(account, client, now));
    yield* Correspondents.use((c) =>
      c.note(account, envelope.recipients.map((r) => r.mailbox), now)
    );
  }).pipe(
    Effect.provide(accountsLayer(config.accounts)),
    Effect.mapError(noAccounts(config.accounts.path)),
  );
};
