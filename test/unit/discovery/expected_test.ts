import assert from "node:assert/strict";
import { expectedRecords } from "../../../lib/discovery/expected.ts";
import { offerOf } from "../../../lib/discovery/offer.ts";
import { printData } from "../../../lib/discovery/publish/presentation.ts";
import { fullOffer, OWN } from "../../support/offers.ts";

const lines = async (offer: ReturnType<typeof fullOffer>, key: string) =>
  (await expectedRecords(offer)).filter((r) => r.key === key)
    .map((r) => `${r.owner} ${r.data.type} ${printData(r.data)}`);

// ADS-1, SRV-10, P-2: TLS from the first byte is preferred, STARTTLS stays findable
for (
  const { key, want } of [
    {
      key: "srv-submissions",
      want: ["_submissions._tcp.example.com SRV 0 1 465 mail.example.com."],
    },
    {
      key: "srv-submission",
      want: ["_submission._tcp.example.com SRV 10 1 587 mail.example.com."],
    },
    { key: "srv-imaps", want: ["_imaps._tcp.example.com SRV 0 1 993 mail.example.com."] },
    { key: "srv-imap", want: ["_imap._tcp.example.com SRV 0 0 0 ."] },
    { key: "srv-pop3s", want: ["_pop3s._tcp.example.com SRV 0 0 0 ."] },
    { key: "srv-pop3", want: ["_pop3._tcp.example.com SRV 0 0 0 ."] },
    { key: "srv-jmap", want: ["_jmap._tcp.example.com SRV 0 1 443 mail.example.com."] },
    { key: "srv-sieve", want: ["_sieve._tcp.example.com SRV 0 1 4190 mail.example.com."] },
    { key: "compat-smtps", want: ["_smtps._tcp.example.com SRV 0 1 465 mail.example.com."] },
    { key: "autoconfig", want: ["autoconfig.example.com CNAME mail.example.com."] },
    { key: "autodiscover", want: ["autodiscover.example.com CNAME mail.example.com."] },
    // AD-14: one, on port 443
    {
      key: "srv-autodiscover",
      want: ["_autodiscover._tcp.example.com SRV 0 0 443 mail.example.com."],
    },
    {
      key: "tlsrpt",
      want: ['_smtp._tls.example.com TXT "v=TLSRPTv1; rua=mailto:tls@example.com"'],
    },
    // UN-2: the host has no underscore, its TXT twin does
    { key: "pacc-host", want: ["ua-auto-config.example.com CNAME mail.example.com."] },
    // DAV-2; the two paths differ, so nothing is told at the target (DAV-5)
    {
      key: "srv-dav",
      want: [
        "_caldavs._tcp.example.com SRV 0 1 443 mail.example.com.",
        '_caldavs._tcp.example.com TXT "path=/dav/cal"',
        "_carddavs._tcp.example.com SRV 0 1 443 mail.example.com.",
        '_carddavs._tcp.example.com TXT "path=/dav/card"',
      ],
    },
  ]
) {
  Deno.test(`expectedRecords() ${key}`, async () => {
    assert.deepEqual(await lines(fullOffer(), key), want);
  });
}

Deno.test("expectedRecords() DAV-5: one path is told at the target inside the zone as well", async () => {
  const offer = fullOffer({
    servers: { "_caldavs._tcp": [{ host: "dav.example.com", port: 8443 }] },
  });
  assert.deepEqual(await lines(offer, "srv-dav"), [
    "_caldavs._tcp.example.com SRV 0 1 8443 dav.example.com.",
    '_caldavs._tcp.example.com TXT "path=/dav/cal"',
    'dav.example.com TXT "path=/dav/cal"',
  ]);
});

Deno.test("expectedRecords() says nothing about IMAP of a domain that nobody described", async () => {
  const offer = offerOf({ domain: "example.org" }, OWN);
  assert.deepEqual(await lines(offer, "srv-imap"), []);
  assert.equal((await lines(offer, "srv-submissions")).length, 1);
});

Deno.test("expectedRecords() proposes SPF, DMARC and TLSRPT as hints only", async () => {
  const all = await expectedRecords(offerOf({ domain: "example.org" }, OWN));
  assert.deepEqual(all.filter((r) => r.need === "hint").map((r) => r.key).sort(), [
    "dmarc",
    "spf",
    "tlsrpt",
  ]);
});

Deno.test("expectedRecords() gives a host with addresses no alias", async () => {
  const offer = fullOffer({
    hosts: [{ host: "autoconfig.example.com", addresses: ["192.0.2.1"] }],
  });
  assert.deepEqual(await lines(offer, "autoconfig"), []);
});

Deno.test("expectedRecords() changes the MTA-STS id with the policy and only with it", async () => {
  const [a, b] = [
    await lines(fullOffer(), "mtasts"),
    await lines(fullOffer({ ttl: 60 }), "mtasts"),
  ];
  const mtaSts = { mode: "testing", mx: ["mx.example.com"], maxAgeSeconds: 604_800 } as const;
  const c = await lines(fullOffer({ mtaSts }), "mtasts");
  assert.deepEqual(a, b);
  assert.notDeepEqual(a, c);
  assert.match(a.join("\n"), /_mta-sts\.example\.com TXT "v=STSv1; id=[0-9a-f]{20};"/);
});
