import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Redacted } from "effect";
import { eventLog } from "../../../lib/events/event_log.ts";
import { signatureOf, webhook } from "../../../lib/events/webhook.ts";
import { webhookReceiver } from "../../support/webhook_receiver.ts";

const secret = Redacted.make("key");
const signal = new AbortController().signal;
const page = (events: ReadonlyArray<string>, dropped = 0) => ({ events, upTo: 1, dropped });

Deno.test("webhook() is taken by 2xx alone, and signs what it sends", async () => {
  const r = await webhookReceiver("key", [503, 302]);
  try {
    const { tell } = webhook({ url: r.url, secret });
    const events = ['{"id":"1","event":"bounced"}', '{"id":"2","event":"held"}'];
    assert.equal(await tell(page(events), signal), "HTTP 503");
    assert.equal(await tell(page(events), signal), "HTTP 302");
    assert.equal(await tell(page(events, 7), signal), null);
    assert.deepEqual(r.taken.map((e) => [e.id, e.event]), [["1", "bounced"], ["2", "held"]]);
    assert.deepEqual([r.dropped, r.signatures], [[7], [true, true, true]]);
  } finally {
    await r.stop();
  }
});

Deno.test("webhook() that nobody answers says why", async () => {
  const gone = await webhookReceiver("key");
  await gone.stop();
  const fault = await webhook({ url: gone.url, secret }).tell(page(["{}"]), signal);
  assert.match(fault ?? "", /refused|error/i);
});

Deno.test("signatureOf() is HMAC-SHA256 over time and body", () => {
  assert.equal(
    signatureOf(secret, 1, "{}"),
    `t=1,v1=${createHmac("sha256", "key").update("1.{}").digest("hex")}`,
  );
});

Deno.test("eventLog() appends a line an event, and says what is in its way", async () => {
  const dir = await Deno.makeTempDir({ prefix: "postern-" });
  try {
    const { tell } = eventLog(`${dir}/sub/events.jsonl`);
    assert.match(await tell(page(["{}"]), signal) ?? "", /sub\/events\.jsonl: /);
    await Deno.mkdir(`${dir}/sub`);
    assert.equal(await tell(page(['{"a":1}', '{"a":2}']), signal), null);
    assert.equal(await tell(page(['{"a":3}']), signal), null);
    const lines = (await Deno.readTextFile(`${dir}/sub/events.jsonl`)).trimEnd().split("\n");
    assert.deepEqual(lines.map((l) => JSON.parse(l).a), [1, 2, 3]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
