import assert from "node:assert/strict";
import { Effect } from "effect";
import { Routes } from "../../../lib/ports/routes.ts";
import { SenderRights } from "../../../lib/ports/sender_rights.ts";
import { HeaderPolicy, policyLayer } from "../../../lib/stages/policy.ts";
import { defaultPolicies } from "../../../policies/default.ts";
import { standardRepairs } from "../../../policies/headers.ts";
import { standardLimits } from "../../../policies/limits.ts";
import { alice, mailbox, oneRoute, usual } from "../../support/submissions.ts";

Deno.test("policyLayer() makes services of the default policies and the configuration", async () => {
  const layer = policyLayer(defaultPolicies, {
    rights: { localDomains: null, separator: "-" },
    headers: { ...standardRepairs, received: "full", date: "reject", messageId: "off" },
    limits: { ...standardLimits, headerFields: 7 },
    routes: oneRoute,
  });
  const seen = await Effect.runPromise(
    Effect.gen(function* () {
      const right = yield* (yield* SenderRights).maySendAs(
        alice,
        mailbox("alice-x@example.net"),
        usual,
      );
      const route = yield* (yield* Routes).find(mailbox("bob@example.org"), {
        sender: null,
        account: null,
        size: 0,
        priority: 0,
      });
      const { rules, limits } = yield* HeaderPolicy;
      return [
        right.rule,
        route?.pattern,
        rules.received,
        rules.date,
        rules.messageId,
        limits.headerFields,
      ];
    }).pipe(Effect.provide(layer)),
  );
  assert.deepEqual(seen, ["subaddress", "*", "full", "reject", "off", 7]);
});

Deno.test("defaultPolicies allow nothing below TLS 1.2 and no suite without forward secrecy", () => {
  const { minVersion, ciphers } = defaultPolicies.tls;
  assert.equal(minVersion, "TLSv1.2");
  for (const suite of ciphers.split(":")) assert.match(suite, /^(?:TLS_|ECDHE-).*(?:GCM|POLY1305)/);
});
