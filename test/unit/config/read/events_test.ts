import assert from "node:assert/strict";
import { Redacted } from "effect";
import { parseConfig } from "../../../../lib/config/read/parse.ts";
import { LEAST, loadConfigText } from "../../../support/config_text.ts";

const parse = (events: string) =>
  parseConfig(
    `${LEAST}[events]\n${events}`,
    "/etc/postern.toml",
    (path) => path === "/etc/key" ? { text: "s3cret\n" } : { fault: `${path}: not there` },
  );

Deno.test("[events] is off unless somebody wants to hear", () => {
  const { events } = loadConfigText("");
  assert.deepEqual([events.webhook, events.log], [null, null]);
});

Deno.test("[events] names a webhook with its key, and a log", () => {
  const r = parse(
    'webhook = "https://example.com/mail"\nsecret_file = "key"\nlog = "events.jsonl"\nkinds = ["bounced"]',
  );
  assert.ok(r._tag === "Valid");
  const { webhook, log, kinds } = r.config.events;
  assert.deepEqual([webhook?.url, log, kinds], ["https://example.com/mail", "/etc/events.jsonl", [
    "bounced",
  ]]);
  assert.equal(webhook === null ? "" : Redacted.value(webhook.secret), "s3cret");
});

for (
  const [toml, key] of [
    ['webhook = "https://example.com/mail"', "events.webhook"],
    ['secret_file = "key"', "events.secret_file"],
    ['webhook = "https://example.com/mail"\nsecret_file = "none"', "events.secret_file"],
    ['webhook = "https://me:pw@example.com/mail"\nsecret_file = "key"', "events.webhook"],
    ['webhook = "ftp://example.com"\nsecret_file = "key"', "events.webhook"],
    ['kinds = ["lost"]', "events.kinds[1]"],
  ] as const
) {
  Deno.test(`[events] ${toml.replaceAll("\n", " ")} is wrong at ${key}`, () => {
    const r = parse(toml);
    assert.ok(r._tag === "Invalid");
    assert.deepEqual(r.problems.map((p) => p.key), [key]);
  });
}
