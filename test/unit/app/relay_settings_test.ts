import assert from "node:assert/strict";
import { parseMailbox } from "../../../lib/address/path.ts";
import { relaySettingsOf, rerouted } from "../../../lib/app/relay_settings.ts";
import { defaultPolicies } from "../../../policies/default.ts";
import { loadConfigText } from "../../support/config_text.ts";

const config = loadConfigText(`
[[route]]
to = "example.com"
via = "smtp://first.example:587"
username = "u"
password = "p"
messages_per_minute = 60
[[route]]
to = "example.net"
via = "smtp://second.example:25"
connections = 2
`);
const bob = parseMailbox("bob@example.org");

for (
  const [via, username, limits] of [
    ["smtp://first.example:587", "u", { connections: null, perMinute: 60 }],
    ["smtp://second.example:25", undefined, { connections: 2, perMinute: null }],
    ["smtp://third.example:25", undefined, undefined],
  ] as const
) {
  Deno.test(`QUE-4: a recipient rerouted to ${via} goes there with the login and limits of that hop alone`, () => {
    assert.ok(bob !== null);
    const route = rerouted(config, defaultPolicies)(via, bob);
    assert.ok(route !== null);
    const access = relaySettingsOf(config, () => false).access(route);
    assert.equal(access.credentials?.username, username);
    assert.deepEqual(access.limits, limits);
  });
}
