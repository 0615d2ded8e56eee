/**
 * kill -9 of the server under load, at random moments of accepting, relaying and bouncing: every message that got its
 * 250 reaches the sink, its sender hears of every recipient that the sink refuses, and what arrives twice is tied to a
 * kill between the sink's 250 and the record of it. RFC 5321 §4.2.5, §6.1, RFC 3461 §6
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { KillLedger, unrecorded } from "../support/kill_ledger.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { RCPT, sendUntilDeath } from "../support/senders.ts";
import { eventually, installed, makeSite, startPostern } from "../support/postern.ts";

/** More in a long run: `POSTERN_KILL_ROUNDS=200`. */
const ROUNDS = Number(Deno.env.get("POSTERN_KILL_ROUNDS") ?? 25);
const SENDERS = 6;
/** A moment that does not come is not waited for. */
const AT_MOST_MS = 1_500;
/** Messages of one sender where the kill is not aimed at accepting: behind them the relay has its way. */
const FEW = 12;

/** What the next kill waits for: some time, or so many of what the sink sees. */
const MOMENTS = ["accepting", "relaying", "refusing", "reporting"] as const;
type Moment = (typeof MOMENTS)[number];

/** Random, and often within the millisecond in which the outcome is on its way to the disk. */
const soon = (): number => Math.random() < 0.5 ? 0 : Math.random() * 30;

const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

Deno.test({
  name:
    `kill -9: in ${ROUNDS} rounds under load nothing that was acknowledged is lost, QUE-1, DSN-5`,
  ignore: !installed("openssl"),
  fn: async () => {
    const ledger = new KillLedger();
    let left = 0;
    let waitingFor: Moment = "accepting";
    let strike = () => {};
    const seen = (what: Moment): void => {
      if (what === waitingFor && --left === 0) strike();
    };
    const sink = await ScriptedHop.start({
      on: (command) => {
        if (!command.startsWith(`RCPT TO:${RCPT.nobody}`)) return undefined;
        seen("refusing");
        return "550 5.1.1 no such user";
      },
      taken: (message) => {
        ledger.take(message);
        seen(message.from.startsWith("<>") ? "reporting" : "relaying");
      },
    });
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${sink.port}"\ntls = "none"`,
    });
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const moment = MOMENTS[round % MOMENTS.length]!;
        const { promise, resolve } = Promise.withResolvers<void>();
        [waitingFor, left, strike] = [moment, 1 + Math.floor(Math.random() * 30), resolve];
        const server = await startPostern(site);
        const senders = Array.from(
          { length: SENDERS },
          (_, i) =>
            sendUntilDeath(site, `r${round}s${i}`, moment === "accepting" ? Infinity : FEW, ledger),
        );
        if (moment === "accepting") await wait(100 + Math.random() * 500);
        else {
          await Promise.race([promise, wait(AT_MOST_MS)]);
          await wait(soon());
        }
        const at = performance.now();
        await server.kill();
        await Promise.all(senders);
        ledger.died(at, await unrecorded(join(site.dir, "data/spool.db")));
        ledger.life++;
      }
      const { acknowledged } = ledger;
      assert.ok(acknowledged.size > ROUNDS, `only ${acknowledged.size} were acknowledged at all`);
      const last = await startPostern(site);
      // leases of the dead lapse after 15 seconds
      await eventually(
        () => ledger.missing.length === 0 ? true : null,
        60_000 + ROUNDS * 500,
      ).catch(() => assert.deepEqual(ledger.missing, [], "lost"));
      const code = await last.stop();
      assert.equal(code, 0, last.output());
      assert.deepEqual(ledger.mangled, []);
      assert.deepEqual(ledger.reportedTwice, []);
      const { explained, unexplained } = ledger.doubles();
      const longest = Math.max(0, ...explained.map((d) => d.windowMs));
      // deno-lint-ignore no-console -- the count belongs into the log of the run
      console.log(
        `kill -9: ${acknowledged.size} acknowledged, ${ledger.messages} copies and ${ledger.reports} reports arrived, ` +
          `0 lost, ${ledger.unasked} kept whose 250 was not heard; ${explained.length} doubled, ` +
          `each by a kill before its record, at most ${
            Math.round(longest)
          } ms after the sink's 250`,
      );
      assert.deepEqual(unexplained, []);
    } finally {
      await sink.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
