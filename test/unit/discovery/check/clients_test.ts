/** What mail programs would end up with. autodiscovery.md §8, §11.4 */
import assert from "node:assert/strict";
import {
  PROFILES,
  type Published,
  type PublishedFile,
  simulate,
} from "../../../../lib/discovery/check/clients/simulate.ts";
import { readAutoconfig } from "../../../../lib/discovery/discover/autoconfig_document.ts";
import { autoconfig, srv } from "../../../support/discover_world.ts";

const NOTHING: Published = {
  domain: "example.com",
  srv: {},
  files: {},
  pox: {},
  poxTarget: null,
  profile: false,
  m365: false,
};

const of = (client: string, p: Partial<Published>) => {
  const profile = PROFILES.find((x) => x.client.startsWith(client));
  if (profile === undefined) throw new Error(client);
  return simulate(profile, { ...NOTHING, ...p }, (low) => low);
};

const file = (xml: string, contentType = "text/xml"): PublishedFile => {
  const read = readAutoconfig(xml);
  if (read._tag === "Unfit") throw new Error(read.reason);
  return { contentType, document: read.document };
};

/** The record set of autodiscovery.md §10, whose preferred record has the smallest priority and the largest weight. P-1 */
const SRV = {
  imaps: [srv("mail.example.com", 993, 0, 1)],
  imap: [srv("", 0, 0, 0)],
  submissions: [srv("mail.example.com", 465, 0, 1)],
  submission: [srv("mail.example.com", 587, 10, 1)],
};
const IMAPS = "imap mail.example.com:993 implicit";

Deno.test("aerc reads _submission, not _submissions. P-2", () => {
  const r = of("aerc", { srv: SRV });
  assert.deepEqual([r.method, r.incoming, r.outgoing], [
    "srv",
    IMAPS,
    "submission mail.example.com:587 starttls",
  ]);
  const without = of("aerc", { srv: { ...SRV, submission: [srv("", 0)] } });
  assert.equal(without.outgoing, null);
  assert.ok(without.problems.some((p) => p.includes("_submission and _smtps only")));
});

Deno.test("aerc looks at weights, whatever the priority, and likes STARTTLS better", () => {
  const r = of("aerc", {
    srv: {
      ...SRV,
      imaps: [srv("a.example.com", 993, 0, 1), srv("b.example.com", 993, 50, 9)],
    },
  });
  assert.equal(r.incoming, "imap b.example.com:993 implicit");
  const clear = of("aerc", { srv: { ...SRV, imap: [srv("c.example.com", 143, 90, 0)] } });
  assert.equal(clear.incoming, "imap c.example.com:143 starttls");
});

Deno.test("FairEmail takes the lower priority, and _submission at a tie; all of a kind missing fails it", () => {
  assert.equal(of("FairEmail", { srv: SRV }).outgoing, "submission mail.example.com:465 implicit");
  const tie = of("FairEmail", {
    srv: { ...SRV, submission: [srv("mail.example.com", 587, 0, 1)] },
  });
  assert.equal(tie.outgoing, "submission mail.example.com:587 starttls");
  const half = of("FairEmail", { srv: { submissions: SRV.submissions } });
  assert.equal(half.method, null);
  assert.ok(half.problems.some((p) => p.includes("SRV method fails")));
});

Deno.test("Evolution goes by the RFC, the better secured label first", () => {
  const r = of("Evolution", { srv: SRV });
  assert.deepEqual([r.method, r.incoming, r.outgoing], [
    "srv",
    IMAPS,
    "submission mail.example.com:465 implicit",
  ]);
});

Deno.test("Thunderbird reads no SRV, and files served as XML only", () => {
  assert.equal(of("Thunderbird", { srv: SRV }).method, null);
  const r = of("Thunderbird", { files: { "https-host": file(autoconfig("mail.example.com")) } });
  assert.deepEqual([r.method, r.incoming], ["autoconfig https-host", IMAPS]);
  const html = of("Thunderbird", {
    files: { "https-host": file(autoconfig("mail.example.com"), "text/html") },
  });
  assert.equal(html.method, null);
});

Deno.test("Thunderbird for Android rejects a file for one bad section. AC-7, AC-8", () => {
  const plain = of("K-9", {
    files: { "https-host": file(autoconfig("mail.example.com", { socket: "plain" })) },
  });
  assert.deepEqual([plain.method, plain.problems[0]], [
    null,
    "https-host: file rejected, socketType plain",
  ]);
  const odd = autoconfig("mail.example.com").replace(
    "<displayName>",
    '<incomingServer type="imap"><hostname>x.example.com</hostname></incomingServer><displayName>',
  );
  assert.equal(of("K-9", { files: { "https-host": file(odd) } }).method, null);
  assert.equal(of("Evolution", { files: { "https-host": file(odd) } }).incoming, IMAPS);
});

Deno.test("Outlook asks Autodiscover, the bare domain first; the rest is uncertain. O-3, AD-15, AD-16", () => {
  const places = [
    { kind: "imap", tls: "implicit", host: "mail.example.com", port: 993 },
    { kind: "submission", tls: "implicit", host: "mail.example.com", port: 465 },
  ];
  const r = of("Outlook", { pox: { domain: places, autodiscover: places }, m365: true });
  assert.deepEqual([r.method, r.incoming], ["pox domain", IMAPS]);
  assert.ok(r.problems.some((p) => p.startsWith("uncertain")));
  assert.ok(r.problems.some((p) => p.includes("Microsoft 365")));
  const away = of("Outlook", { pox: { srv: places }, poxTarget: "ad.provider.example" });
  assert.ok(away.problems.some((p) => p.startsWith("warns people")));
});

Deno.test("Apple finds nothing by itself, but a profile can be opened. MC-1", () => {
  assert.equal(of("Apple", { srv: SRV }).method, null);
  assert.equal(of("Apple", { profile: true }).method, "profile");
});
