import assert from "node:assert/strict";
import { Quota } from "../../../lib/server/quota.ts";

const HOUR = 3_600_000;

Deno.test("Quota: the message and the recipient over the limit wait for the next hour (SMTP-19)", () => {
  const q = new Quota({ messagesPerHour: 2, recipientsPerHour: 5, nullSendersPerHour: 0 });
  for (const n of [1, 2]) {
    assert.ok(q.allows("a", false, n, 0));
    q.count("a", false, n, 0);
  }
  assert.equal(q.allows("a", false, 1, HOUR - 1), false, "a third message");
  assert.ok(q.allows("b", false, 5, 0), "another account");
  assert.equal(q.allows("b", false, 6, 0), false, "six recipients");
  assert.ok(q.allows("a", false, 5, HOUR), "an hour later");
});

Deno.test("Quota: null return paths have their own limit (RGT-3)", () => {
  const q = new Quota({ messagesPerHour: 0, recipientsPerHour: 0, nullSendersPerHour: 1 });
  q.count("a", true, 1, 0);
  assert.equal(q.allows("a", true, 1, 1), false);
  assert.ok(q.allows("a", false, 1, 1));
});
