import assert from "node:assert/strict";
import { Quota } from "../../../../lib/server/limits/quota.ts";

const HOUR = 3_600_000;

Deno.test("Quota: the message and the recipient over the limit wait for the next hour (SMTP-19)", () => {
  const q = new Quota({ messagesPerHour: 2, recipientsPerHour: 5, nullSendersPerHour: 0 });
  for (const n of [1, 2]) {
    assert.equal(q.exceeded("a", false, n, 0), null);
    q.count("a", false, n, 0);
  }
  assert.equal(q.exceeded("a", false, 1, HOUR - 1), "messages_per_hour");
  assert.equal(q.exceeded("b", false, 5, 0), null, "another account");
  assert.equal(q.exceeded("b", false, 6, 0), "recipients_per_hour");
  assert.equal(q.exceeded("a", false, 5, HOUR), null, "an hour later");
});

Deno.test("Quota: null return paths have their own limit (RGT-3)", () => {
  const q = new Quota({ messagesPerHour: 0, recipientsPerHour: 0, nullSendersPerHour: 1 });
  q.count("a", true, 1, 0);
  assert.equal(q.exceeded("a", true, 1, 1), "null_senders_per_hour");
  assert.equal(q.exceeded("a", false, 1, 1), null);
});

Deno.test("Quota: a clock that was set back by a day does not make the hour a day (SMTP-19)", () => {
  const q = new Quota({ messagesPerHour: 1, recipientsPerHour: 0, nullSendersPerHour: 0 });
  q.count("a", false, 1, 25 * HOUR);
  assert.equal(q.exceeded("a", false, 1, 25 * HOUR), "messages_per_hour");
  assert.equal(q.exceeded("a", false, 1, HOUR), null);
});
