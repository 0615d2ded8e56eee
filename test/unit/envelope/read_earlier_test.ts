import assert from "node:assert/strict";
import fc from "fast-check";
import { keepsItsTime, readEarlier } from "../../../lib/envelope/read_earlier.ts";
import { PLAIN } from "../../support/plain_envelope.ts";

const hold = (request: string, until: number) => ({ until, request, account: "alice" });
const by = (deadline: number) => ({ deadline, mode: "R", trace: false } as const);

for (
  const { name, given, want } of [
    { name: "HOLDFOR ends earlier", given: { hold: hold("for;60", 900) }, want: { until: 800 } },
    {
      name: "HOLDUNTIL keeps its time",
      given: { hold: hold("until;2026-01-01T00:00:00Z", 900) },
      want: { until: 900 },
    },
    { name: "BY ends earlier", given: { deliverBy: by(950) }, want: { deadline: 850 } },
    {
      name: "HOLDFOR and BY end earlier together",
      given: { hold: hold("for;60", 900), deliverBy: by(950) },
      want: { until: 800, deadline: 850 },
    },
    {
      name: "BY does not end before HOLDUNTIL does",
      given: { hold: hold("until;2026-01-01T00:00:00Z", 900), deliverBy: by(950) },
      want: { until: 900, deadline: 900 },
    },
  ]
) {
  Deno.test(`readEarlier() ${name}. RFC 4865 §3 (8), RFC 2852 §4`, () => {
    const { hold, deliverBy } = readEarlier({ ...PLAIN, ...given }, 100);
    const times = {
      ...hold === undefined ? {} : { until: hold.until },
      ...deliverBy === undefined ? {} : { deadline: deliverBy.deadline },
    };
    assert.deepEqual(times, want);
  });
}

Deno.test("readEarlier() leaves alone what promises nothing in time", () => {
  assert.equal(readEarlier(PLAIN, 100), PLAIN);
  const kept = { ...PLAIN, hold: hold("until;2026-01-01T00:00:00Z", 900) };
  assert.equal(readEarlier(kept, 100), kept);
  assert.deepEqual([keepsItsTime(PLAIN), keepsItsTime(kept)], [false, true]);
});

Deno.test("readEarlier() never makes anything later, nor lets it end before it may begin", () => {
  const time = fc.integer({ min: -1_000_000, max: 1_000_000 });
  const given = fc.record({
    from: time,
    gap: fc.nat(1_000_000),
    ms: fc.nat(2_000_000),
    request: fc.constantFrom("for;60", "until;2026-01-01T00:00:00Z"),
  });
  fc.assert(fc.property(given, ({ from, gap, ms, request }) => {
    const e = { ...PLAIN, hold: hold(request, from), deliverBy: by(from + gap) };
    const { hold: h, deliverBy } = readEarlier(e, ms);
    assert.ok(h !== undefined && deliverBy !== undefined);
    assert.ok(h.until <= from && deliverBy.deadline <= from + gap);
    assert.ok(h.until <= deliverBy.deadline);
  }));
});
