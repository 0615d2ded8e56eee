/** Limits of a route towards one next hop. HOP-15 */
import assert from "node:assert/strict";
import { Effect } from "effect";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { Connections, smtpHop, until, withRelay } from "./harness.ts";

Deno.test("HOP-15: a route's messages a minute are spread evenly, and no other hop waits for them", async () => {
  const [slow, free] = [await ScriptedHop.start(), await ScriptedHop.start()];
  const limits = { connections: null, perMinute: 600 };
  try {
    await withRelay({
      hop: (a) => smtpHop(a.endsWith("@slow.example") ? slow.port : free.port),
      settings: {
        access: ({ hop }) => ({
          credentials: null,
          ca: null,
          ...hop._tag === "Smtp" && hop.port === slow.port ? { limits } : {},
        }),
      },
    }, async (relay) => {
      const began = performance.now();
      const ids = [];
      for (let i = 0; i < 10; i++) ids.push(await relay.send({ to: [`bob${i}@slow.example`] }));
      for (let i = 0; i < 10; i++) {
        assert.match(
          (await relay.settled(await relay.send({ to: ["x@free.example"] })))[0]!,
          /^del/,
        );
      }
      assert.ok(slow.messages.length < 10, "the slow hop was not spared");
      for (const id of ids) assert.match((await relay.settled(id))[0]!, /^delivered/);
      const took = performance.now() - began;
      assert.ok(took >= 800, `ten messages at ten a second took ${took} ms`);
    });
  } finally {
    await slow.stop();
    await free.stop();
  }
});

Deno.test("HOP-15: a route's connections are not exceeded, whatever TLS its messages ask for", async () => {
  const connections = new Connections();
  const hop = await ScriptedHop.start({
    on: (c) => {
      connections.hear(c);
      return undefined;
    },
  });
  try {
    await withRelay({
      hop: smtpHop(hop.port),
      settings: {
        access: () => ({
          credentials: null,
          ca: null,
          limits: { connections: 2, perMinute: null },
        }),
      },
    }, async (relay) => {
      const ids = await Promise.all(Array.from({ length: 40 }, (_, i) =>
        relay.send({
          to: [`bob${i}@example.org`],
          envelope: i % 2 === 0 ? {} : { tlsOptional: true },
        })));
      for (const id of ids) {
        await until(async () => (await relay.recipients(id))[0]?.state === "delivered");
      }
    });
    assert.equal(connections.most, 2);
  } finally {
    await hop.stop();
  }
});

Deno.test("HOP-15: what waits for its minute is given back at once when the server stops", async () => {
  const hop = await ScriptedHop.start();
  try {
    await withRelay({
      hop: smtpHop(hop.port),
      settings: {
        graceMs: 5_000,
        access: () => ({ credentials: null, ca: null, limits: { connections: 1, perMinute: 1 } }),
      },
    }, async (relay) => {
      const first = await relay.send({ to: ["bob@example.org"] });
      const second = await relay.send({ to: ["carol@example.org"] });
      await relay.settled(first);
      await until(async () => (await relay.recipients(second))[0]?.state === "leased");
      const began = performance.now();
      await relay.stop();
      assert.ok(performance.now() - began < 2_500);
      const left = await Effect.runPromise(relay.spool.list({ all: false }));
      assert.deepEqual(left.map((e) => [e.id, e.recipients[0]?.state]), [[second, "queued"]]);
    });
  } finally {
    await hop.stop();
  }
});
