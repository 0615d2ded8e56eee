import assert from "node:assert/strict";
import { offerOf, type OwnListeners, within } from "../../../lib/discovery/offer.ts";

const OWN: OwnListeners = {
  host: "msa.example.com",
  submission: [587, 587],
  submissions: [465, 0],
  web: null,
};

const places = (o: ReturnType<typeof offerOf>) =>
  o.services.map((s) => `${s.kind} ${s.security} ${s.host}:${s.port} ${s.priority}`);

Deno.test("offerOf() takes Postern's own listeners where nothing else is said", () => {
  assert.deepEqual(places(offerOf({ domain: "example.com" }, OWN)), [
    "submission implicit msa.example.com:465 0",
    "submission starttls msa.example.com:587 10",
  ]);
});

Deno.test("offerOf() adds other people's servers, in the order of RFC 8314 §3", () => {
  const offer = offerOf({
    domain: "example.com",
    servers: {
      "_submission._tcp": [],
      "_imap._tcp": [{ host: "imap.provider.example", port: 143 }],
      "_imaps._tcp": [{ host: "imap.provider.example", port: 993 }],
      "_caldavs._tcp": [{ host: "dav.provider.example", port: 443 }],
    },
    paths: { "_caldavs._tcp": "/dav/cal/" },
  }, OWN);
  assert.deepEqual(places(offer), [
    "submission implicit msa.example.com:465 0",
    "imap implicit imap.provider.example:993 0",
    "imap starttls imap.provider.example:143 10",
    "caldav https dav.provider.example:443 0",
  ]);
  assert.equal(offer.services[3]?.path, "/dav/cal/");
});

Deno.test("within() compares whole labels", () => {
  assert.ok(within("example.com", "example.com"));
  assert.ok(within("a.example.com", "example.com"));
  assert.ok(!within("anexample.com", "example.com"));
});
