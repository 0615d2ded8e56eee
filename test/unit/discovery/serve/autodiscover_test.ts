import assert from "node:assert/strict";
import fc from "fast-check";
import { makeHandler } from "../../../../lib/discovery/serve/handler.ts";
import { readPoxRequest } from "../../../../lib/discovery/serve/autodiscover_request.ts";
import { fullOffer } from "../../../support/offers.ts";

const handler = makeHandler({ offers: [fullOffer()], autodiscoverV2: true });
const HOST = "https://autodiscover.example.com";
const SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover";
const OUTLOOK = `${SCHEMAS}/outlook/responseschema/2006a`;

const ask = (address: string, schema = OUTLOOK) =>
  `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="${SCHEMAS}/outlook/requestschema/2006"><Request>
<EMailAddress>${address}</EMailAddress>
<AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`;

const post = async (body: BodyInit, path = "/autodiscover/autodiscover.xml", host = HOST) => {
  const r = await handler(
    new Request(host + path, { method: "POST", body, headers: { authorization: "Basic eDp5" } }),
  );
  return { status: r.status, type: r.headers.get("content-type"), text: await r.text() };
};

for (
  const path of [
    "/autodiscover/autodiscover.xml",
    "/AutoDiscover/AutoDiscover.xml",
    "/Autodiscover/Autodiscover.xml",
  ]
) {
  Deno.test(`POX AD-1, AD-4..AD-9: settings at ${path}, no password asked`, async () => {
    const r = await post(ask("a.user@example.com"), path);
    assert.equal(r.status, 200);
    assert.equal(r.type, "text/xml; charset=utf-8");
    assert.ok(r.text.includes(`<Autodiscover xmlns="${SCHEMAS}/responseschema/2006">`));
    assert.ok(r.text.includes(`<Response xmlns="${OUTLOOK}">`));
    assert.ok(r.text.includes(
      "<Protocol><Type>SMTP</Type><Server>mail.example.com</Server><Port>587</Port>" +
        "<DomainRequired>off</DomainRequired><LoginName>a.user@example.com</LoginName>" +
        "<SPA>off</SPA><SSL>on</SSL><Encryption>TLS</Encryption><AuthRequired>on</AuthRequired>",
    ));
    assert.ok(r.text.indexOf(">IMAP<") < r.text.indexOf(">SMTP<"));
    assert.ok(r.text.includes("<Encryption>SSL</Encryption>"));
  });
}

Deno.test("POX AD-2, AD-3: on the bare domain as well, elements in either order, any prefix", async () => {
  const body = `<x:Autodiscover xmlns:x="urn:x"><x:Request>
<x:AcceptableResponseSchema>${OUTLOOK}</x:AcceptableResponseSchema>
<x:EMailAddress> u&amp;v@example.com </x:EMailAddress></x:Request></x:Autodiscover>`;
  const r = await post(body, undefined, "https://example.com");
  assert.ok(r.text.includes("<LoginName>u&amp;v@example.com</LoginName>"));
});

Deno.test("POX AD-3: attributes and comments are passed over", async () => {
  const body = `<!-- EMailAddress --><Autodiscover><Request><EMailAddress xmlns="urn:x" a='1'
>a@example.com<!-- <EMailAddress>b@b</EMailAddress> --></EMailAddress></Request></Autodiscover>`;
  assert.ok((await post(body)).text.includes("<LoginName>a@example.com</LoginName>"));
});

for (
  const { name, body, code } of [
    { name: "not XML", body: "hello", code: 600 },
    { name: "nothing", body: "", code: 600 },
    { name: "no address", body: "<Autodiscover></Autodiscover>", code: 600 },
    {
      name: "two addresses",
      body: ask("a@example.com</EMailAddress><EMailAddress>b@b"),
      code: 600,
    },
    { name: "an element within", body: ask("<b/>a@example.com"), code: 600 },
    { name: "another entity", body: ask("&xxe;@example.com"), code: 600 },
    { name: "a comment that does not end", body: ask("a@example.com<!-- --"), code: 600 },
    {
      name: "a DOCTYPE",
      body: `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${ask("&x;@example.com")}`,
      code: 600,
    },
    {
      name: "an entity bomb",
      body: `<!doctype a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${ask("&b;@example.com")}`,
      code: 600,
    },
    { name: "another schema", body: ask("a@example.com", "urn:other"), code: 601 },
    { name: "an unknown domain", body: ask("a@example.net"), code: 500 },
    { name: "no address at all", body: ask("hello"), code: 500 },
  ]
) {
  Deno.test(`POX AD-10, threats.md row 35: ${name} gets error ${code} under status 200`, async () => {
    const r = await post(body);
    assert.equal(r.status, 200);
    assert.match(r.text, new RegExp(`<ErrorCode>${code}</ErrorCode>`));
    assert.ok(!r.text.includes("root:"));
  });
}

Deno.test("POX AD-10: ActiveSync is answered in its own schema", async () => {
  const mobile = `${SCHEMAS}/mobilesync/responseschema/2006`;
  const r = await post(ask("a@example.com", mobile));
  assert.ok(r.text.includes(`<Response xmlns="${mobile}"><Error`));
  assert.match(r.text, /<ErrorCode>601</);
});

Deno.test("POX threats.md row 35: a body beyond 8 KiB, or without end, is not read", async () => {
  assert.equal((await post(ask("a@example.com") + " ".repeat(8192))).status, 413);
  let pulled = 0;
  const endless = new ReadableStream({
    pull: (c) => {
      pulled++;
      c.enqueue(new Uint8Array(1024));
    },
  });
  assert.equal((await post(endless)).status, 413);
  assert.ok(pulled < 20);
});

Deno.test("POX threats.md row 35: octets that are no UTF-8 are refused", async () => {
  assert.equal((await post(Uint8Array.of(0xff, 0xfe, 0x3c, 0))).status, 413);
});

Deno.test("POX AD-11: GET is led from http to https, and an error there", async () => {
  const path = "/autodiscover/autodiscover.xml";
  const plain = await handler(new Request(`http://autodiscover.example.com${path}`));
  assert.equal(plain.status, 302);
  assert.equal(plain.headers.get("location"), `https://mail.example.com${path}`);
  const tls = await handler(new Request(HOST + path));
  assert.match(await tls.text(), /<ErrorCode>600</);
});

Deno.test("readPoxRequest() never throws, and finds nothing with markup in it", () => {
  const piece = fc.constantFrom(
    "<",
    ">",
    "</",
    "<!",
    "&",
    ";",
    "EMailAddress",
    ">a@b",
    "&lt;",
    "x:",
  );
  fc.assert(fc.property(fc.array(fc.oneof(piece, fc.string())), (parts) => {
    const got = readPoxRequest(`<Autodiscover>${parts.join("")}`);
    if (got._tag === "Asked") assert.ok(got.address.length <= 1000);
  }));
});

for (
  const { query, status, code } of [
    {
      query: "?Email=a@example.com&Protocol=AutodiscoverV1&RedirectCount=1",
      status: 200,
      code: null,
    },
    { query: "/v1.0/a%40example.com?Protocol=autodiscoverv1", status: 200, code: null },
    { query: "/v1.0/a@example.com?Protocol=EWS", status: 400, code: "InvalidProtocol" },
    { query: "/v1.0/%E0%A4%A?Protocol=EWS", status: 400, code: "MandatoryParameterMissing" },
    { query: "?email=a@example.com", status: 400, code: "MissingProtocol" },
    { query: "?Protocol=EWS", status: 400, code: "MandatoryParameterMissing" },
  ]
) {
  Deno.test(`Autodiscover v2 AJ-1..AJ-3: ${query}`, async () => {
    const r = await handler(new Request(`${HOST}/AutoDiscover/autodiscover.json${query}`));
    assert.equal(r.status, status);
    const body: unknown = await r.json();
    if (code === null) {
      assert.deepEqual(body, {
        Protocol: "AutodiscoverV1",
        Url: "https://mail.example.com/autodiscover/autodiscover.xml",
      });
    } else assert.ok(JSON.stringify(body).includes(`"ErrorCode":"${code}"`));
  });
}

Deno.test("Autodiscover v2 AJ-4: nothing comes back but letters and digits", async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
    const url = new URL(`${HOST}/autodiscover/autodiscover.json?Email=a@example.com`);
    url.searchParams.set("Protocol", `<>"'\\${text}`);
    const r = await handler(new Request(url));
    const body = await r.text();
    assert.match(body, /^[A-Za-z0-9{}":,. ]*$/);
    JSON.parse(body);
  }));
});

Deno.test("Autodiscover v2 AJ-5: off unless it is configured", async () => {
  const off = makeHandler({ offers: [fullOffer()], autodiscoverV2: false });
  const url = `${HOST}/autodiscover/autodiscover.json?Email=a@example.com&Protocol=AutodiscoverV1`;
  assert.equal((await off(new Request(url))).status, 404);
});
