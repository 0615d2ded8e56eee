import assert from "node:assert/strict";
import { Effect } from "effect";
import type { NextHop, PassThrough, RouteTable } from "../../../lib/ports/routes.ts";
import { summary } from "../../../lib/reply/reply.ts";
import { admitTogether, type OneMore } from "../../../lib/stages/admit_together.ts";
import { durabilityOf } from "../../../lib/stages/durability.ts";
import {
  type Given,
  head,
  mailbox,
  NOW,
  refusedFor,
  submit,
  world,
} from "../../support/submissions.ts";

const smtp = (host: string): NextHop & { readonly _tag: "Smtp" } => ({
  _tag: "Smtp",
  host,
  port: 25,
  implicitTls: false,
  tls: "none",
  login: null,
});
const KEEPS: PassThrough = { login: false, spool: true };
const NOTHING: PassThrough = { login: false, spool: false };

const rule = (
  pattern: string,
  hop: RouteTable[number]["hop"],
  passThrough?: PassThrough,
): RouteTable[number] => ({
  pattern,
  hop,
  credentials: null,
  ca: null,
  ...passThrough === undefined ? {} : { passThrough },
});

/** Domains by their hop: `a` and `b` pass through to one, `c` to another, `s` goes by the spool. */
const table = (how: PassThrough): RouteTable => [
  rule("a.example", smtp("one"), how),
  rule("b.example", smtp("one"), how),
  rule("c.example", smtp("two"), how),
  rule("l.example", { ...smtp("lmtp"), _tag: "Lmtp" }, how),
  rule("s.example", smtp("one")),
];

const to = (...domains: ReadonlyArray<string>) => domains.map((d) => `x@${d}.example`);
const given = (recipients: ReadonlyArray<string>, envelope: Given["envelope"] = {}): Given => ({
  head: head("From: alice@example.net"),
  recipients,
  envelope,
});

/** What the trail says of it. */
const stands = async (g: Given, how: PassThrough): Promise<string> => {
  const end = await submit(g, { routes: table(how) });
  if (end._tag === "Refused") return end.reply.slice(0, 9);
  const told = end.trail.filter((d) => d.stage === "resolve_mta");
  const because = told.find((d) => d.rule === "durability")?.facts["because"];
  assert.equal(end.signed.passThrough !== undefined, told[0]?.facts["durability"] === "next hop");
  return `${told[0]?.facts["durability"]}${because === undefined ? "" : `: ${because}`}`;
};

const hold = { by: "for", until: NOW + 60_000, seconds: 60 } as never;
const deliverBy = { deadline: NOW + 60_000, mode: "N", trace: false } as const;

for (
  const [name, g, want, alone] of [
    ["one recipient", given(to("a")), "next hop", "next hop"],
    ["two routes to one hop", given(to("a", "b")), "next hop", "next hop"],
    ["a route by the spool", given(to("s")), "spool", "spool"],
    [
      "two next hops",
      given(to("a", "c")),
      "spool: its recipients have several next hops",
      "550 5.5.3",
    ],
    [
      "a route by the spool beside one that passes through",
      given(to("a", "s")),
      "spool: its recipients have several next hops",
      "550 5.5.3",
    ],
    ["LMTP and one recipient", given(to("l")), "next hop", "next hop"],
    [
      "LMTP and two",
      given([...to("l"), "y@l.example"]),
      "spool: LMTP answers for each recipient",
      "550 5.5.3",
    ],
    ["HOLDFOR", given(to("a"), { hold }), "spool: its sender keeps it back", "554 5.3.3"],
    ["BY", given(to("a"), { deliverBy }), "spool: it asks for delivery by a time", "554 5.3.3"],
  ] as ReadonlyArray<readonly [string, Given, string, string]>
) {
  Deno.test(`durabilityOf() with a spool: ${name}`, async () => {
    assert.equal(await stands(g, KEEPS), want);
  });
  Deno.test(`durabilityOf() without a queue: ${name}`, async () => {
    assert.equal(await stands(g, NOTHING), alone);
  });
}

Deno.test("durabilityOf() lets what is held go by the spool", () => {
  const s = {
    envelope: {
      returnPath: null,
      recipients: [],
      body: "7BIT",
      smtpUtf8: false,
      declaredSize: null,
    },
    hold: { reason: "r", until: null, then: "release", notify: false },
  } as const;
  const routed = [{
    mailbox: mailbox("x@a.example"),
    route: { hop: smtp("one"), pattern: "*", passThrough: KEEPS },
  }];
  assert.deepEqual(durabilityOf(s, routed), { _tag: "Spool", why: "it is held" });
});

Deno.test("a refusal for want of a queue stands in the trail", async () => {
  assert.equal(
    await refusedFor(given(to("a", "c")), { routes: table(NOTHING) }),
    "550 5.5.3 durability",
  );
});

const admitted = (
  o: Partial<OneMore> & Pick<OneMore, "mailbox">,
  routes: RouteTable,
  password = true,
) =>
  Effect.runPromise(
    admitTogether(
      { first: null, mail: {}, ...o },
      { sender: null, account: null, size: 0, priority: 0 },
      password,
    ).pipe(
      Effect.map((no) => no === null ? "250" : summary(no).slice(0, 9)),
      Effect.provide(world({ routes })),
    ),
  );

const LOGIN: PassThrough = { login: true, spool: false };
for (
  const [name, one, routes, password, want] of [
    ["the first", { mailbox: "x@a.example" }, table(NOTHING), true, "250"],
    [
      "another one of the same hop",
      { mailbox: "x@b.example", first: "x@a.example" },
      table(NOTHING),
      true,
      "250",
    ],
    [
      "one of another hop",
      { mailbox: "x@c.example", first: "x@a.example" },
      table(NOTHING),
      true,
      "452 4.5.3",
    ],
    [
      "one that goes by the spool",
      { mailbox: "x@s.example", first: "x@a.example" },
      table(NOTHING),
      true,
      "452 4.5.3",
    ],
    [
      "one that passes through behind one of the spool",
      { mailbox: "x@a.example", first: "x@s.example" },
      table(NOTHING),
      true,
      "452 4.5.3",
    ],
    [
      "one of another hop where there is a spool",
      { mailbox: "x@c.example", first: "x@a.example" },
      table(KEEPS),
      true,
      "250",
    ],
    [
      "a second one of LMTP",
      { mailbox: "y@l.example", first: "x@l.example" },
      table(NOTHING),
      true,
      "452 4.5.3",
    ],
    [
      "who showed no password, to a hop that wants one",
      { mailbox: "x@a.example" },
      table(LOGIN),
      false,
      "550 5.7.0",
    ],
    ["who showed one", { mailbox: "x@a.example" }, table(LOGIN), true, "250"],
    ["HOLDFOR", { mailbox: "x@a.example", mail: { hold } }, table(NOTHING), true, "554 5.3.3"],
    ["BY", { mailbox: "x@a.example", mail: { deliverBy } }, table(NOTHING), true, "554 5.3.3"],
  ] as ReadonlyArray<
    readonly [
      string,
      { readonly mailbox: string; readonly first?: string; readonly mail?: OneMore["mail"] },
      RouteTable,
      boolean,
      string,
    ]
  >
) {
  Deno.test(`admitTogether() answers ${want} to ${name}`, async () => {
    const o = {
      mailbox: mailbox(one.mailbox),
      first: one.first === undefined ? null : mailbox(one.first),
      ...one.mail === undefined ? {} : { mail: one.mail },
    };
    assert.equal(await admitted(o, routes, password), want);
  });
}
