import assert from "node:assert/strict";
import { Effect } from "effect";
import type { SiteDecision, SubmissionFacts } from "../../../lib/ports/site_facts.ts";
import { SitePolicy, SitePolicyFault } from "../../../lib/ports/site_policy.ts";
import { summary } from "../../../lib/reply/reply.ts";
import { pipeline } from "../../../lib/stages/pipeline.ts";
import { alice, head, NOW, received, world } from "../../support/submissions.ts";

const message = {
  head: head("From: alice@example.net", "To: bob@example.org", "Subject: =?utf-8?q?x?=  y"),
};

const judged = (
  decide: (s: SubmissionFacts) => SiteDecision | SitePolicyFault,
  onFault: "accept" | "refuse" = "refuse",
) =>
  Effect.runPromise(
    pipeline(received(message)).pipe(
      Effect.map((s) => ({ reply: "250", hold: s.hold ?? null, trail: s.trail })),
      Effect.catchTag("Refusal", (e) =>
        Effect.succeed({ reply: summary(e.reply), hold: null, trail: e.trail })),
      Effect.provideService(SitePolicy, {
        onFault,
        decide: (s) => {
          const d = decide(s);
          return d instanceof SitePolicyFault ? Effect.fail(d) : Effect.succeed(d);
        },
      }),
      Effect.provide(world()),
    ),
  );

Deno.test("askSite: the policy sees the message as it would leave", async () => {
  let seen: SubmissionFacts | null = null;
  await judged((s) => {
    seen = s;
    return { verdict: "pass" };
  });
  assert.ok(seen !== null);
  const s: SubmissionFacts = seen;
  assert.equal(s.account.id, alice.id);
  assert.deepEqual(s.authors, ["alice@example.net"]);
  assert.deepEqual(s.recipients, ["bob@example.org"]);
  const names = s.header.map((f) => f.name);
  for (const name of ["Received", "From", "To", "Subject", "Date", "Message-ID"]) {
    assert.ok(names.includes(name), name);
  }
  assert.deepEqual(structuredClone(s), s);
});

for (
  const [as, reply] of [
    ["rights", "550 5.7.1 Not so"],
    ["content", "550 5.7.0 Not so"],
    ["message", "554 5.6.0 Not so"],
    ["recipients", "550 5.5.3 Not so"],
    ["later", "451 4.7.1 Not so"],
  ] as const
) {
  Deno.test(`askSite: a refusal as ${as} is answered ${reply.slice(0, 9)} (MSA-6.3)`, async () => {
    const end = await judged(() => ({ verdict: "refuse", as, text: "Not so", notes: { n: 1 } }));
    assert.equal(end.reply, reply);
    const last = end.trail.at(-1);
    assert.equal(last?.rule, `site.${as}`);
    assert.equal(last?.facts["n"], 1);
  });
}

Deno.test("askSite: a hold goes with the submission, and into the trail", async () => {
  const end = await judged(() => ({ verdict: "hold", reason: "odd hour", minutes: 10 }));
  assert.deepEqual(end.hold, {
    reason: "odd hour",
    until: NOW + 600_000,
    then: "release",
    notify: true,
  });
  assert.ok(end.trail.some((d) => d.rule === "site.hold" && d.verdict === "held"));
});

Deno.test("askSite: notes stand in the trail, cleaned of what a terminal acts on", async () => {
  const end = await judged(() => ({ verdict: "pass", notes: { "a\x1bb": "c\u202ed" } }));
  assert.deepEqual(end.trail.find((d) => d.rule === "site.pass")?.facts, { "a?b": "c?d" });
});

Deno.test("askSite: a policy that fails refuses for now, or lets pass, as configured", async () => {
  const fault = new SitePolicyFault({ problem: "took more than 9 ms" });
  const closed = await judged(() => fault, "refuse");
  assert.match(closed.reply, /^451 4\.3\.5 /);
  const open = await judged(() => fault, "accept");
  assert.equal(open.reply, "250");
  assert.equal(open.trail.find((d) => d.rule === "site.fault")?.facts["problem"], fault.problem);
});
