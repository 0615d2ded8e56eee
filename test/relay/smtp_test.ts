import assert from "node:assert/strict";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { MemorySpool } from "../../lib/testing/memory_spool.ts";
import { type Given, mailbox, RARE, type Running, smtpHop, until, withRelay } from "./harness.ts";

const test = (
  name: string,
  script: Script,
  given: Omit<Given, "hop">,
  body: (hop: ScriptedHop, relay: Running) => Promise<void>,
): void =>
  Deno.test(`relay ${name}`, async () => {
    const hop = await ScriptedHop.start(script);
    try {
      await withRelay({ hop: smtpHop(hop.port), ...given }, (relay) => body(hop, relay));
    } finally {
      await hop.stop();
    }
  });

const x = ["x@example.org"];

test("delivers a message octet by octet, dots doubled", {}, {}, async (hop, relay) => {
  const id = await relay.send({ to: x, body: "one\r\n.two\r\n.\r\nlast" });
  assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
  assert.deepEqual(hop.messages, [{
    from: "<alice@example.net> SIZE=60",
    to: ["<x@example.org>"],
    data: "From: alice@example.net\r\nSubject: test\r\n\r\none\r\n..two\r\n..\r\nlast\r\n",
  }]);
});

test("sends many messages over few connections", {}, {}, async (hop, relay) => {
  const sent = await Promise.all(Array.from({ length: 60 }, () => relay.send({ to: x })));
  for (const id of sent) await relay.settled(id);
  assert.equal(hop.messages.length, 60);
  assert.ok(hop.told.length <= 4, `${hop.told.length} connections`);
});

test("sends one copy for the recipients of one hop. HOP-15", {}, {}, async (hop, relay) => {
  const id = await relay.send({ to: ["x@example.org", "y@example.com"] });
  await relay.settled(id);
  assert.deepEqual(hop.messages.map((m) => m.to), [["<x@example.org>", "<y@example.com>"]]);
});

test("closes an idle connection with QUIT, HOP-10", {}, {}, async (hop, relay) => {
  await relay.settled(await relay.send({ to: x }));
  await until(() => hop.commands.includes("QUIT"));
});

test("changes the connection after so many messages", {}, {
  settings: { messagesPerConnection: 2, connectionsPerHop: 1 },
}, async (hop, relay) => {
  for (let i = 0; i < 5; i++) await relay.settled(await relay.send({ to: x }));
  assert.equal(hop.told.length, 3);
});

test("streams a large message and stays exact", {}, {
  spool: Object.assign(new MemorySpool(), { chunkBytes: 4099 }),
}, async (hop, relay) => {
  const body = ".dots and text of a line\r\n".repeat(40_000);
  const id = await relay.send({ to: x, body });
  assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
  const data = hop.messages[0]?.data ?? "";
  const sent = data.slice(data.indexOf("\r\n\r\n") + 4);
  assert.ok(sent === body.replaceAll(".dots", "..dots"), "content differs");
});

test(
  "gives each recipient its own result, and reports the failed one: SMTP-32, DSN-5",
  {
    on: (c) => c.startsWith("RCPT TO:<y@") ? "550 5.1.1 no such user" : undefined,
  },
  {},
  async (hop, relay) => {
    const id = await relay.send({ to: ["x@example.org", "y@example.org", "z@example.org"] });
    assert.deepEqual(await relay.settled(id), [
      "delivered: 250 2.0.0 kept",
      "failed: 550 5.1.1 no such user",
      "delivered: 250 2.0.0 kept",
    ]);
    await until(() => hop.messages.length === 2);
    const bounce = hop.messages[1];
    assert.equal(bounce?.from.split(" ")[0], "<>");
    assert.deepEqual(bounce?.to, ["<alice@example.net>"]);
    assert.match(bounce?.data ?? "", /\r\nFinal-Recipient: rfc822; y@example\.org\r\n/);
    assert.doesNotMatch(bounce?.data ?? "", /Final-Recipient: rfc822; [xz]@/);
  },
);

for (
  const [code, from, want] of [
    ["550 5.1.1 no such user", "alice@example.net", [
      "<alice@example.net>",
      "<postmaster@example.net>",
    ]],
    ["550 5.1.1 no such user", "postmaster@example.net", ["<postmaster@example.net>"]],
    ["550 5.1.1 no such user", null, undefined],
    ["450 4.2.0 not yet", "alice@example.net", undefined],
  ] as const
) {
  test(
    `DSN-1: a copy of a bounce goes to postmaster where the site wants it: ${code} for ${from}`,
    { on: (c) => c.startsWith("RCPT TO:<x@") ? code : undefined },
    { settings: { postmasterCopy: mailbox("postmaster@example.net") } },
    async (hop, relay) => {
      const id = await relay.send({ to: x, from });
      await relay.settled(id);
      if (want === undefined) assert.deepEqual(await relay.bounces(), []);
      else {
        const sent = () => hop.messages.filter((m) => m.to.length > 0);
        await until(() => sent().length > 0);
        assert.deepEqual(sent().map((m) => [m.from.split(" ")[0], m.to]), [["<>", want]]);
        assert.match(sent()[0]?.data ?? "", new RegExp(`\\r\\nTo: <${from}>\\r\\n`));
      }
    },
  );
}

test(
  "never bounces a bounce, DSN-11",
  { final: () => ["554 5.6.0 no"] },
  {},
  async (_hop, relay) => {
    const id = await relay.send({ to: x, from: null });
    assert.deepEqual(await relay.settled(id), ["failed: 554 5.6.0 no"]);
    assert.deepEqual(await relay.bounces(), []);
  },
);

test(
  "puts the surplus of a 452 into the next transaction. HOP-14",
  {
    on: (c, nth) => c.startsWith("RCPT") && nth === 3 ? "452 4.5.3 two will do" : undefined,
  },
  {},
  async (hop, relay) => {
    const id = await relay.send({ to: ["x@example.org", "y@example.org", "z@example.org"] });
    assert.deepEqual(await relay.settled(id), Array(3).fill("delivered: 250 2.0.0 kept"));
    assert.deepEqual(hop.messages.map((m) => m.to.length), [2, 1]);
    assert.equal(hop.told.length, 1);
  },
);

test(
  "defers where every recipient is one too many",
  {
    on: (c) => c.startsWith("RCPT") ? "452 4.5.3 none today" : undefined,
  },
  {},
  async (_hop, relay) => {
    const id = await relay.send({ to: x });
    assert.deepEqual(await relay.settled(id), ["queued: 452 4.5.3 none today"]);
  },
);

const trouble: ReadonlyArray<readonly [string, Script, string]> = [
  ["a silent greeting", { greeting: null }, "Server did not answer in time"],
  [
    "silence after MAIL",
    { keywords: [], on: (c) => c.startsWith("MAIL") ? null : undefined },
    "Server did not answer in time",
  ],
  ["silence after the dot", { final: () => [null] }, "Server did not answer in time"],
  ["a cut after the dot", { final: () => ["cut"] }, "Connection closed by the server"],
  [
    "garbage after the dot",
    { final: () => ["<html>"] },
    "Server sent something that is no SMTP reply",
  ],
  [
    "an endless line",
    { final: () => [`250-${"x".repeat(9000)}`] },
    "Server sent something that is no SMTP reply",
  ],
  ["421 after the dot", { final: () => ["421 4.3.2 later"] }, "421 4.3.2 later"],
  ["451 to DATA", { on: (c) => c === "DATA" ? "451 4.3.0 later" : undefined }, "451 4.3.0 later"],
  ["a 554 greeting of a configured hop", { greeting: "554 5.3.2 closed" }, "554 5.3.2 closed"],
];
for (const [name, script, want] of trouble) {
  test(`HOP-12, HOP-13: defers on ${name}`, script, {}, async (_hop, relay) => {
    const id = await relay.send({ to: x });
    assert.deepEqual(await relay.settled(id), [`queued: ${want}`]);
    assert.deepEqual(await relay.bounces(), []);
  });
}

test("tries again by its curve and then delivers", {
  final: (_to, nth) => [nth < 3 ? "451 4.3.0 later" : "250 2.0.0 kept"],
}, {
  settings: {
    retry: {
      first: [50, 60],
      then: 70,
      jitter: 0.1,
      lifetime: 60_000,
      nullLifetime: 60_000,
      warnAfter: null,
    },
  },
}, async (hop, relay) => {
  const id = await relay.send({ to: x });
  assert.deepEqual(await relay.settled(id, 3), ["delivered: 250 2.0.0 kept"]);
  assert.equal(hop.messages.length, 3);
});

test(
  "gives up at the end of the lifetime and reports 4.4.7, QUE-3, DSN-6",
  {
    final: () => ["451 4.3.0 later"],
  },
  { settings: { retry: RARE } },
  async (_hop, relay) => {
    const id = await relay.send({ to: x, acceptedAt: Date.now() - 6 * 86_400_000 });
    assert.deepEqual(await relay.settled(id), ["expired: 451 4.3.0 later"]);
    const [bounce] = await relay.bounces();
    assert.match(bounce?.text ?? "", /\r\nAction: failed\r\nStatus: 4\.4\.7\r\n/);
  },
);

test(
  "uses a fresh connection where a kept one has gone stale",
  {
    on: (c, nth) => c.startsWith("MAIL") && nth === 2 ? "421 4.4.2 too long idle" : undefined,
  },
  { settings: { connectionsPerHop: 1 } },
  async (hop, relay) => {
    await relay.settled(await relay.send({ to: x }));
    const id = await relay.send({ to: x });
    assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    assert.equal(hop.told.length, 2);
  },
);

test("never sends a bare LF", {}, {}, async (hop, relay) => {
  const id = await relay.send({ to: x, body: "a\nb\r\n" });
  assert.deepEqual(await relay.settled(id), [
    "failed: Message holds a bare CR or LF and cannot be sent",
  ]);
  assert.deepEqual(hop.messages.filter((m) => m.from.startsWith("<alice")), []);
});

test("cuts the link where a bare LF comes up in a streamed message", {}, {}, async (hop, relay) => {
  const id = await relay.send({ to: x, body: `${"line\r\n".repeat(60_000)}a\nb\r\n` });
  const [result] = await relay.settled(id);
  assert.equal(result, "failed: Message holds a bare CR or LF and cannot be sent");
  assert.deepEqual(hop.messages.filter((m) => m.from.startsWith("<alice")), []);
});

test("defers what the spool cannot read", {}, {
  spool: Object.assign(new MemorySpool(), { failReads: true }),
}, async (_hop, relay) => {
  const id = await relay.send({ to: x });
  assert.deepEqual(await relay.settled(id), ["queued: Message cannot be read from the spool now"]);
});

test("offers a result again that the spool did not take, and sends once", {}, {
  spool: Object.assign(new MemorySpool(), { failSettles: 2 }),
}, async (hop, relay) => {
  const id = await relay.send({ to: x });
  assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
  assert.equal(hop.messages.length, 1);
});

test(
  "sends a domain in A-labels where the hop knows no SMTPUTF8",
  { keywords: [] },
  {},
  async (hop, relay) => {
    const id = await relay.send({ to: ["x@bücher.example"], smtpUtf8: true });
    assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    assert.deepEqual(hop.messages[0]?.to, ["<x@xn--bcher-kva.example>"]);
  },
);

test(
  "drops SMTPUTF8 where nothing needs it, and keeps it for a header that does",
  {},
  {},
  async (hop, relay) => {
    await relay.settled(await relay.send({ to: x, smtpUtf8: true }));
    await relay.settled(
      await relay.send({ to: x, smtpUtf8: true, head: "Subject: \xc3\xbc\r\n\r\n" }),
    );
    assert.deepEqual(hop.messages.map((m) => m.from.includes("SMTPUTF8")), [false, true]);
  },
);

test("defers a recipient without a route", {}, {}, async (_hop) => {
  await withRelay({ hop: () => null }, async (relay) => {
    const id = await relay.send({ to: x });
    assert.deepEqual(await relay.settled(id), [
      "queued: No route is configured for this recipient now",
    ]);
  });
});

test(
  "keeps going on the connections it has where one more is refused",
  {
    on: (c, nth) => c.startsWith("EHLO") && nth > 1 ? "421 4.7.0 one connection each" : undefined,
  },
  {},
  async (hop, relay) => {
    const sent = await Promise.all(Array.from({ length: 20 }, () => relay.send({ to: x })));
    for (const id of sent) assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    assert.equal(hop.messages.length, 20);
  },
);

Deno.test("relay defers all that waits for a dead hop and does not dial it again at once", async () => {
  const gone = await ScriptedHop.start();
  await gone.stop();
  await withRelay({ hop: smtpHop(gone.port), settings: { pauseMs: 60_000 } }, async (relay) => {
    const sent = await Promise.all(Array.from({ length: 30 }, () => relay.send({ to: x })));
    for (const id of sent) {
      assert.deepEqual(await relay.settled(id), ["queued: Connection refused"]);
    }
    const started = performance.now();
    const late = await relay.send({ to: x });
    assert.deepEqual(await relay.settled(late), ["queued: Connection refused"]);
    assert.ok(performance.now() - started < 400);
  });
});

Deno.test("relay keeps one connection a hop while sessions are busy, and takes more once they are not", async () => {
  let busy = true;
  const hop = await ScriptedHop.start();
  await withRelay({ hop: smtpHop(hop.port), settings: { yields: () => busy } }, async (relay) => {
    const send = (n: number) => Promise.all(Array.from({ length: n }, () => relay.send({ to: x })));
    for (const id of await send(30)) {
      assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    }
    assert.equal(hop.told.length, 1);
    busy = false;
    for (const id of await send(30)) {
      assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    }
    assert.ok(hop.told.length > 1);
  });
  await hop.stop();
});

Deno.test("relay gives a message that was to follow a fresh connection where the hop says 421 before it", async () => {
  const hop = await ScriptedHop.start({
    final: (_, nth) => [nth === 1 ? "421 4.3.2 closing" : "250 kept"],
  });
  await withRelay({ hop: smtpHop(hop.port), settings: { connectionsPerHop: 1 } }, async (relay) => {
    const sent = await Promise.all([1, 2, 3].map(() => relay.send({ to: x })));
    await until(() => hop.messages.length === 3);
    for (const id of sent.slice(1)) {
      assert.deepEqual(await relay.settled(id), ["delivered: 250 kept"]);
    }
    const [first] = await relay.recipients(sent[0]!);
    assert.equal(`${first?.state} ${first?.attempts}`, "queued 1");
  });
  await hop.stop();
});

Deno.test("relay serves every hop although connections are fewer than hops", async () => {
  const hops = await Promise.all(Array.from({ length: 5 }, () => ScriptedHop.start()));
  const byAddress = (a: string) => smtpHop(hops[Number(a[0])]!.port);
  await withRelay({ hop: byAddress, settings: { maxConnections: 2 } }, async (relay) => {
    const sent = await Promise.all(
      Array.from({ length: 40 }, (_, i) => relay.send({ to: [`${i % 5}@example.org`] })),
    );
    for (const id of sent) assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
  });
  await Promise.all(hops.map((h) => h.stop()));
});

Deno.test("relay finishes what runs at the stop and gives back the rest", async () => {
  let release = () => {};
  const held = new Promise<void>((r) => release = r);
  const hop = await ScriptedHop.start({ final: () => [null] });
  const relay = await new Promise<Running>((resolve) => {
    withRelay({
      hop: smtpHop(hop.port),
      settings: { connectionsPerHop: 1, graceMs: 100, patience: { ...PATIENT } },
    }, (r) => {
      resolve(r);
      return held;
    });
  });
  const sent = await Promise.all([
    relay.send({ to: x }),
    relay.send({ to: x }),
    relay.send({ to: x }),
  ]);
  await until(() => hop.messages.length === 1);
  await relay.stop();
  release();
  for (const id of sent) {
    assert.deepEqual((await relay.recipients(id)).map((r) => `${r.state} ${r.attempts}`), [
      "queued 0",
    ]);
  }
  await hop.stop();
});

const PATIENT = {
  connect: 60_000,
  handshake: 60_000,
  greeting: 60_000,
  command: 60_000,
  data: 60_000,
  block: 60_000,
  final: 60_000,
  idle: 60_000,
};
