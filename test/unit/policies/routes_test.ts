import assert from "node:assert/strict";
import fc from "fast-check";
import type { HopTemplate, RouteFacts, RouteTable } from "../../../lib/ports/routes.ts";
import { byRecipient } from "../../../policies/routes.ts";
import { mailbox } from "../../support/submissions.ts";

const ANY: RouteFacts = { sender: null, account: null, size: 0, priority: 0 };
const maildir = (path: string): HopTemplate => ({ _tag: "Maildir", path });
const table = (...patterns: ReadonlyArray<string>): RouteTable =>
  patterns.map((pattern, i) => ({ pattern, hop: maildir(`/${i}`), credentials: null, ca: null }));
const pattern = (t: RouteTable, address: string): string | null =>
  byRecipient(t)(mailbox(address), ANY)?.pattern ?? null;

const ALL = table(
  "*",
  "*.example.net",
  "*.a.example.net",
  "example.net",
  "b.a.example.net",
  "xn--bcher-kva.example",
);
for (
  const [address, want] of [
    ["x@example.net", "example.net"],
    ["x@EXAMPLE.NET", "example.net"],
    ["x@c.example.net", "*.example.net"],
    ["x@d.c.example.net", "*.example.net"],
    ["x@a.example.net", "*.example.net"],
    ["x@z.a.example.net", "*.a.example.net"],
    ["x@b.a.example.net", "b.a.example.net"],
    ["x@notexample.net", "*"],
    ["x@bücher.example", "xn--bcher-kva.example"],
    ["x@org", "*"],
    ["x@[192.0.2.1]", null],
  ] as const
) {
  Deno.test(`byRecipient() gives ${address} to ${want}`, () => {
    assert.equal(pattern(ALL, address), want);
  });
}

Deno.test("byRecipient() has no route where nothing matches", () => {
  assert.equal(pattern(table("example.net"), "x@a.example.net"), null);
  assert.equal(pattern([], "x@example.net"), null);
});

Deno.test("byRecipient() takes the first of equal patterns", () => {
  assert.deepEqual(byRecipient(table("*", "*"))(mailbox("x@y.example"), ANY)?.hop, maildir("/0"));
});

Deno.test("byRecipient() puts the recipient's domain into an MX route, as A-labels", () => {
  const t: RouteTable = [{
    pattern: "*",
    hop: { _tag: "MxOfRecipient", port: 25, tls: "required" },
    credentials: null,
    ca: null,
  }];
  assert.deepEqual(byRecipient(t)(mailbox("x@Bücher.Example"), ANY)?.hop, {
    _tag: "Mx",
    domain: "xn--bcher-kva.example",
    port: 25,
    tls: "required",
  });
});

Deno.test("byRecipient() does not depend on the order of different patterns", () => {
  const patterns = ALL.map((r) => r.pattern);
  const shuffled = fc.shuffledSubarray(patterns, { minLength: patterns.length });
  fc.assert(
    fc.property(
      shuffled,
      fc.constantFrom("x@example.net", "x@c.example.net", "x@z.a.example.net", "x@org"),
      (order, to) => {
        assert.equal(pattern(table(...order), to), pattern(ALL, to));
      },
    ),
  );
});
