import assert from "node:assert/strict";
import { parseMailbox } from "../../../../lib/address/path.ts";
import type { Delivery } from "../../../../lib/ports/spool.ts";
import { ClockJumps } from "../../../../lib/relay/record/clock_jumps.ts";
import { outcomeOf, warned } from "../../../../lib/relay/job/outcome.ts";
import { STANDARD_CURVE } from "../../../../lib/relay/retry.ts";
import { ours } from "../../../../lib/smtp/client/verdict.ts";

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

for (const jump of [HOUR, -HOUR, YEAR, -YEAR]) {
  Deno.test(`QUE-3: ClockJumps sees a jump of ${jump / HOUR} h, and trusts the clock again after six hours`, () => {
    let steady = 5;
    let wall = 1_000_000_000_000;
    const jumps = new ClockJumps(() => steady);
    const pass = (ms: number) => {
      steady += ms;
      wall += ms;
      return jumps.recent(wall);
    };
    assert.equal(jumps.recent(wall), false);
    assert.equal(pass(48 * HOUR), false);
    wall += jump;
    assert.equal(pass(1), true);
    assert.equal(pass(5 * HOUR), true);
    assert.equal(pass(HOUR), false);
  });
}

const delivery = (due: number): Delivery => ({
  message: "m1",
  acceptedAt: 0,
  envelope: {
    returnPath: parseMailbox("alice@example.net"),
    recipients: [{ mailbox: parseMailbox("bob@example.org")! }],
    body: "7BIT",
    smtpUtf8: false,
    declaredSize: null,
  },
  size: 1,
  eightBit: false,
  hop: "smtp://mx:25",
  account: null,
  sender: "alice",
  recipients: [{ key: 1, address: "bob@example.org", attempts: 3, due }],
  content: null,
});
const busy = (d: Delivery) => ({
  recipient: d.recipients[0]!,
  verdict: ours("temporary", "4.2.0", "busy"),
  contact: null,
});

Deno.test("QUE-3: a clock that was set forward a year bounces nothing at once", () => {
  const d = delivery(0);
  const at = (grace: number | null) => outcomeOf(d, busy(d), YEAR, 0.5, STANDARD_CURVE, grace);
  assert.equal(at(null)._tag, "Expired");
  const minutes = (grace: number): number => {
    const kept = at(grace);
    return kept._tag === "Deferred" ? (kept.until - YEAR) / 60_000 : -1;
  };
  // at once, and then more and more rarely
  assert.deepEqual([0, 1, 2, 30, 300].map((m) => minutes(m * 60_000)), [1, 1, 2, 30, 300]);
});

Deno.test("QUE-3: nothing is given up before it had a few attempts, however old it is", () => {
  const tried = (attempts: number, curve = STANDARD_CURVE) => {
    const d = delivery(0);
    const before = { ...d, recipients: [{ ...d.recipients[0]!, attempts }] };
    const o = outcomeOf(before, busy(before), 144 * HOUR, 0.5, curve);
    return o._tag === "Deferred" ? (o.until - 144 * HOUR) / 60_000 : o._tag;
  };
  assert.deepEqual([0, 1, 2, 3].map((n) => tried(n)), [1, 10, 50, "Expired"]);
  // a time in which there is room for no more than two
  const short = { ...STANDARD_CURVE, lifetime: HOUR };
  assert.deepEqual([0, 1].map((n) => tried(n, short)), [1, "Expired"]);
});

Deno.test("EXT-DBY-2: a clock that was set forward does not end the sender's own time", () => {
  const d = delivery(0);
  const deliverBy = { deadline: 2 * HOUR, mode: "R", trace: false } as const;
  const by = { ...d, envelope: { ...d.envelope, deliverBy } };
  const at = (grace: number | null) =>
    outcomeOf(by, busy(by), 3 * HOUR, 0.5, STANDARD_CURVE, grace)._tag;
  assert.deepEqual([at(null), at(0)], ["Failed", "Deferred"]);
});

Deno.test("QUE-4: one attempt falls on the time of the warning, and that one alone warns", () => {
  const before = delivery(2 * HOUR);
  const o = outcomeOf(before, busy(before), 3 * HOUR, 0.5, STANDARD_CURVE);
  assert.equal(o._tag === "Deferred" && o.until, 4 * HOUR);
  assert.equal(warned(before, busy(before), 3 * HOUR, STANDARD_CURVE), false);
  const then = delivery(4 * HOUR);
  assert.equal(warned(then, busy(then), 4 * HOUR + 5, STANDARD_CURVE), true);
  const after = delivery(6 * HOUR);
  assert.equal(warned(after, busy(after), 6 * HOUR + 5, STANDARD_CURVE), false);
  const never = { ...STANDARD_CURVE, warnAfter: null };
  assert.equal(warned(then, busy(then), 4 * HOUR + 5, never), false);
});

Deno.test("ClockJumps: after days in which no server ran, or an hour in which it was frozen, nothing expires for six hours", () => {
  let steady = 5;
  const down = new ClockJumps(() => steady);
  down.wasDown(7 * HOUR);
  assert.equal(down.recent(steady), false);
  down.wasDown(HOUR);
  assert.equal(down.grace(steady), HOUR);
  steady += 5 * HOUR;
  assert.equal(down.recent(steady), false);

  const frozen = new ClockJumps(() => steady);
  for (let i = 0; i < 5; i++) {
    steady += 60_000;
    frozen.beat(steady);
  }
  assert.equal(frozen.recent(steady), false);
  steady += HOUR;
  assert.equal(frozen.recent(steady), true);
  for (let i = 0; i < 360; i++) {
    steady += 60_000;
    frozen.beat(steady);
  }
  assert.equal(frozen.recent(steady), false);
});
