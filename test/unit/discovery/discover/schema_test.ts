/** The JSON that others read is what its schema says. autodiscovery.md §9.1 */
import assert from "node:assert/strict";
import { z } from "zod";
import { discover } from "../../../../lib/discovery/discover/discover.ts";
import { METHODS } from "../../../../lib/discovery/discover/result.ts";
import { ROOT } from "../../../support/postern.ts";
import { autoconfig, srv, world } from "../../../support/discover_world.ts";

Deno.test("discover.schema.json describes every result, and names every field", async () => {
  const text = await Deno.readTextFile(`${ROOT}docs/discover.schema.json`);
  const document = JSON.parse(text);
  const schema = z.fromJSONSchema(document);
  const { ports } = world({
    dns: {
      "SOA example.com": "nodata",
      "SRV _imaps._tcp.example.com": { alias: "x.test", records: [srv("m.provider.example", 993)] },
      "SRV _pop3._tcp.example.com": [srv("", 0, 0, 0)],
      "SRV _jmap._tcp.example.com": [srv("j.example.com", 443)],
      "A m.provider.example": ["192.0.2.1"],
      "A j.example.com": { alias: "k.example.com", records: ["192.0.2.1"] },
    },
    http: { "https://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("mail.example.com") },
    probe: { "mail.example.com:465": { state: "tls-ok", mechanisms: ["PLAIN"] } },
  });
  for (
    const [what, options] of [
      ["user@example.com", { probe: true, methods: [...METHODS] }],
      ["example.com", {}],
      ["nothing.test", {}],
    ] as const
  ) {
    const r = JSON.parse(JSON.stringify(await discover(what, ports, options)));
    schema.parse(r);
    assert.deepEqual(Object.keys(r).sort(), [...document.required].sort());
    for (const s of r.services) {
      assert.deepEqual(Object.keys(s).sort(), [...document.$defs.service.required].sort());
    }
  }
  assert.throws(() => schema.parse({}));
});
