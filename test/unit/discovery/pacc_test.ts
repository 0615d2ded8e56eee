import assert from "node:assert/strict";
import { offerOf } from "../../../lib/discovery/offer.ts";
import { paccDigest, paccDocument, paccLints } from "../../../lib/discovery/pacc.ts";
import { fullOffer, OWN } from "../../support/offers.ts";

const IMAPS = { "_imaps._tcp": [{ host: "mail.example.com", port: 993 }] };
const V4 =
  '{"authentication":{"password":true},"info":{"provider":{"name":"Example Mail"}},"protocols":{"imap":{"host":"mail.example.com"},"smtp":{"host":"mail.example.com"},"submit":{"host":"mail.example.com"}}}';

Deno.test("paccDocument() V-4, PC-6, PC-12: the document of the ledger and its digest", async () => {
  const offer = offerOf({ domain: "example.com", name: "Example Mail", servers: IMAPS }, OWN);
  const document = paccDocument(offer);
  assert.equal(document, V4);
  assert.equal(new TextEncoder().encode(V4).length, 201);
  assert.equal(
    await paccDigest(V4),
    "v=UAAC1; a=sha256; d=OnWleIjMnhcczzMay0L6m21NzLxbr5l826k9iQuXa/w=",
  );
});

Deno.test("paccDocument() PC-7, PC-8, PC-10: URLs, no ManageSieve, the issuer", () => {
  const document: unknown = JSON.parse(
    paccDocument(fullOffer({ oauthIssuer: "https://id.example.com" })) ?? "",
  );
  assert.deepEqual(document, {
    authentication: { "oauth-public": { issuer: "https://id.example.com" }, password: true },
    info: { provider: { name: "Example Mail" } },
    protocols: {
      caldav: { url: "https://mail.example.com/dav/cal" },
      carddav: { url: "https://mail.example.com/dav/card" },
      imap: { host: "mail.example.com" },
      jmap: { url: "https://mail.example.com/.well-known/jmap" },
      smtp: { host: "mail.example.com" },
      submit: { host: "mail.example.com" },
    },
  });
});

Deno.test("paccLints() PC-9: a service on another port is left out, and that is told", () => {
  const offer = fullOffer({
    servers: { "_imaps._tcp": [{ host: "mail.example.com", port: 1993 }] },
  });
  assert.deepEqual(paccLints(offer).map((l) => l.code), ["pacc-not-representable"]);
  assert.ok(!(paccDocument(offer) ?? "").includes("imap"));
});

Deno.test("paccDocument() PC-13: not where user names are no addresses", () => {
  assert.equal(paccDocument(fullOffer({ username: "local" })), null);
  assert.ok(paccLints(fullOffer({ username: "local" })).some((l) => l.code === "pacc-username"));
});
