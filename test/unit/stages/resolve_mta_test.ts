import assert from "node:assert/strict";
import { Effect } from "effect";
import type { MxAnswer } from "../../../lib/ports/resolver.ts";
import { hopKey, type RouteTable } from "../../../lib/ports/routes.ts";
import { summary } from "../../../lib/reply/reply.ts";
import { checkRecipient } from "../../../lib/stages/resolve_mta.ts";
import { head, mailbox, refusedFor, submit, world } from "../../support/submissions.ts";

const rule = (pattern: string, hop: RouteTable[number]["hop"]): RouteTable[number] => ({
  pattern,
  hop,
  credentials: null,
  ca: null,
});
const direct: RouteTable = [rule("*", { _tag: "MxOfRecipient", port: 25, tls: "opportunistic" })];
const outbox: RouteTable = [rule("example.org", { _tag: "Maildir", path: "/out" })];

const check = (recipient: string, routes: RouteTable, answer: MxAnswer) =>
  Effect.runPromise(
    checkRecipient(mailbox(recipient), ANYBODYS).pipe(
      Effect.match({
        onSuccess: (route) => hopKey(route.hop),
        onFailure: (r) => summary(r.reply).split(" ").slice(0, 2).join(" "),
      }),
      Effect.provide(world({ routes, mx: () => answer })),
    ),
  );

const ANYBODYS = { sender: null, account: null, size: 0, priority: 0 };
const NOT_ASKED: MxAnswer = { _tag: "NotAsked" };
for (
  const [name, routes, answer, want] of [
    ["admits what has a route", outbox, { _tag: "NullMx" }, "maildir:/out"],
    ["refuses what has none", [], NOT_ASKED, "550 5.7.1"],
    ["admits a domain with exchangers", direct, {
      _tag: "Exchangers",
      exchangers: [],
      implicit: false,
    }, "mx:example.org"],
    ["refuses a null MX", direct, { _tag: "NullMx" }, "556 5.1.10"],
    ["refuses a domain that does not exist", direct, { _tag: "NoSuchDomain" }, "550 5.1.2"],
    ["refuses a domain without address", direct, { _tag: "NoAddress" }, "550 5.1.2"],
    [
      "admits what DNS has trouble with",
      direct,
      { _tag: "Trouble", kind: "timeout", reason: "time-out" },
      "mx:example.org",
    ],
    ["admits where DNS is not asked", direct, NOT_ASKED, "mx:example.org"],
  ] as ReadonlyArray<[string, RouteTable, MxAnswer, string]>
) {
  Deno.test(`checkRecipient() ${name}`, async () => {
    assert.equal(await check("bob@example.org", routes, answer), want);
  });
}

const given = { head: head("From: alice@example.net") };

Deno.test("resolveMta() gives every recipient its route and tells each hop once", async () => {
  const routes: RouteTable = [
    ...outbox,
    rule("*", { _tag: "MxOfRecipient", port: 25, tls: "none" }),
  ];
  const mx = (domain: string): MxAnswer => ({
    _tag: "Exchangers",
    exchangers: [{ preference: 10, host: `mx.${domain}` }],
    implicit: false,
  });
  const recipients = ["a@example.org", "b@example.com", "c@example.org", "d@EXAMPLE.com"];
  const end = await submit({ ...given, recipients }, { routes, mx });
  assert.ok(end._tag === "Accepted");
  assert.deepEqual(
    end.signed.routed.map((r) => `${r.mailbox.local} ${hopKey(r.route.hop)} ${r.route.pattern}`),
    [
      "a maildir:/out example.org",
      "b mx:example.com *",
      "c maildir:/out example.org",
      "d mx:example.com *",
    ],
  );
  assert.deepEqual(end.trail.filter((d) => d.stage === "resolve_mta").map((d) => d.facts), [
    {
      hop: "maildir:/out",
      route: "example.org",
      recipients: ["a@example.org", "c@example.org"],
      durability: "spool",
    },
    {
      hop: "mx:example.com",
      route: "*",
      recipients: ["b@example.com", "d@EXAMPLE.com"],
      durability: "spool",
      exchangers: ["10 mx.example.com"],
    },
  ]);
});

Deno.test("resolveMta() refuses a submission of which one recipient has no route", async () => {
  assert.equal(
    await refusedFor({ ...given, recipients: ["a@example.org", "b@example.com"] }, {
      routes: outbox,
    }),
    "550 5.7.1 route.none",
  );
});

Deno.test("resolveMta() asks DNS and tells of no more than twenty domains", async () => {
  let asked = 0;
  const mx = (): MxAnswer => {
    asked++;
    return NOT_ASKED;
  };
  const recipients = Array.from({ length: 50 }, (_, i) => `a@d${i}.example`);
  const { trail } = await submit({ ...given, recipients }, { routes: direct, mx });
  const told = trail.filter((d) => d.stage === "resolve_mta");
  assert.deepEqual([asked, told.length, told.at(-1)?.facts], [20, 21, { moreHops: 30 }]);
});

for (
  const [name, fields, requireTls, want] of [
    ["No", "TLS-Required: No\r\n", false, true],
    ["no, folded", "tls-required:\r\n  no \r\n", false, true],
    ["No twice", "TLS-Required: No\r\nTLS-Required: No\r\n", false, undefined],
    ["another word", "TLS-Required: Yes\r\n", false, undefined],
    ["No beside REQUIRETLS", "TLS-Required: No\r\n", true, undefined],
    ["nothing", "", false, undefined],
  ] as const
) {
  Deno.test(`resolveMta() notes ${name} in TLS-Required. EXT-RTLS-3`, async () => {
    const end = await submit({
      head: `From: alice@example.net\r\n${fields}`,
      recipients: ["a@example.org"],
      ...requireTls ? { envelope: { requireTls: true as const } } : {},
    }, { routes: outbox });
    assert.ok(end._tag === "Accepted");
    assert.equal(end.signed.envelope.tlsOptional, want);
  });
}
