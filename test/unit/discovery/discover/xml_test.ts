/** AC-18, threats row 35: XML from strangers. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readAutoconfig } from "../../../../lib/discovery/discover/autoconfig_document.ts";
import { parseXml } from "../../../../lib/discovery/discover/xml.ts";
import { readPacc } from "../../../../lib/discovery/discover/pacc.ts";
import { readPox } from "../../../../lib/discovery/discover/pox.ts";
import { autoconfig } from "../../../support/discover_world.ts";

const reason = (text: string): string => {
  const r = parseXml(text);
  return r._tag === "Unfit" ? r.reason : `root ${r.root.name}`;
};

for (
  const [what, text, want] of [
    ["a document type", "<!DOCTYPE a><a/>", "has a document type"],
    ["an entity bomb", '<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>', "has a document type"],
    [
      "an external entity",
      '<?xml version="1.0"?> <!doctype a SYSTEM "file:///etc/passwd"><a/>',
      "has a document type",
    ],
    ["an element declaration", "<!ELEMENT a ANY><a/>", "has a document type"],
    ["depth", "<a>".repeat(17) + "</a>".repeat(17), "is nested too deep"],
    ["many elements", `<a>${"<b/>".repeat(5_001)}</a>`, "has too many elements"],
    ["size", `<a>${"x".repeat(300_000)}</a>`, "too large"],
    ["no end", "<a><b></b>", "does not end"],
    ["a tag that does not end", "<a", "has a tag that does not end"],
    ["too many ends", "<a></a></a>", "closes what is not open"],
    ["nothing", "", "has no element"],
    ["text alone", "hello", "has no element"],
  ] as const
) {
  Deno.test(`parseXml() refuses ${what}`, () => assert.equal(reason(text), want));
}

Deno.test("parseXml() takes comments, CDATA, numbers and the five entities, and no other", () => {
  const r = parseXml(
    '<a x="1 &amp; 2"><!-- <!DOCTYPE x> --><b>1e3</b><c>&lt;&#65;&#x42;&nbsp;</c><d><![CDATA[<!DOCTYPE>]]></d></a>',
  );
  assert.ok(r._tag === "Root");
  assert.deepEqual(r.root.attributes, { x: "1 & 2" });
  assert.deepEqual(r.root.children.map((c) => c.text), ["1e3", "<AB&nbsp;", "<!DOCTYPE>"]);
});

Deno.test("parseXml() refuses what is no UTF-8", () => {
  assert.equal(parseXml(Uint8Array.of(0x3c, 0x61, 0xff, 0x2f, 0x3e))._tag, "Unfit");
});

const mangled = fc.tuple(
  fc.constantFrom(autoconfig("mail.example.com"), "<a><b/></a>", '{"protocols":{}}'),
  fc.array(
    fc.tuple(fc.nat(600), fc.constantFrom("<", ">", "&", '"', "]]>", "<!", "\0", "é", "</")),
  ),
).map(([text, edits]) =>
  edits.reduce((t, [at, bit]) => t.slice(0, at) + bit + t.slice(at + 1), text)
);

Deno.test("no reader of foreign documents throws, whatever the octets", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), mangled), (input) => {
      const octets = typeof input === "string" ? new TextEncoder().encode(input) : input;
      readAutoconfig(octets);
      readPacc(octets);
      readPox(octets, "a@example.com");
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("no reader throws at JSON or XML of the wrong types, nested deep", () => {
  for (
    const text of [
      "null",
      "[]",
      "1e400",
      '{"protocols":[],"info":{}}',
      '{"protocols":{"imap":null,"jmap":{"url":7}},"info":{"provider":{"name":"x"}}}',
      '{"protocols":{"imap":{"host":["a"]}},"info":{"provider":{"name":5}}}',
      '{"__proto__":{"x":1},"protocols":{},"info":{"provider":{"name":"x"}}}',
      `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
      `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
    ]
  ) {
    const read = readPacc(new TextEncoder().encode(text));
    assert.ok(read === null || read.servers.length === 0, text.slice(0, 60));
  }
  assert.equal(readPacc(new Uint8Array(70_000)), null);
});

const document = (sections: string): ReturnType<typeof readAutoconfig> =>
  readAutoconfig(
    `<clientConfig version="1.1"><emailProvider id="e.test"><domain>e.test</domain>${sections}</emailProvider></clientConfig>`,
  );
const imap = (host: string, port = "993", socket = "SSL") =>
  `<incomingServer type="imap"><hostname>${host}</hostname><port>${port}</port><socketType>${socket}</socketType><authentication>password-cleartext</authentication></incomingServer>`;

Deno.test("readAutoconfig() leaves out a wrong section, not the document. AC-18", () => {
  const r = document(
    [
      imap("mail.example.com"),
      imap("127.0.0.1"),
      imap("0x7f.1"),
      imap("localhost"),
      imap("mail.example.com:80"),
      imap("%EMAILDOMAIN%"),
      imap("mail.example.com", "70000"),
      imap("mail.example.com", "1e3"),
      imap("mail.example.com", "993", "TLS"),
      '<incomingServer type="telnet"/>',
      "<unknown><x/></unknown>",
    ].join(""),
  );
  assert.ok(r._tag === "Document");
  assert.deepEqual(r.document.servers.map((s) => s.host), ["mail.example.com"]);
  assert.equal(r.document.faults.length, 9);
});

Deno.test("readAutoconfig() reads 64 servers at most. AC-18", () => {
  const r = document(imap("mail.example.com").repeat(100));
  assert.equal(r._tag === "Document" && r.document.servers.length, 64);
});

Deno.test("readAutoconfig() knows the words for signing in. AC-10", () => {
  const r = document(
    `<outgoingServer type="smtp"><hostname>m.e.test</hostname><port>465</port><socketType>SSL</socketType>
    <authentication>OAuth2</authentication><authentication>password-cleartext</authentication>
    <authentication system="sasl">SCRAM-SHA-256</authentication><authentication>unheard</authentication></outgoingServer>`,
  );
  assert.deepEqual(r._tag === "Document" && r.document.servers[0]?.auth, [
    "oauth2",
    "password",
    "encrypted",
  ]);
});

Deno.test("web services in documents stand at names without the dot of the root, https, no password. PC-7, AC-10", () => {
  const pacc = (url: string) =>
    readPacc(new TextEncoder().encode(JSON.stringify({
      info: { provider: { name: "x" } },
      protocols: { jmap: { url } },
    })))?.servers.map((s) => [s.host, s.port, s.url]);
  const xml = (url: string) => {
    const parsed = document(`<incomingServer type="jmap"><url>${url}</url></incomingServer>`);
    return parsed._tag === "Document"
      ? parsed.document.servers.map((s) => [s.host, s.port, s.url])
      : [];
  };
  for (const read of [pacc, xml]) {
    assert.deepEqual(read("https://j.test./x"), [["j.test", 443, "https://j.test/x"]]);
    assert.deepEqual(read("https://J.test/x"), [["j.test", 443, "https://j.test/x"]]);
    for (
      const bad of ["http://j.test/", "https://u@j.test/", "https://:p@j.test/", "https://10.1/"]
    ) {
      assert.deepEqual(read(bad), [], bad);
    }
  }
});
