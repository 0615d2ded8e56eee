import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_AGE, readStsPolicy, stsCovers, stsId } from "../../../lib/discovery/sts_policy.ts";
import { mtaStsPolicy, mtaStsRecord } from "../../../lib/discovery/mta_sts.ts";

for (
  const [name, records, want] of [
    ["the record of RFC 8461 §3.1", ["v=STSv1; id=20160831085700Z;"], "20160831085700Z"],
    ["one without the last semicolon", ["v=STSv1; id=a"], "a"],
    ["one beside records of other kinds", ["v=spf1 -all", "v=STSv1;id=a1;"], "a1"],
    ["what it does not know", ["v=STSv1; id=a; new=thing;"], "a"],
    ["two records", ["v=STSv1; id=a;", "v=STSv1; id=b;"], null],
    ["no id", ["v=STSv1;"], null],
    ["an id that is too long", [`v=STSv1; id=${"a".repeat(33)};`], null],
    ["an id with other characters", ["v=STSv1; id=a-b;"], null],
    ["another version", ["v=STSv2; id=a;"], null],
    ["a field that is none", ["v=STSv1; id=a; nonsense"], null],
    ["a version that is not in front", ["id=a; v=STSv1;"], null],
    ["nothing", [], null],
  ] as ReadonlyArray<[string, ReadonlyArray<string>, string | null]>
) {
  Deno.test(`stsId() on ${name}. HOP-24`, () => assert.equal(stsId(records), want));
}

const lines = (...all: ReadonlyArray<string>): string => all.join("\r\n");
for (
  const [name, text, want] of [
    [
      "the policy of RFC 8461 §3.2",
      lines(
        "version: STSv1",
        "mode: enforce",
        "mx: mail.example.com",
        "mx: *.example.net",
        "max_age: 604800",
        "",
      ),
      { mode: "enforce", mx: ["mail.example.com", "*.example.net"], maxAgeSeconds: 604_800 },
    ],
    ["bare line ends", "version: STSv1\nmode: testing\nmx: a.test\nmax_age: 1\n", {
      mode: "testing",
      mx: ["a.test"],
      maxAgeSeconds: 1,
    }],
    [
      "the first of duplicates",
      lines("version: STSv1", "mode: none", "mode: enforce", "max_age: 1", "max_age: 2"),
      { mode: "none", mx: [], maxAgeSeconds: 1 },
    ],
    ["an age beyond a year", lines("version: STSv1", "mode: none", "max_age: 9999999999"), {
      mode: "none",
      mx: [],
      maxAgeSeconds: MAX_AGE,
    }],
    ["what it does not know", lines("version: STSv1", "new: thing", "mode: none", "max_age: 1"), {
      mode: "none",
      mx: [],
      maxAgeSeconds: 1,
    }],
    ["enforce without hosts", lines("version: STSv1", "mode: enforce", "max_age: 1"), null],
    ["no version", lines("mode: none", "max_age: 1"), null],
    ["no age", lines("version: STSv1", "mode: none"), null],
    ["an age that is no number", lines("version: STSv1", "mode: none", "max_age: 1d"), null],
    ["a mode that is none", lines("version: STSv1", "mode: report", "max_age: 1"), null],
    [
      "a host that is none",
      lines("version: STSv1", "mode: enforce", "mx: a b", "max_age: 1"),
      null,
    ],
    ["HTML", "<html><body>404</body></html>", null],
  ] as ReadonlyArray<[string, string, unknown]>
) {
  Deno.test(`readStsPolicy() on ${name}. HOP-25`, () =>
    assert.deepEqual(readStsPolicy(text), want));
}

for (
  const [pattern, host, want] of [
    ["mail.example.com", "MAIL.example.com", true],
    ["mail.example.com", "mail.example.com.", true],
    ["*.example.com", "mail.example.com", true],
    ["*.example.com", "a.mail.example.com", false],
    ["*.example.com", "example.com", false],
    ["mail.example.com", "xmail.example.com", false],
    ["*.example.com", "mail.xexample.com", false],
  ] as const
) {
  Deno.test(`stsCovers() says ${want} of ${host} by ${pattern}. HOP-25, HOP-27`, () => {
    assert.equal(stsCovers([pattern], host), want);
  });
}

Deno.test("readStsPolicy() and stsId() read what we publish", async () => {
  const p = {
    mode: "enforce",
    mx: ["mx.example.net", "*.example.org"],
    maxAgeSeconds: 86_400,
  } as const;
  assert.deepEqual(readStsPolicy(mtaStsPolicy(p)), p);
  assert.match(stsId([await mtaStsRecord(p)]) ?? "", /^[0-9a-f]{20}$/);
});

Deno.test("readStsPolicy() and stsId() take any text without a throw, and keep their bounds", () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "version: STSv1",
      "mode: enforce",
      "mode: none",
      "max_age: 5",
      "mx: *.a.test",
      "mx: a",
      "v=STSv1; id=1;",
    ),
  );
  fc.assert(fc.property(fc.array(line), (all) => {
    const p = readStsPolicy(all.join("\n"));
    assert.ok(p === null || (p.maxAgeSeconds <= MAX_AGE && p.mx.length <= 200));
    assert.match(stsId(all) ?? "a", /^[A-Za-z0-9]{1,32}$/);
  }));
});

Deno.test("threats.md row 10: blanks that end in something else take no time", () => {
  const blanks = " ".repeat(65_000);
  const started = performance.now();
  readStsPolicy(`version: STSv1\r\nx: x${blanks}x\r\n`);
  stsId([`v=STSv1; id=a${blanks}x`]);
  assert.ok(performance.now() - started < 500);
});
