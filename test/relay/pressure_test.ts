/** Slow, dead and throttling hops, and senders of different size, beside one another. HOP-15, QUE-1 */
import assert from "node:assert/strict";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { Connections, HASTE, smtpHop, until, withRelay } from "./harness.ts";

Deno.test("HOP-15: a hop that takes nothing and has more than the window starves no other", async () => {
  const [slow, good] = [
    await ScriptedHop.start({ on: (c) => c.startsWith("MAIL") ? null : undefined }),
    await ScriptedHop.start(),
  ];
  try {
    await withRelay({
      hop: (a) => smtpHop(a.endsWith("@slow.example") ? slow.port : good.port),
      settings: { window: 40, patience: { ...HASTE, command: 60_000 }, graceMs: 100 },
    }, async (relay) => {
      for (let i = 0; i < 100; i++) await relay.send({ to: [`bob${i}@slow.example`] });
      await until(() => slow.commands.some((c) => c.startsWith("MAIL")));
      const ids: Array<string> = [];
      for (let i = 0; i < 20; i++) ids.push(await relay.send({ to: [`carol${i}@good.example`] }));
      for (const id of ids) assert.match((await relay.settled(id))[0] ?? "", /^delivered/);
    });
  } finally {
    await slow.stop();
    await good.stop();
  }
});

Deno.test("HOP-15: a hop that says 421 is pressed less, and gets all in the end", async () => {
  const connections = new Connections();
  const hop = await ScriptedHop.start({
    on: (c) => {
      connections.hear(c);
      if (c.startsWith("MAIL") && connections.open > 1) {
        connections.open--;
        return "421 4.7.0 too many connections of yours";
      }
      return undefined;
    },
  });
  try {
    await withRelay({
      hop: smtpHop(hop.port),
      settings: {
        retry: {
          first: [],
          then: 200,
          jitter: 0,
          lifetime: 60_000,
          nullLifetime: 60_000,
          warnAfter: null,
        },
      },
    }, async (relay) => {
      const ids: Array<string> = [];
      for (let i = 0; i < 40; i++) ids.push(await relay.send({ to: [`bob${i}@example.org`] }));
      for (const id of ids) {
        await until(async () => (await relay.recipients(id))[0]?.state === "delivered");
      }
      assert.equal(hop.messages.length, 40);
      assert.ok(connections.most > 1);
    });
  } finally {
    await hop.stop();
  }
});

Deno.test("QUE-1: a hop that was silent is probed by one connection, and all of them follow", async () => {
  let up = false;
  let probes = 0;
  const hop = await ScriptedHop.start({
    on: (c) => {
      if (!c.startsWith("EHLO")) return undefined;
      probes++;
      return up ? undefined : "421 4.3.2 down";
    },
  });
  try {
    await withRelay({
      hop: smtpHop(hop.port),
      settings: {
        pauseMs: 400,
        retry: {
          first: [],
          then: 100,
          jitter: 0,
          lifetime: 60_000,
          nullLifetime: 60_000,
          warnAfter: null,
        },
      },
    }, async (relay) => {
      const ids: Array<string> = [];
      for (let i = 0; i < 30; i++) ids.push(await relay.send({ to: [`bob${i}@example.org`] }));
      await until(async () => (await relay.recipients(ids[29]!))[0]!.attempts >= 3);
      // every message was put off several times, and the hop was hardly asked
      assert.ok(probes <= 8, `${probes}`);
      up = true;
      for (const id of ids) {
        await until(async () => (await relay.recipients(id))[0]?.state === "delivered");
      }
      assert.equal(hop.messages.length, 30);
    });
  } finally {
    await hop.stop();
  }
});
