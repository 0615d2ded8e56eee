import assert from "node:assert/strict";
import { join } from "node:path";
import { Effect } from "effect";
import { Records, type SubmissionRecord } from "../../../lib/ports/records.ts";
import { recordsLayer } from "../../../lib/trace/records.ts";
import { session } from "../../support/submissions.ts";

const DAY = 86_400_000;
const record = (id: string, at: number): SubmissionRecord => ({
  id,
  at,
  account: "alice@example.net",
  credential: null,
  reply: "550 5.7.1 no",
  session,
  message: null,
  trail: "[]",
});

const inDirectory = (name: string, body: (path: string) => Promise<void>) =>
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await body(join(dir, "data", "records.db"));
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

const on = <A>(path: string, readOnly: boolean, work: Effect.Effect<A, unknown, Records>) =>
  Effect.runPromise(
    Effect.provide(
      work,
      recordsLayer({ path, refusals: true, accepted: true, keepMs: 7 * DAY, readOnly }),
    ),
  );

inDirectory("recordsLayer() keeps records for its days, for the owner alone", async (path) => {
  const now = Date.now();
  await on(
    path,
    false,
    Records.use((r) =>
      Effect.sync(() => {
        r.keep(record("old", now - 8 * DAY));
        r.keep(record("a", now - DAY));
        r.keep(record("b", now));
      })
    ),
  );
  assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  // the next start prunes
  await on(path, false, Effect.void);
  const since = (at: number) =>
    on(path, true, Records.use((r) => r.since(at))).then((all) => all.map((x) => x.id));
  assert.deepEqual(await since(0), ["a", "b"]);
  assert.deepEqual(await since(now - 1000), ["b"]);
  assert.deepEqual(await on(path, true, Records.use((r) => r.find("a"))), record("a", now - DAY));
  assert.equal(await on(path, true, Records.use((r) => r.find("old"))), null);
});

inDirectory("recordsLayer() for looking makes no file", async (path) => {
  assert.equal(await on(path, true, Records.use((r) => r.find("a"))), null);
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});
