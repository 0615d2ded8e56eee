/** Handing over while a client waits: what a hop does, and what the client is told of it. */
import assert from "node:assert/strict";
import { Effect } from "effect";
import type { HandedOver } from "../../lib/ports/hand_over.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { type Given, LONG, type Running, smtpHop, until, withRelay } from "./harness.ts";

const test = (
  name: string,
  script: Script,
  given: Omit<Given, "hop">,
  body: (hop: ScriptedHop, relay: Running) => Promise<void>,
): void =>
  Deno.test(`pass-through ${name}`, async () => {
    const hop = await ScriptedHop.start(script);
    try {
      await withRelay({ hop: smtpHop(hop.port), ...given }, (relay) => body(hop, relay));
    } finally {
      await hop.stop();
    }
  });

/** `tag: text` and who it was said of. */
const told = (h: HandedOver): string =>
  h._tag === "Unsuited"
    ? `${h._tag}: ${h.why}`
    : `${h._tag}: ${h.reply.text}${
      "recipient" in h && h.recipient !== null ? ` (${h.recipient})` : ""
    }`;

const x = ["x@example.org"];
const xy = ["x@example.org", "y@example.org"];

test(
  "gives the hop's own reply, and keeps nothing",
  {
    final: () => ["250 2.6.0 as 4711"],
  },
  {},
  async (hop, relay) => {
    const h = await relay.pass({ to: xy });
    assert.equal(told(h), "Taken: 250 2.6.0 as 4711");
    assert.match(h.remote ?? "", /^127\.0\.0\.1/);
    assert.deepEqual(hop.messages.map((m) => m.to), [["<x@example.org>", "<y@example.org>"]]);
    assert.deepEqual(await Effect.runPromise(relay.spool.list({ all: true })), []);
  },
);

test("uses one connection for one message after the other", {}, {
  settings: { connectionsPerHop: 1 },
}, async (hop, relay) => {
  for (let i = 0; i < 3; i++) assert.equal((await relay.pass({ to: x }))._tag, "Taken");
  const all = await Promise.all(Array.from({ length: 20 }, () => relay.pass({ to: x })));
  assert.ok(all.every((h) => h._tag === "Taken"));
  assert.equal(hop.told.length, 1);
});

test("keeps to the connections that a hop may have", {}, {
  settings: { connectionsPerHop: 2 },
}, async (hop, relay) => {
  await Promise.all(Array.from({ length: 30 }, () => relay.pass({ to: x })));
  assert.equal(hop.messages.length, 30);
  assert.ok(hop.told.length <= 2);
});

test("streams a large message", {}, {}, async (hop, relay) => {
  const body = ".dots and text of a line\r\n".repeat(40_000);
  assert.equal((await relay.pass({ to: x, body }))._tag, "Taken");
  const data = hop.messages[0]?.data ?? "";
  assert.ok(data.endsWith(body.replaceAll(".dots", "..dots")), "content differs");
});

for (
  const [name, script, want] of [
    [
      "a refusal of MAIL",
      { on: (c) => c.startsWith("MAIL") ? "550 5.7.1 no" : undefined },
      "Refused: 550 5.7.1 no",
    ],
    ["a refusal of the recipient", {
      on: (c) => c.startsWith("RCPT") ? "550 5.1.1 who" : undefined,
    }, "Refused: 550 5.1.1 who"],
    ["no for now to the recipient", {
      on: (c) => c.startsWith("RCPT") ? "450 4.2.0 grey" : undefined,
    }, "Refused: 450 4.2.0 grey"],
    [
      "a refusal of DATA",
      { on: (c) => c === "DATA" ? "451 4.3.2 busy" : undefined },
      "Refused: 451 4.3.2 busy",
    ],
    ["a refusal after the dot", { final: () => ["554 5.7.1 spam"] }, "Refused: 554 5.7.1 spam"],
    ["no for now after the dot", { final: () => ["452 4.3.1 full"] }, "Refused: 452 4.3.1 full"],
    ["421 after the dot", { final: () => ["421 4.3.2 stopping"] }, "Refused: 421 4.3.2 stopping"],
    ["silence after the dot", { final: () => [null] }, "Doubtful: Server did not answer in time"],
    ["a cut after the dot", { final: () => ["cut"] }, "Doubtful: Connection closed by the server"],
    [
      "garbage after the dot",
      { final: () => ["<html>"] },
      "Doubtful: Server sent something that is no SMTP reply",
    ],
    [
      "silence at DATA",
      { on: (c) => c === "DATA" ? null : undefined },
      "Unreachable: Server did not answer in time",
    ],
    [
      "a cut at RCPT",
      { on: (c) => c.startsWith("RCPT") ? "cut" : undefined },
      "Unreachable: Connection closed by the server",
    ],
    ["a silent greeting", { greeting: null }, "Unreachable: Server did not answer in time"],
    [
      "554 as greeting",
      { greeting: "554 5.3.2 no mail here" },
      "Unreachable: 554 5.3.2 no mail here",
    ],
  ] as ReadonlyArray<readonly [string, Script, string]>
) {
  test(`tells of ${name}`, script, {}, async (_hop, relay) => {
    assert.equal(told(await relay.pass({ to: x })), want);
  });
}

for (const keywords of [["PIPELINING"], []]) {
  test(
    `sends nothing where one of two is refused, ${keywords.join() || "in lock-step"}`,
    {
      keywords,
      on: (c) => c.startsWith("RCPT TO:<y@") ? "550 5.1.1 who" : undefined,
    },
    {},
    async (hop, relay) => {
      assert.equal(told(await relay.pass({ to: xy })), "Divided: 550 5.1.1 who (y@example.org)");
      assert.ok(!hop.commands.includes("DATA"));
      assert.deepEqual(hop.messages, []);
      // the connection is as good as new
      assert.equal((await relay.pass({ to: x }))._tag, "Taken");
      assert.equal(hop.told.length, 1);
      assert.ok(hop.commands.includes("RSET"));
    },
  );
}

test(
  "names the recipient where all are refused, each in its words",
  {
    on: (c, nth) => c.startsWith("RCPT") ? `550 5.1.1 no ${nth}` : undefined,
  },
  {},
  async (_hop, relay) => {
    assert.equal(told(await relay.pass({ to: xy })), "Refused: 550 5.1.1 no 1 (x@example.org)");
  },
);

test(
  "does not decide between never and not now",
  {
    on: (c, nth) =>
      c.startsWith("RCPT") ? (nth === 1 ? "450 4.2.0 grey" : "550 5.1.1 who") : undefined,
  },
  {},
  async (_hop, relay) => {
    assert.equal(told(await relay.pass({ to: xy })), "Divided: 550 5.1.1 who (y@example.org)");
  },
);

test("sends nothing where success would have to be reported by us", {}, {}, async (hop, relay) => {
  const h = await relay.pass({ to: x, wishes: [{ notify: ["SUCCESS"] }] });
  assert.equal(told(h), "Unsuited: reports");
  assert.deepEqual(hop.messages, []);
});

test(
  "lets a hop with DSN report success",
  {
    keywords: ["PIPELINING", "DSN"],
  },
  {},
  async (hop, relay) => {
    const h = await relay.pass({ to: x, wishes: [{ notify: ["SUCCESS"] }] });
    assert.equal(h._tag, "Taken");
    assert.deepEqual(hop.messages[0]?.to, ["<x@example.org> NOTIFY=SUCCESS"]);
  },
);

test(
  "sends nothing to a hop that takes fewer recipients at once",
  {
    keywords: ["PIPELINING", "LIMITS RCPTMAX=1"],
  },
  {},
  async (hop, relay) => {
    assert.equal(told(await relay.pass({ to: xy })), "Unsuited: recipients");
    assert.equal((await relay.pass({ to: x }))._tag, "Taken");
    assert.equal(hop.messages.length, 1);
  },
);

Deno.test("pass-through leaves a hop alone that cannot be reached, and says so at once", async () => {
  const hop = await ScriptedHop.start();
  const { port } = hop;
  await hop.stop();
  await withRelay({ hop: smtpHop(port), settings: { pauseMs: 60_000 } }, async (relay) => {
    assert.equal((await relay.pass({ to: x }))._tag, "Unreachable");
    const back = await ScriptedHop.start({ port });
    const before = performance.now();
    assert.equal((await relay.pass({ to: x }))._tag, "Unreachable");
    assert.ok(performance.now() - before < 200);
    assert.deepEqual(back.told, []);
    await back.stop();
  });
});

test(
  "tries once more on a fresh connection where the hop closed the old one",
  {},
  {},
  async (hop, relay) => {
    assert.equal((await relay.pass({ to: x }))._tag, "Taken");
    hop.cutAll();
    assert.equal((await relay.pass({ to: x }))._tag, "Taken");
    assert.equal(hop.messages.length, 2);
  },
);

test(
  "ends when the client cannot wait longer: before the content it was not sent",
  {
    on: (c) => c === "DATA" ? null : undefined,
  },
  { settings: { passMs: 300, patience: LONG } },
  async (hop, relay) => {
    const before = performance.now();
    assert.equal((await relay.pass({ to: x }))._tag, "Unreachable");
    assert.ok(performance.now() - before < 2_000);
    assert.deepEqual(hop.messages, []);
  },
);

test(
  "ends when the client cannot wait longer: after the dot it may have been taken",
  {
    final: () => [null],
  },
  { settings: { passMs: 300, patience: LONG } },
  async (_hop, relay) => {
    assert.equal((await relay.pass({ to: x }))._tag, "Doubtful");
  },
);

test("ends when the client cannot wait longer: in line behind another message", {
  final: () => [null],
}, {
  settings: { passMs: 300, connectionsPerHop: 1, patience: LONG },
}, async (hop, relay) => {
  const first = relay.pass({ to: x });
  await until(() => hop.messages.length === 1);
  const second = relay.pass({ to: x });
  assert.deepEqual([(await first)._tag, (await second)._tag], ["Doubtful", "Unreachable"]);
  assert.equal(hop.messages.length, 1);
});

test("goes before what waits in the spool", {}, {
  settings: { connectionsPerHop: 1, yields: () => true },
}, async (hop, relay) => {
  for (let i = 0; i < 60; i++) await relay.send({ to: ["spool@example.org"] });
  assert.equal((await relay.pass({ to: x }))._tag, "Taken");
  assert.ok(hop.messages.findIndex((m) => m.to[0] === "<x@example.org>") < 50);
});

test(
  "encodes what the hop does not take as it is. EXT-8B-2",
  { keywords: [] },
  {},
  async (hop, relay) => {
    const body = `${"gr\xc3\xbc\xc3\x9fe ".repeat(8)}\r\n`.repeat(2_000);
    const h = await relay.pass({ to: x, body, eightBit: true, envelope: { body: "8BITMIME" } });
    assert.equal(h._tag, "Taken");
    assert.match(
      hop.messages[0]?.data ?? "",
      /^Content-Transfer-Encoding: (quoted-printable|base64)\r$/m,
    );
  },
);

test("leaves nobody waiting when the server stops", { final: () => [null] }, {
  settings: { graceMs: 100, connectionsPerHop: 1, patience: LONG },
}, async (hop, relay) => {
  const first = relay.pass({ to: x });
  await until(() => hop.messages.length === 1);
  const second = relay.pass({ to: x });
  await relay.stop();
  assert.deepEqual([(await first)._tag, (await second)._tag], ["Doubtful", "Unreachable"]);
  assert.equal((await relay.pass({ to: x }))._tag, "Unreachable");
});

Deno.test("pass-through over LMTP, one recipient at a time. HOP-16", async () => {
  const hop = await ScriptedHop.start({
    lmtp: true,
    final: (_to, nth) => [nth === 1 ? "250 2.1.5 kept" : "452 4.2.2 over quota"],
  });
  try {
    await withRelay({ hop: smtpHop(hop.port, { _tag: "Lmtp" }) }, async (relay) => {
      assert.equal(told(await relay.pass({ to: x })), "Taken: 250 2.1.5 kept");
      assert.equal(told(await relay.pass({ to: x })), "Refused: 452 4.2.2 over quota");
    });
  } finally {
    await hop.stop();
  }
});
