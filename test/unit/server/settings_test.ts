import assert from "node:assert/strict";
import { parseConfig } from "../../../lib/config/read/parse.ts";
import { serverSettings } from "../../../lib/server/settings.ts";

const TEXT = `hostname = "msa.example.com"
[listen]
submissions = ["127.0.0.1:465"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[[route]]
to = "*"
via = "smtp://127.0.0.1:25"
`;

Deno.test("serverSettings() has the defaults of the configuration file", () => {
  const parsed = parseConfig(TEXT, "/etc/postern.toml", () => ({ text: "" }));
  assert.ok(parsed._tag === "Valid");
  const { limits, extensions, heldMessages } = parsed.config;
  const ours = serverSettings("msa.example.com");
  for (const [name, value] of Object.entries(ours.limits)) {
    assert.deepEqual(value, limits[name as keyof typeof limits], name);
  }
  assert.deepEqual(ours.within, limits.answer);
  assert.equal(ours.newRecipientsPerDay, limits.newRecipientsPerDay);
  assert.deepEqual(ours.extensions, extensions);
  assert.equal(ours.heldMessages, heldMessages);
  assert.deepEqual(
    ours.mechanisms.map((m) => m.name),
    [...parsed.config.auth.mechanisms].filter((n) => ours.mechanisms.some((m) => m.name === n)),
  );
});
