import assert from "node:assert/strict";
import fc from "fast-check";
import { readOffer } from "../../../../lib/smtp/client/offer.ts";
import type { Mail, Wishes } from "../../../../lib/smtp/client/state.ts";
import { Machine, session } from "./machine.ts";

const offerOf = (...lines: ReadonlyArray<string>) =>
  readOffer({ code: 250, lines: ["hop.test", ...lines] });

Deno.test("readOffer() knows the extensions it is told of", () => {
  const o = offerOf(
    "dsn",
    "CHUNKING",
    "BINARYMIME",
    "REQUIRETLS",
    "MT-PRIORITY MIXER",
    "RRVS",
    "DELIVERBY 240",
    "X-FOO",
  );
  assert.deepEqual(
    [o.dsn, o.chunking, o.binaryMime, o.requireTls, o.mtPriority, o.rrvs, o.deliverBy],
    [true, true, true, true, true, true, 240],
  );
  assert.equal(offerOf("DELIVERBY").deliverBy, 0);
  assert.equal(offerOf().deliverBy, null);
});

for (
  const [line, want] of [
    ["LIMITS RCPTMAX=5 MAILMAX=9 RCPTDOMAINMAX=2", [5, 9, 2]],
    ["LIMITS FOO=1 RCPTMAX=5", [5, null, null]],
    ["LIMITS RCPTMAX=5 MAILMAX=0", [null, null, null]],
    ["LIMITS RCPTMAX=5 RCPTDOMAINMAX", [null, null, null]],
    ["LIMITS RCPTMAX=1000000", [null, null, null]],
  ] as const
) {
  Deno.test(`EXT-LIM-2: readOffer() reads ${line}`, () => {
    const o = offerOf(line);
    assert.deepEqual([o.rcptMax, o.mailMax, o.rcptDomainMax], want);
  });
}

Deno.test("EXT-LIM-2: what a later EHLO leaves out is gone", () => {
  const m = new Machine({ ...session, policy: "opportunistic" });
  m.hear("220 hop.test|").hear("250-hop.test|250-STARTTLS|250 LIMITS RCPTMAX=1|").hear("220 go|");
  m.input({ _tag: "TlsUp", verified: true }).hear("250-hop.test|250 PIPELINING|").sent();
  assert.match(m.deliver({ to: ["a@x.example", "b@x.example"] }).sent(), /RCPT TO:<b@x\.example>/);
});

const all: Wishes = {
  ret: "HDRS",
  envid: "id+2B",
  by: { seconds: 60, mode: "N", trace: true },
  priority: 3,
  requireTls: "may",
  recipients: [{
    notify: ["DELAY"],
    orcpt: "rfc822;a",
    rrvs: { since: "2014-04-03T23:01:00Z", otherwise: "C" },
  }],
};
const EVERY =
  "250-hop.test|250-DSN|250-DELIVERBY|250-MT-PRIORITY|250-REQUIRETLS|250-RRVS|250 PIPELINING|";

Deno.test("EXT-DSN-3, EXT-DBY-2, EXT-PRI-2, EXT-RRVS-1: a hop is told what it knows", () => {
  assert.equal(
    new Machine().open(EVERY).deliver({ wishes: all }).sent(),
    "MAIL FROM:<a@example.net> RET=HDRS ENVID=id+2B BY=60;NT MT-PRIORITY=3|" +
      "RCPT TO:<x@example.org> NOTIFY=DELAY ORCPT=rfc822;a RRVS=2014-04-03T23:01:00Z;C|DATA|",
  );
  assert.equal(
    new Machine().open("250-hop.test|250 PIPELINING|").deliver({ wishes: all }).sent(),
    "MAIL FROM:<a@example.net>|RCPT TO:<x@example.org>|DATA|",
  );
});

Deno.test("EXT-CHK-2, EXT-BIN-1: binary content follows RCPT without DATA, pipelined or in lock-step", () => {
  const binary = { wishes: { binary: true } } as const;
  const m = new Machine().open("250-hop.test|250-PIPELINING|250-CHUNKING|250 BINARYMIME|").deliver(
    binary,
  );
  assert.equal(m.sent(), "MAIL FROM:<a@example.net> BODY=BINARYMIME|RCPT TO:<x@example.org>|");
  m.hear("250 ok|").hear("250 ok|");
  assert.ok(m.has("SendContent"));
  m.input({ _tag: "ContentSent" }).hear("250 2.0.0 kept|");
  assert.deepEqual(m.verdicts, ["accepted 2.0.0 250 2.0.0 kept"]);

  const slow = new Machine().open("250-hop.test|250-CHUNKING|250 BINARYMIME|").deliver(binary);
  slow.hear("250 ok|").sent();
  slow.hear("550 5.1.1 no|");
  assert.ok(!slow.has("SendContent"));
  assert.deepEqual(slow.verdicts, ["permanent 5.1.1 550 5.1.1 no"]);
  assert.equal(slow.deliver().sent(), "RSET|");
});

for (
  const [name, m, ehlo, want] of [
    ["EXT-BIN-1: binary without CHUNKING", { wishes: { binary: true } }, "BINARYMIME", "5.6.3"],
    ["EXT-RTLS-2: a tag in clear", { wishes: { requireTls: "must" } }, "REQUIRETLS", "5.7.10"],
    [
      "EXT-DBY-2: R without DELIVERBY",
      { wishes: { by: { seconds: 9, mode: "R", trace: false } } },
      "DSN",
      "5.4.7",
    ],
    [
      "EXT-DBY-2: R that is late",
      { wishes: { by: { seconds: 0, mode: "R", trace: false } } },
      "DELIVERBY",
      "5.4.7",
    ],
    [
      "EXT-DBY-2: R below the least",
      { wishes: { by: { seconds: 9, mode: "R", trace: false } } },
      "DELIVERBY 10",
      "5.4.7",
    ],
    [
      "EXT-RRVS-1: R without RRVS",
      { wishes: { recipients: [{ rrvs: { since: "", otherwise: "R" } }] } },
      "DSN",
      "5.7.19",
    ],
  ] as ReadonlyArray<readonly [string, Partial<Mail>, string, string]>
) {
  Deno.test(`step() fails ${name}, without a word to the hop`, () => {
    const machine = new Machine().open(`250-hop.test|250 ${ehlo}|`).deliver(m);
    assert.equal(machine.verdicts?.[0]?.split(" ").slice(0, 2).join(" "), `permanent ${want}`);
    assert.equal(machine.sent(), "");
  });
}

const wishes: fc.Arbitrary<Wishes> = fc.record({
  binary: fc.constant(true as const),
  ret: fc.constantFrom("FULL" as const, "HDRS" as const),
  envid: fc.constant("x"),
  by: fc.record({
    seconds: fc.integer({ min: -5, max: 99 }),
    mode: fc.constantFrom("R" as const, "N" as const),
    trace: fc.boolean(),
  }),
  priority: fc.integer({ min: -9, max: 9 }),
  requireTls: fc.constantFrom("may" as const),
  recipients: fc.array(
    fc.record({
      notify: fc.constantFrom("NEVER" as const, ["SUCCESS"] as const),
      orcpt: fc.constantFrom("rfc822;a", "utf-8;\u00fc"),
      rrvs: fc.record({
        since: fc.constant("s"),
        otherwise: fc.constantFrom("R" as const, "C" as const),
      }),
    }, { requiredKeys: [] }),
    { maxLength: 3 },
  ),
}, { requiredKeys: [] });
const KEYWORDS = [
  "PIPELINING",
  "DSN",
  "CHUNKING",
  "BINARYMIME",
  "DELIVERBY",
  "MT-PRIORITY",
  "REQUIRETLS",
  "RRVS",
  "SMTPUTF8",
  "LIMITS RCPTMAX=2",
];
const NEEDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/ (?:RET|ENVID|NOTIFY|ORCPT)=/, "DSN"],
  [/ BY=/, "DELIVERBY"],
  [/ MT-PRIORITY=/, "MT-PRIORITY"],
  [/ REQUIRETLS/, "REQUIRETLS"],
  [/ RRVS=/, "RRVS"],
  [/BINARYMIME/, "BINARYMIME"],
];

Deno.test("SMTP-28: no hop is sent a parameter that it did not offer, and every recipient gets a verdict", () => {
  fc.assert(
    fc.property(
      wishes,
      fc.subarray(KEYWORDS),
      fc.array(fc.constantFrom("250 ok|", "550 no|", "354 go|"), { maxLength: 12 }),
      (w, offered, replies) => {
        const m = new Machine().open(
          ["hop.test", ...offered].map((k, i) => `250${i === offered.length ? " " : "-"}${k}|`)
            .join(""),
        );
        const to = ["a@x.example", "b@x.example", "c@y.example"];
        m.deliver({ wishes: w, to });
        let said = "";
        for (const r of replies) {
          if (m.has("SendContent")) m.input({ _tag: "ContentSent" });
          if (m.has("Finished")) break;
          said += m.outputs.flatMap((o) => o._tag === "Send" ? [o.text] : []).join("");
          m.hear(r);
        }
        if (!m.has("Finished")) m.input({ _tag: "Lost", reason: "" });
        assert.equal(m.verdicts?.length, to.length);
        for (const [pattern, keyword] of NEEDS) {
          if (pattern.test(said)) {
            assert.ok(offered.includes(keyword), said);
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
