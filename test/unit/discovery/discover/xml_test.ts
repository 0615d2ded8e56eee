/** AC-18, threats.md row 35: XML from strangers. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readAutoconfig } from "../../../../lib/discovery/discover/autoconfig_document.ts";
import { parseXml } from "../../../../lib/discovery/discover/xml.ts";
import { charsetOf } from "../../../../lib/discovery/discover/xml_encoding.ts";
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

const utf16 = (text: string, little: boolean): Uint8Array => {
  const out = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) out.setUint16(2 * i, text.charCodeAt(i), little);
  return new Uint8Array(out.buffer);
};
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

for (
  const [what, octets, charset] of [
    [
      "ISO-8859-1 by its declaration",
      latin1('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>'),
      null,
    ],
    [
      "ISO-8859-1 under a server that says UTF-8",
      latin1("<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>"),
      "utf-8",
    ],
    ["windows-1252 by the server's word", latin1("<a>\xe9</a>"), "windows-1252"],
    [
      "UTF-16 with a mark",
      utf16('\ufeff<?xml version="1.0" encoding="UTF-16"?><a>\xe9</a>', true),
      null,
    ],
    [
      "UTF-16 the other way round",
      utf16('\ufeff<?xml version="1.0" encoding="UTF-16"?><a>\xe9</a>', false),
      null,
    ],
    [
      "UTF-16 without a mark",
      utf16('<?xml version="1.0" encoding="UTF-16LE"?><a>\xe9</a>', true),
      null,
    ],
    ["UTF-8 with a mark", new TextEncoder().encode("\ufeff<a>\xe9</a>"), null],
    [
      "UTF-8 that says UTF-16",
      new TextEncoder().encode('<?xml version="1.0" encoding="utf-16"?><a>\xe9</a>'),
      null,
    ],
  ] as const
) {
  Deno.test(`parseXml() reads ${what}`, () => {
    const r = parseXml(octets, charset);
    assert.equal(r._tag === "Root" && r.root.text, "\xe9");
  });
}

Deno.test("parseXml() takes an encoding that nobody knows for none, and a value with > in it", () => {
  assert.equal(parseXml(latin1('<?xml version="1.0" encoding="x-none"?><a/>'))._tag, "Unfit");
  const r = parseXml(`<a b="x > y" c='"<'><d e=">"/></a>`.replace('"<', '">'));
  assert.ok(r._tag === "Root");
  assert.deepEqual(r.root.children.map((c) => c.attributes), [{ e: ">" }]);
  assert.equal(charsetOf('text/xml; charset="ISO-8859-1"'), "ISO-8859-1");
  assert.equal(charsetOf("text/xml"), null);
});

Deno.test("readAutoconfig() puts the domain where the placeholder stands. AC-12", () => {
  const text = autoconfig("imap.%EMAILDOMAIN%", { domain: "%EMAILDOMAIN%" });
  const r = readAutoconfig(text, "example.com");
  assert.ok(r._tag === "Document");
  assert.deepEqual(r.document.domains, ["example.com"]);
  assert.deepEqual(r.document.servers.map((s) => s.host), ["imap.example.com", "imap.example.com"]);
  const local = readAutoconfig(autoconfig("%EMAILLOCALPART%.example.com"), "example.com");
  assert.deepEqual(local._tag === "Document" && local.document.servers, []);
  const url = document(
    '<incomingServer type="jmap"><url>https://%EMAILDOMAIN%/j</url></incomingServer>',
    "e.test",
  );
  assert.equal(url._tag === "Document" && url.document.servers[0]?.url, "https://e.test/j");
});

Deno.test("readPox() reads attributes, prefixes and comments as any reader of XML does. AD-4", () => {
  const r = readPox(
    new TextEncoder().encode(
      `<?xml version="1.0"?><!-- a > b --><x:Autodiscover xmlns:x="urn:x" v="1>0">
<x:Response a='b'><x:Account id="1"><!-- <Error/> --><x:Protocol Type="mapiHttp"><x:Type lang="en">IMAP</x:Type>
<x:Server>mail.<!-- here -->example.com</x:Server><x:Port unit="n">993</x:Port></x:Protocol></x:Account></x:Response></x:Autodiscover>`,
    ),
    "a@example.com",
  );
  assert.ok(r._tag === "Servers");
  assert.deepEqual(r.servers.map((s) => `${s.kind} ${s.host}:${s.port}`), [
    "imap mail.example.com:993",
  ]);
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

const document = (
  sections: string,
  mailDomain: string | null = null,
): ReturnType<typeof readAutoconfig> =>
  readAutoconfig(
    `<clientConfig version="1.1"><emailProvider id="e.test"><domain>e.test</domain>${sections}</emailProvider></clientConfig>`,
    mailDomain,
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
    "scram",
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
