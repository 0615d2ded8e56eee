import assert from "node:assert/strict";
import { STANDARD_PATIENCE } from "../../../lib/relay/settings.ts";
import fc from "fast-check";
import { Clock, Effect } from "effect";
import { TestClock } from "effect/testing";
import { expiry, nextAttempt, STANDARD_CURVE } from "../../../lib/relay/retry.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Without jitter. */
const MIDDLE = 0.5;

Deno.test("QUE-2: nextAttempt() goes +30 min, +60 min, then every 2 h until day five, by the clock", () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const start = yield* Clock.currentTimeMillis;
      const expiresAt = expiry(start, false, STANDARD_CURVE);
      const made: Array<number> = [];
      for (let attempts = 1;; attempts++) {
        const now = yield* Clock.currentTimeMillis;
        made.push(now - start);
        const next = nextAttempt(attempts, expiresAt, now, MIDDLE, STANDARD_CURVE);
        if (next === null) break;
        yield* TestClock.setTime(next);
      }
      assert.deepEqual(made.slice(0, 5), [
        0,
        30 * MINUTE,
        90 * MINUTE,
        210 * MINUTE,
        330 * MINUTE,
      ]);
      assert.equal(made.at(-1), 5 * DAY);
      assert.equal(made.length, 63);
    }).pipe(Effect.provide(TestClock.layer())),
  ));

Deno.test("QUE-3: expiry() is a day for the null return path", () => {
  assert.equal(expiry(7, true, STANDARD_CURVE), 7 + DAY);
});

Deno.test("QUE-2: nextAttempt() stays within 10 % of its delay and never passes the expiry", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 0, max: 6 * DAY }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (attempts, now, random) => {
        const next = nextAttempt(attempts, 5 * DAY, now, random, STANDARD_CURVE);
        if (now >= 5 * DAY) return assert.equal(next, null);
        const delay = [30 * MINUTE, HOUR][attempts - 1] ?? 2 * HOUR;
        assert.ok(next !== null && next > now && next <= 5 * DAY);
        assert.ok(next <= now + 1.1 * delay + 1);
        if (next < 5 * DAY) assert.ok(next >= now + 0.9 * delay - 1);
      },
    ),
  );
});

Deno.test("HOP-11: a next hop gets at least the time that RFC 5321 §4.5.3.2 gives it", () => {
  const p = STANDARD_PATIENCE;
  assert.deepEqual(
    [p.greeting, p.command, p.data, p.block, p.final].map((ms) => ms / MINUTE),
    [5, 5, 2, 3, 10],
  );
});
