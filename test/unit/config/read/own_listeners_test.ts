import assert from "node:assert/strict";
import { ownListeners } from "../../../../lib/config/read/own_listeners.ts";
import { offerOf } from "../../../../lib/discovery/offer.ts";
import type { MechanismName } from "../../../../lib/sasl/all.ts";

const own = (mechanisms: ReadonlyArray<MechanismName>, issuers: ReadonlyArray<string> = []) =>
  ownListeners({
    hostname: "msa.example.com",
    submission: [{ host: "::", port: 587 }],
    submissions: [],
    mechanisms,
    issuers,
    http: false,
  });

for (
  const { mechanisms, issuers, want } of [
    { mechanisms: ["SCRAM-SHA-256", "PLAIN"], issuers: [], want: ["password"] },
    { mechanisms: ["SCRAM-SHA-256"], issuers: [], want: ["scram"] },
    {
      mechanisms: ["OAUTHBEARER", "LOGIN"],
      issuers: ["https://id.example"],
      want: ["password", "oauth2"],
    },
    { mechanisms: ["OAUTHBEARER", "PLAIN"], issuers: [], want: ["password"] },
    { mechanisms: ["EXTERNAL"], issuers: [], want: ["certificate"] },
  ] as const
) {
  Deno.test(`ownListeners() tells ${mechanisms.join(", ")} as ${want.join(", ")}`, () => {
    assert.deepEqual(own(mechanisms, issuers).auth, want);
  });
}

Deno.test("offerOf() takes our mechanisms for our listeners only, and what [[domain]] says for all", () => {
  const servers = { "_imaps._tcp": [{ host: "imap.example.net", port: 993 }] };
  const listeners = own(["OAUTHBEARER"], ["https://id.example"]);
  const auths = (o: ReturnType<typeof offerOf>) =>
    o.services.map((s) => `${s.kind} ${s.auth.join()}`);
  const offer = offerOf({ domain: "example.com", servers }, listeners);
  assert.deepEqual(auths(offer), ["submission oauth2", "imap password"]);
  assert.equal(offer.oauthIssuer, "https://id.example");
  const said = offerOf({ domain: "example.com", servers, auth: ["gssapi"] }, listeners);
  assert.deepEqual(auths(said), ["submission gssapi", "imap gssapi"]);
});
