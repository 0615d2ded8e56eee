import assert from "node:assert/strict";
import { lockedOut } from "../../../../lib/config/read/locked_out.ts";
import type { Strength } from "../../../../lib/envelope/strength.ts";
import { type MechanismName, MECHANISMS, USUAL_MECHANISMS } from "../../../../lib/sasl/all.ts";
import { alice } from "../../../support/submissions.ts";

const locked = (
  minimum: Strength,
  mechanisms: ReadonlyArray<MechanismName>,
  clientCa: string | null = null,
): ReadonlyArray<string> =>
  lockedOut(
    {
      auth: { mechanisms, issuers: [] },
      tls: { default: { certificate: "c", key: "k" }, sni: [], clientCa },
    },
    [{ ...alice, minimum }],
  );

for (
  const [minimum, mechanisms, ca, out] of [
    ["plain", USUAL_MECHANISMS, null, false],
    ["scram-sha-256", USUAL_MECHANISMS, null, false],
    ["scram-sha-256-plus", USUAL_MECHANISMS, null, true],
    ["scram-sha-256-plus", MECHANISMS, null, false],
    ["scram-sha-256-plus", USUAL_MECHANISMS, "ca.pem", false],
    ["external", MECHANISMS, null, true],
    ["external", MECHANISMS, "ca.pem", false],
    // nobody issues tokens
    ["scram-sha-256", ["PLAIN", "OAUTHBEARER"], null, true],
  ] as const
) {
  Deno.test(`lockedOut() with minimum ${minimum}, ${mechanisms.join(" ")}, ${ca}: ${out}`, () => {
    assert.equal(locked(minimum, mechanisms, ca).length, out ? 1 : 0);
  });
}

Deno.test("lockedOut() says whom, why, and what to do; it passes over disabled accounts", () => {
  assert.deepEqual(locked("scram-sha-256-plus", USUAL_MECHANISMS), [
    `offers nothing that ${alice.id} may sign in with, whose minimum is scram-sha-256-plus: ` +
    "SCRAM-SHA-256-PLUS is off by default, and has to be listed",
  ]);
  const c = {
    auth: { mechanisms: USUAL_MECHANISMS, issuers: [] },
    tls: { default: { certificate: "c", key: "k" }, sni: [], clientCa: null },
  };
  assert.deepEqual(lockedOut(c, [{ ...alice, minimum: "external", disabled: true }]), []);
});
