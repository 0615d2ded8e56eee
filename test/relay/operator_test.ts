/** What an operator does while the relay holds a message in memory. QUE-4 */
import assert from "node:assert/strict";
import { Effect } from "effect";
import { parseVia } from "../../lib/config/values/via.ts";
import type { Change } from "../../lib/ports/spool_admin.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { type Running, smtpHop, until, withRelay } from "./harness.ts";

/** A relay whose hop takes one connection, and keeps the first message waiting until it is told to go on. */
const withSlowHop = async (
  test: (relay: Running, hop: ScriptedHop, go: () => void) => Promise<void>,
): Promise<void> => {
  const gate = Promise.withResolvers<void>();
  const hop = await ScriptedHop.start({ hold: gate.promise });
  try {
    await withRelay({
      hop: smtpHop(hop.port),
      settings: { connectionsPerHop: 1, patience: PATIENT },
    }, (relay) => test(relay, hop, gate.resolve));
  } finally {
    await hop.stop();
  }
};

for (const _tag of ["Hold", "Remove"] as const) {
  Deno.test(`QUE-4: ${_tag} reaches a message that waits in the running relay for its connection`, async () => {
    await withSlowHop(async (relay, hop, go) => {
      const first = await relay.send({ to: ["bob@example.org"] });
      await until(() => hop.commands.some((c) => c.startsWith("DATA")));
      const second = await relay.send({ to: ["carol@example.org", "dave@example.org"] });
      await until(async () => (await relay.recipients(second))[0]?.state === "leased");
      const change: Change = { _tag };
      const c = await Effect.runPromise(
        relay.spool.change(change, { id: second, recipient: "carol@*" }),
      );
      assert.equal(c.recipients, 1);
      go();
      await relay.settled(first);
      await until(async () => (await relay.recipients(second))[1]?.state === "delivered");
      assert.deepEqual(hop.messages.map((m) => m.to), [["<bob@example.org>"], [
        "<dave@example.org>",
      ]]);
      const [carol] = await relay.recipients(second);
      assert.deepEqual([carol?.state, carol?.attempts], [
        _tag === "Hold" ? "held" : "removed",
        0,
      ]);
    });
  });
}

for (const _tag of ["Hold", "Remove"] as const) {
  Deno.test(`QUE-4: ${_tag} reaches a message whose commands are out behind another one, but not its content`, async () => {
    await withSlowHop(async (relay, hop, go) => {
      const [first, second, third] = await Promise.all(
        ["bob", "carol", "dave"].map((name) => relay.send({ to: [`${name}@example.org`] })),
      );
      await until(() => hop.commands.some((c) => c.startsWith("RCPT TO:<carol@")));
      await Effect.runPromise(relay.spool.change({ _tag }, { id: second! }));
      go();
      for (const id of [first!, third!]) {
        assert.match((await relay.settled(id))[0] ?? "", /^delivered/);
      }
      assert.deepEqual(hop.messages.map((m) => m.to), [["<bob@example.org>"], [
        "<dave@example.org>",
      ]]);
      const [carol] = await relay.recipients(second!);
      assert.deepEqual([carol?.state, carol?.attempts], [
        _tag === "Hold" ? "held" : "removed",
        0,
      ]);
    });
  });
}

Deno.test("QUE-4: a recipient that was rerouted goes to the other hop, whatever the routes say", async () => {
  const [dead, other] = [
    await ScriptedHop.start({ greeting: "421 4.3.2 not today" }),
    await ScriptedHop.start(),
  ];
  try {
    await withRelay({
      hop: smtpHop(dead.port),
      settings: {
        rerouted: (text) => {
          const via = parseVia(text);
          return via?._tag === "Host" ? { hop: smtpHop(via.port), pattern: "by hand" } : null;
        },
      },
    }, async (relay) => {
      const id = await relay.send({ to: ["bob@example.org"] });
      await relay.settled(id);
      const text = `smtp://127.0.0.1:${other.port}`;
      await Effect.runPromise(
        relay.spool.change({ _tag: "Reroute", via: { text, hop: text } }, { id }),
      );
      await until(async () => (await relay.recipients(id))[0]?.state === "delivered");
      assert.deepEqual(other.messages.map((m) => m.to), [["<bob@example.org>"]]);
    });
  } finally {
    await dead.stop();
    await other.stop();
  }
});

Deno.test("QUE-4, DSN-2: the sender is told of the delay once, and not where NOTIFY leaves DELAY out", async () => {
  const hop = await ScriptedHop.start({
    on: (c) => c.startsWith("RCPT") ? "450 4.2.0 greylisted" : undefined,
  });
  try {
    await withRelay({
      hop: smtpHop(hop.port),
      settings: {
        retry: {
          first: [],
          then: 150,
          jitter: 0,
          lifetime: 60_000,
          nullLifetime: 60_000,
          warnAfter: 300,
        },
      },
    }, async (relay) => {
      const to = ["bob@example.org", "carol@example.org"];
      const id = await relay.send({ to, wishes: [{}, { notify: ["FAILURE"] }] });
      await until(async () => (await relay.recipients(id))[0]!.attempts >= 5);
      const bounces = await relay.bounces();
      assert.equal(bounces.length, 1);
      const text = bounces[0]?.text ?? "";
      assert.match(text, /Action: delayed\r\nStatus: 4\.4\.7/);
      assert.match(text, /Diagnostic-Code: smtp; 450 4\.2\.0 greylisted/);
      assert.match(text, /Will-Retry-Until: /);
      assert.ok(text.includes("bob@example.org") && !text.includes("rfc822; carol@"));
      const silent = await relay.send({ from: null, to });
      await until(async () => (await relay.recipients(silent))[0]!.attempts >= 5);
      assert.equal((await relay.bounces()).length, 1);
    });
  } finally {
    await hop.stop();
  }
});

Deno.test("QUE-4: a retry by an operator is made although the hop is being left alone", async () => {
  let up = false;
  const hop = await ScriptedHop.start({
    on: (c) => c.startsWith("EHLO") && !up ? "421 4.3.2 down" : undefined,
  });
  try {
    await withRelay({ hop: smtpHop(hop.port), settings: { pauseMs: 3_600_000 } }, async (relay) => {
      const id = await relay.send({ to: ["bob@example.org"] });
      await relay.settled(id);
      up = true;
      await Effect.runPromise(relay.spool.change({ _tag: "Retry" }, { id }));
      await until(async () => (await relay.recipients(id))[0]?.state === "delivered");
    });
  } finally {
    await hop.stop();
  }
});

const PATIENT = {
  connect: 5_000,
  handshake: 5_000,
  greeting: 5_000,
  command: 5_000,
  data: 5_000,
  block: 5_000,
  final: 10_000,
  idle: 200,
};
