/**
 * A hop that does anything at any point: what clients are told must be so. Taken: the hop said 250, once. Refused or
 * unreachable: it has not got it. In doubt: it may have, and only then may a second try double it.
 */
import assert from "node:assert/strict";
import { type Answer, ScriptedHop } from "../support/scripted_hop.ts";
import { smtpHop, withRelay } from "./harness.ts";

/** Numbers in [0, 1) that are the same each time. */
const numbers = (seed: number) => (): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

const MESSAGES = 250;

for (const seed of [1, 2, 3]) {
  Deno.test(`pass-through tells the truth of a hop that does anything, seed ${seed}. HOP-12, HOP-13`, async () => {
    const next = numbers(seed);
    const odd = (share: number, answers: ReadonlyArray<Answer>): Answer | undefined =>
      next() < share ? answers[Math.floor(next() * answers.length)] : undefined;
    /** What the hop has said 250 to, by the body's line; what reached it whole. */
    const kept = new Map<string, number>();
    const whole = new Set<string>();
    const hop = await ScriptedHop.start({
      keywords: seed === 3 ? [] : ["PIPELINING"],
      on: (c) => {
        if (c.startsWith("MAIL")) {
          return odd(0.04, ["451 4.3.0 no", "550 5.7.1 no", "421 4.3.2 bye", "cut"]);
        }
        if (c.startsWith("RCPT")) {
          return odd(0.06, ["450 4.2.0 grey", "550 5.1.1 who", "452 4.5.3 many", "cut"]);
        }
        if (c === "DATA") return odd(0.04, ["451 4.3.0 no", "554 5.5.1 no", "250 what", "cut"]);
        if (c === "RSET" || c.startsWith("EHLO")) return odd(0.02, ["cut", "421 4.3.2 bye"]);
        return undefined;
      },
      final: (_to, _nth, data) => {
        const body = data.split("\r\n\r\n")[1]?.trim() ?? "";
        whole.add(body);
        const answer = odd(0.15, [
          "451 4.3.0 no",
          "554 5.6.0 no",
          "421 4.3.2 bye",
          "cut",
          "<html>",
        ]);
        if (answer !== undefined) return [answer];
        kept.set(body, (kept.get(body) ?? 0) + 1);
        return ["250 2.0.0 kept"];
      },
    });
    const seen = new Set<string>();
    try {
      await withRelay({ hop: smtpHop(hop.port), settings: { pauseMs: 1 } }, async (relay) => {
        await Promise.all(Array.from({ length: MESSAGES }, async (_, i) => {
          const to = i % 3 === 0 ? ["a@x.example", "b@x.example"] : ["a@x.example"];
          const h = await relay.pass({ to, body: `message ${i}\r\n` });
          seen.add(h._tag);
          const [times, came] = [kept.get(`message ${i}`) ?? 0, whole.has(`message ${i}`)];
          if (h._tag === "Taken") assert.equal(times, 1, `${i}: taken`);
          else if (h._tag === "Doubtful") assert.ok(came && times === 0, `${i}: in doubt`);
          else assert.equal(times, 0, `${i}: ${h._tag}`);
          if (h._tag === "Unreachable" || h._tag === "Divided") assert.ok(!came, `${i}: ${h._tag}`);
        }));
      });
    } finally {
      await hop.stop();
    }
    for (const tag of ["Taken", "Refused", "Divided", "Unreachable", "Doubtful"]) {
      assert.ok(seen.has(tag), `${tag} did not come up: ${[...seen].join()}`);
    }
  });
}
