import assert from "node:assert/strict";
import { head, refusedFor, submit } from "../../support/submissions.ts";

const FROM = "From: alice@example.net";

for (
  const c of [
    { name: "no data at all", head: "", hasBody: false, want: "554 5.6.0 HDR-28" },
    { name: "a body without header", head: "", hasBody: true, want: "554 5.6.0 HDR-3" },
    {
      name: "101 Received fields",
      head: head(...Array(101).fill("Received: x; y"), FROM),
      want: "554 5.4.6 TRC-8",
    },
    { name: "two From", head: head(FROM, FROM), want: "554 5.6.0 HDR-1" },
    {
      name: "two Sender",
      head: head(FROM, "Sender: alice@example.net", "Sender: alice@example.net"),
      want: "554 5.6.0 SND-01",
    },
    {
      name: "an unqualified recipient",
      head: head(FROM, "To: bob@sales"),
      want: "554 5.6.0 MSA-4.2b",
    },
    { name: "bad syntax", head: head(FROM, "Cc: a b c"), want: "554 5.6.0 MSA-5.1" },
    {
      name: "raw UTF-8 in a local part",
      head: head(FROM, "To: \xc3\xbc@example.org"),
      want: "554 5.6.0 HDR-17",
    },
  ]
) {
  Deno.test(`parse() refuses ${c.name}`, async () => {
    assert.equal(
      await refusedFor({ head: c.head, ...("hasBody" in c ? { hasBody: c.hasBody } : {}) }),
      c.want,
    );
  });
}

Deno.test("parse() names the field in the reply", async () => {
  const end = await submit({ head: head(FROM, "Cc: a b c") });
  assert.ok(end._tag === "Refused");
  assert.equal(end.reply, "554 5.6.0 Message refused: Cc field: an address has no domain");
});

Deno.test("parse() takes 100 Received fields and a header without body", async () => {
  const end = await submit({
    head: head(...Array(100).fill("Received: x; y"), FROM),
    hasBody: false,
  });
  assert.equal(end._tag, "Accepted");
});
