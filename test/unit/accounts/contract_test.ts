import { Duration, Effect, Layer } from "effect";
import { accountsLayer } from "../../../lib/accounts/sqlite.ts";
import { accountsSuite } from "../../contract/accounts_suite.ts";
import { memoryAccounts } from "../../../lib/testing/memory_accounts.ts";

const terms = { iterations: 4096, remember: Duration.minutes(5) };

accountsSuite("memory accounts", () => Layer.fresh(memoryAccounts));

accountsSuite("SQLite accounts in memory", () => accountsLayer({ ...terms, path: ":memory:" }));

accountsSuite(
  "SQLite accounts that remember nothing",
  () => accountsLayer({ ...terms, path: ":memory:", remember: Duration.zero }),
);

accountsSuite("SQLite accounts in a file", () =>
  Layer.unwrap(Effect.gen(function* () {
    const dir = yield* Effect.acquireRelease(
      Effect.promise(() => Deno.makeTempDir()),
      (d) => Effect.promise(() => Deno.remove(d, { recursive: true })),
    );
    return accountsLayer({ ...terms, path: `${dir}/new/accounts.db` });
  })));
