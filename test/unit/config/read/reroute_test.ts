import assert from "node:assert/strict";
import { rerouteTo } from "../../../../lib/config/read/reroute.ts";
import { loadConfigText } from "../../../support/config_text.ts";

const { routes } = loadConfigText(`
[[route]]
to = "example.net"
via = "smtp://relay:s3cret@smart.example.com:587"
`);

Deno.test("rerouteTo() takes a known hop on its own terms, login and all", () => {
  const to = rerouteTo("smtp://smart.example.com:587", routes);
  assert.ok("rule" in to);
  assert.equal(to.known?.pattern, "example.net");
  assert.equal(to.rule.credentials?.username, "relay");
  assert.ok("tls" in to.rule.hop && to.rule.hop.tls === "required");
});

Deno.test("rerouteTo() lends no login to a hop that no route knows", () => {
  const to = rerouteTo("smtp://other.example.com:25", routes);
  assert.ok("rule" in to);
  assert.deepEqual([to.known, to.rule.credentials], [null, null]);
});

for (const via of ["nonsense", "smtp://user:pass@host:25", "lmtp://host:25"]) {
  Deno.test(`rerouteTo() says what is wrong with ${via}`, () => {
    assert.ok("fault" in rerouteTo(via, routes));
  });
}
