/** What we write, read by parsers that we did not write. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { autoconfigDocument, autoconfigLints } from "../../../../lib/discovery/autoconfig.ts";
import { poxSettings } from "../../../../lib/discovery/serve/autodiscover.ts";
import { makeHandler } from "../../../../lib/discovery/serve/handler.ts";
import { mobileconfig, uuid5 } from "../../../../lib/discovery/serve/mobileconfig.ts";
import { plist } from "../../../../lib/discovery/serve/plist.ts";
import { escape, leaf, unescape } from "../../../../lib/discovery/xml.ts";
import { offerOf } from "../../../../lib/discovery/offer.ts";
import { fullOffer, OWN } from "../../../support/offers.ts";
import { installed } from "../../../support/postern.ts";
import { readPlist, readXml } from "../../../support/python.ts";

const HOSTILE = `a"b'c<d>&amp;]]>\u0000\u001b[31m\ud800<!-- -->%EMAIL%`;
const ignore = !installed("python3");

Deno.test(
  { name: "autoconfig AC-5..AC-16: order, words, placeholders, version", ignore },
  async () => {
    const offer = fullOffer({
      auth: ["password", "oauth2"],
      mx: [{ preference: 10, host: "mx1.mail.provider.example" }],
      documentation: "https://example.com/help",
    });
    const auth = [
      ["authentication", {}, "OAuth2", []],
      ["authentication", {}, "password-cleartext", []],
    ];
    const webAuth = [
      ["authentication", {}, "OAuth2", []],
      ["authentication", { system: "http" }, "Basic", []],
    ];
    const user = ["username", {}, "%EMAILADDRESS%", []];
    const server = (
      name: string,
      type: string,
      port: string,
      socket: string,
    ) => [name, { type }, "", [
      ["hostname", {}, "mail.example.com", []],
      ["port", {}, port, []],
      ["socketType", {}, socket, []],
      ...auth,
      user,
    ]];
    const web = (name: string, type: string, url: string) => [
      name,
      { type },
      "",
      [["url", {}, url, []], ...webAuth, user],
    ];
    assert.deepEqual(await readXml(autoconfigDocument(offer)), [
      "clientConfig",
      { version: "1.2" },
      "",
      [
        ["emailProvider", { id: "example.com" }, "", [
          ["domain", {}, "example.com", []],
          ["domain", { purpose: "mx" }, "mail.provider.example", []],
          ["displayName", {}, "Example Mail", []],
          ["displayShortName", {}, "Example Mail", []],
          server("incomingServer", "imap", "993", "SSL"),
          web("incomingServer", "jmap", "https://mail.example.com/.well-known/jmap"),
          server("outgoingServer", "smtp", "465", "SSL"),
          server("outgoingServer", "smtp", "587", "STARTTLS"),
          ["documentation", { url: "https://example.com/help" }, "", [
            ["descr", { lang: "en" }, "How to set up mail", []],
          ]],
        ]],
        web("calendar", "caldav", "https://mail.example.com/dav/cal"),
        web("addressbook", "carddav", "https://mail.example.com/dav/card"),
        server("setupServer", "managesieve", "4190", "STARTTLS"),
      ],
    ]);
  },
);

Deno.test("autoconfig AC-15: version 1.1 without servers that are URLs", () => {
  const servers = { "_imaps._tcp": [{ host: "mail.example.com", port: 993 }] };
  const text = autoconfigDocument(offerOf({ domain: "example.com", servers }, OWN));
  assert.ok(text.includes('<clientConfig version="1.1">'));
});

Deno.test("autoconfigLints() AC-6: a file without incoming server is refused by clients", () => {
  assert.deepEqual(autoconfigLints(fullOffer()), []);
  assert.equal(autoconfigLints(offerOf({ domain: "example.com" }, OWN)).length, 1);
  assert.equal(autoconfigLints(fullOffer({ auth: ["gssapi"] })).length, 2); // AC-7
});

Deno.test({ name: "documents survive hostile names, threats.md row 35", ignore }, async () => {
  const offer = fullOffer({ name: HOSTILE, shortName: HOSTILE });
  await readXml(autoconfigDocument(offer));
  await readXml(poxSettings(offer, `"${HOSTILE}"@example.com`));
  await readPlist(await mobileconfig(offer, "a@example.com", HOSTILE) ?? "");
});

Deno.test({ name: "POX AD-4: the two namespaces, read by XPath's rules", ignore }, async () => {
  const root = JSON.stringify(await readXml(poxSettings(fullOffer(), "a@example.com")));
  const base = "{http://schemas.microsoft.com/exchange/autodiscover";
  assert.ok(root.startsWith(`["${base}/responseschema/2006}Autodiscover"`));
  assert.ok(root.includes(`"${base}/outlook/responseschema/2006a}Protocol"`));
});

Deno.test(
  { name: "mobileconfig MC-3..MC-10: what Apple's schema asks for, no password", ignore },
  async () => {
    const text = await mobileconfig(fullOffer(), "user@example.com", "A. User") ?? "";
    assert.ok(!/<key>(?:Incoming|Outgoing)Password</.test(text)); // MC-8
    const read = JSON.stringify(await readPlist(text));
    const parsed: { PayloadContent: ReadonlyArray<Record<string, unknown>> } = JSON.parse(read);
    const [mail, calendar, contacts] = parsed.PayloadContent;
    const { PayloadUUID, PayloadIdentifier, ...rest } = mail ?? {};
    assert.match(String(PayloadUUID), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    assert.match(String(PayloadIdentifier), /^com\.example\.mail\.[0-9a-f]{8}\.account$/);
    assert.deepEqual(rest, {
      PayloadType: "com.apple.mail.managed",
      PayloadVersion: 1,
      PayloadDisplayName: "Example Mail",
      EmailAccountType: "EmailTypeIMAP",
      EmailAccountDescription: "Example Mail",
      EmailAccountName: "A. User",
      EmailAddress: "user@example.com",
      IncomingMailServerHostName: "mail.example.com",
      IncomingMailServerPortNumber: 993,
      IncomingMailServerUseSSL: true,
      IncomingMailServerAuthentication: "EmailAuthPassword",
      IncomingMailServerUsername: "user@example.com",
      OutgoingMailServerHostName: "mail.example.com",
      OutgoingMailServerPortNumber: 465, // MC-7
      OutgoingMailServerUseSSL: true,
      OutgoingMailServerAuthentication: "EmailAuthPassword",
      OutgoingMailServerUsername: "user@example.com",
      OutgoingPasswordSameAsIncomingPassword: true,
    });
    assert.equal(calendar?.["CalDAVHostName"], "mail.example.com");
    assert.equal(calendar?.["CalDAVPrincipalURL"], "/dav/cal");
    assert.equal(contacts?.["CardDAVUseSSL"], true);
  },
);

Deno.test("mobileconfig MC-9: the same address gives the same octets", async () => {
  const twice = [1, 2].map(() => mobileconfig(fullOffer(), "user@example.com", null));
  const [a, b] = await Promise.all(twice);
  assert.equal(a, b);
  assert.notEqual(await uuid5("a"), await uuid5("b"));
});

Deno.test("mobileconfig MC-1, MC-2: two paths, an attachment that is not kept", async () => {
  const handler = makeHandler({ offers: [fullOffer()], autodiscoverV2: false });
  for (
    const path of [
      "/.well-known/mobileconfig?emailaddress=a@example.com&name=A",
      "/email.mobileconfig?email=a@example.com",
    ]
  ) {
    const r = await handler(new Request(`https://mail.example.com${path}`));
    assert.equal(r.status, 200);
    assert.equal(r.headers.get("content-type"), "application/x-apple-aspen-config");
    assert.equal(
      r.headers.get("content-disposition"),
      'attachment; filename="example.com.mobileconfig"',
    );
    assert.equal(r.headers.get("cache-control"), "no-store");
  }
  const other = new Request(
    "https://mail.example.com/.well-known/mobileconfig?emailaddress=a@b.example",
  );
  assert.equal((await handler(other)).status, 404);
});

Deno.test({ name: "plist() and leaf() read back as they were written", ignore }, async () => {
  const values = fc.sample(
    fc.string({ unit: "grapheme" }).filter((s) => !/\p{Cc}|[\ufffe\uffff]/u.test(s)),
    {
      numRuns: 200,
      seed: 8,
    },
  );
  assert.deepEqual(await readPlist(plist(values)), values);
  const [, , , children] = await readXml(
    `<all>${values.map((v) => leaf("v", `|${v}|`)).join("")}</all>`,
  ) as [string, unknown, string, ReadonlyArray<[string, unknown, string]>];
  assert.deepEqual(children.map(([, , text]) => text), values.map((v) => `|${v}|`));
});

Deno.test("unescape() undoes escape(), and takes no other entity", () => {
  fc.assert(fc.property(fc.string(), (s) => {
    assert.equal(unescape(escape(s)), s.replaceAll(/(?![\t\n\r])\p{Cc}/gu, ""));
  }));
  for (const bad of ["&xxe;", "&", "&#0;", "&#x20AC;", "&amp"]) assert.equal(unescape(bad), null);
});

Deno.test("where SCRAM is all there is, no document names another way to sign in. AC-7, MC-6", async () => {
  const offer = offerOf({ domain: "example.com" }, { ...OWN, auth: ["scram"] });
  assert.equal(await mobileconfig(offer, "a@example.com", null), null);
  assert.ok(!/password-encrypted|<outgoingServer/.test(autoconfigDocument(offer)));
  assert.ok(!poxSettings(offer, "a@example.com").includes("<Protocol>"));
  assert.ok(autoconfigLints(offer).some((l) => l.message.includes("no submission server")));
  const both = offerOf({ domain: "example.com" }, { ...OWN, auth: ["scram", "password"] });
  assert.match(autoconfigDocument(both), /<authentication system="sasl">SCRAM-SHA-256</);
});
