/**
 * A hop that once stalls, hangs up, resets, answers garbage or says 421, at each phase: the message waits, is tried again
 * and arrives; twice only where the hop had all of it and did not say so. HOP-12, HOP-13, threats.md row 30
 */
import assert from "node:assert/strict";
import { STANDARD_CURVE } from "../../lib/relay/retry.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { type Answer, type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { HASTE, smtpHop, until, withRelay } from "./harness.ts";

const { certificatePem: cert, keyPem: key } = await makeSelfSigned(["localhost"], Date.now());
const SHORT = { ...HASTE, greeting: 150, command: 150, data: 150, block: 300, final: 150 };
const HASTY = { ...STANDARD_CURVE, first: [30], then: 30, jitter: 0 };

const TROUBLES: ReadonlyArray<readonly [string, Answer]> = [
  ["stalls", null],
  ["hangs up", "cut"],
  ["resets", "reset"],
  ["answers garbage", "<html>it works!</html>"],
  ["says 421", "421 4.3.2 not now"],
  ["says 451", "451 4.3.0 later"],
];

/** Once, at the command that begins so; `at` counts that verb. */
const once = (verb: string, at = 1) => (trouble: Answer): Script => ({
  on: (c, nth) => c.startsWith(verb) && nth === at ? trouble : undefined,
});

interface Phase {
  readonly name: string;
  readonly script: (trouble: Answer) => Script;
  readonly tls?: boolean;
  /** The hop has the message whole by then. */
  readonly whole?: boolean;
}

const greetingOnce = (trouble: Answer): Script => ({
  greeting: (nth) => nth === 1 ? trouble : "220 hop.test ESMTP",
});

/** The hop goes on behind a MAIL that it refused; we end what we had begun with a dot alone, and that is no message. */
const whole = (hop: ScriptedHop) => hop.messages.filter((m) => m.data !== "");

const PHASES: ReadonlyArray<Phase> = [
  { name: "as greeting", script: greetingOnce },
  { name: "to EHLO", script: once("EHLO") },
  { name: "to STARTTLS", script: once("STARTTLS"), tls: true },
  { name: "to EHLO under TLS", script: once("EHLO", 2), tls: true },
  { name: "to MAIL", script: once("MAIL") },
  { name: "to MAIL, one reply at a time", script: (t) => ({ ...once("MAIL")(t), keywords: [] }) },
  { name: "to RCPT", script: once("RCPT") },
  { name: "to the second RCPT", script: once("RCPT", 2) },
  { name: "to DATA", script: once("DATA") },
  {
    name: "after the dot",
    script: (trouble) => ({ final: (_, nth) => [nth === 1 ? trouble : "250 2.0.0 kept"] }),
    whole: true,
  },
  { name: "to QUIT", script: once("QUIT") },
];

for (const phase of PHASES) {
  for (const [what, trouble] of TROUBLES) {
    Deno.test(`a hop that ${what} ${phase.name}: the message waits, and arrives`, async () => {
      const hop = await ScriptedHop.start({
        ...phase.tls === true ? { tls: { key, cert } } : {},
        ...phase.script(trouble),
      });
      const level = phase.tls === true ? "encrypt" : "none";
      try {
        await withRelay({
          hop: smtpHop(hop.port, { tls: level }),
          settings: { patience: SHORT, retry: HASTY, pauseMs: 20 },
        }, async (relay) => {
          const id = await relay.send({ to: ["x@example.org", "y@example.org"] });
          await until(async () =>
            (await relay.recipients(id)).every((r) => r.state === "delivered")
          );
          const got = (to: string) => whole(hop).filter((m) => m.to.includes(to)).length;
          const want = phase.whole === true ? 2 : 1;
          assert.deepEqual([got("<x@example.org>"), got("<y@example.org>")], [want, want]);
          const texts = new Set(whole(hop).map((m) => m.data));
          assert.equal(texts.size, 1);
          assert.deepEqual(await relay.bounces(), []);
          // the connection is left where nothing can follow on it
          const next = await relay.send({ to: ["z@example.org"] });
          await until(async () => (await relay.recipients(next))[0]?.state === "delivered");
          assert.equal(got("<z@example.org>"), 1);
        });
      } finally {
        await hop.stop();
      }
    });
  }
}

const LARGE = "a line that is neither short nor long, and is said again and again\r\n".repeat(
  300_000,
);

Deno.test("HOP-11: a hop that stops to read is left when a block takes too long", async () => {
  const hop = await ScriptedHop.start({ deaf: true });
  try {
    await withRelay({ hop: smtpHop(hop.port), settings: { patience: SHORT } }, async (relay) => {
      const id = await relay.send({ to: ["x@example.org"], body: LARGE });
      assert.deepEqual(await relay.settled(id), ["queued: Server did not answer in time"]);
      assert.deepEqual(hop.messages, []);
      assert.deepEqual(await relay.bounces(), []);
    });
  } finally {
    await hop.stop();
  }
});

Deno.test("HOP-15: a hop that takes three messages a connection and then says 452 gets all in the end, each once", async () => {
  let ofThis = 0;
  const hop = await ScriptedHop.start({
    on: (c) => {
      if (c.startsWith("EHLO")) ofThis = 0;
      if (!c.startsWith("MAIL") || ++ofThis <= 3) return undefined;
      return "452 4.3.2 enough for now";
    },
  });
  const settings = { retry: HASTY, pauseMs: 20, patience: SHORT, connectionsPerHop: 1 };
  try {
    await withRelay({
      hop: smtpHop(hop.port),
      settings: { ...settings, patience: { ...SHORT, idle: 10 } },
    }, async (relay) => {
      const sent = await Promise.all(
        Array.from({ length: 10 }, (_, i) => relay.send({ to: [`u${i}@example.org`] })),
      );
      for (const id of sent) {
        await until(async () => (await relay.recipients(id))[0]?.state === "delivered");
      }
      const to = whole(hop).flatMap((m) => m.to).sort();
      assert.deepEqual(to, Array.from({ length: 10 }, (_, i) => `<u${i}@example.org>`));
    });
  } finally {
    await hop.stop();
  }
});
