import assert from "node:assert/strict";
import { connect } from "node:net";
import { createSecureContext } from "node:tls";
import { Effect, Exit, Layer, Scope } from "effect";
import { type HttpServerOptions, serveHttp } from "../../../../lib/net/http/serve.ts";
import { Certificates } from "../../../../lib/ports/certificates.ts";
import { makeSelfSigned } from "../../../../lib/tls/selfsigned.ts";

const ANY = [{ host: "127.0.0.1", port: 0 }];

/** What a request looks like to the handler. */
const echo = async (r: Request): Promise<Response> =>
  new Response(JSON.stringify({
    url: r.url,
    method: r.method,
    headers: [...r.headers.keys()],
    body: r.method === "POST" ? (await r.text()).length : 0,
  }));

const serving = async (
  change: Partial<HttpServerOptions>,
  test: (ports: { readonly https: number; readonly http: number }) => Promise<void>,
): Promise<void> => {
  const { certificatePem, keyPem } = await makeSelfSigned(["localhost"], Date.now());
  const context = createSecureContext({ cert: certificatePem, key: keyPem });
  const certificates: Certificates["Service"] = {
    contextFor: () => context,
    endPointOf: () => null,
    asksClients: false,
    clientOf: () => null,
  };
  const scope = await Effect.runPromise(Scope.make());
  try {
    const { https, http } = await Effect.runPromise(
      serveHttp({ listen: ANY, plain: ANY, trustedProxies: [], handler: echo, ...change }).pipe(
        Scope.provide(scope),
        Effect.provide(Layer.succeed(Certificates, certificates)),
      ),
    );
    await test({ https: https[0] ?? 0, http: http[0] ?? 0 });
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void));
  }
};

/** Sends text as it is, and yields what comes back until the server closes. */
const raw = (port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    let got = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("latin1");
    socket.on("data", (d) => got += d);
    socket.on("error", () => resolve(got));
    socket.on("close", () => resolve(got));
  });

const FORWARDED = "X-Forwarded-Host: mta-sts.example.com\r\nX-Forwarded-Proto: https\r\n";

for (
  const { name, trustedProxies, want } of [
    {
      name: "from a trusted proxy",
      trustedProxies: ["127.0.0.1"],
      want: "https://mta-sts.example.com/x",
    },
    { name: "from anybody else", trustedProxies: ["192.0.2.1"], want: "http://example.com/x" },
  ]
) {
  Deno.test(`serveHttp() takes X-Forwarded-* ${name} for ${want}`, () =>
    serving({ trustedProxies }, async ({ http }) => {
      const got = await raw(http, `GET /x HTTP/1.1\r\nHost: example.com\r\n${FORWARDED}\r\n`);
      assert.match(got, /^HTTP\/1\.1 200/);
      assert.ok(got.includes(`"url":"${want}"`), got);
    }));
}

Deno.test("serveHttp() hands on no password and no cookie. AD-9", () =>
  serving({}, async ({ http }) => {
    const secret = "Authorization: Basic eDp5\r\nCookie: a=b\r\nAccept: text/xml\r\n";
    const got = await raw(http, `GET / HTTP/1.1\r\nHost: example.com\r\n${secret}\r\n`);
    assert.ok(got.includes('"headers":["accept"]'), got);
  }));

for (
  const { name, request } of [
    { name: "a host that is none", request: "GET / HTTP/1.1\r\nHost: a/b?c@d\r\n\r\n" },
    { name: "no host", request: "GET / HTTP/1.0\r\n\r\n" },
    {
      name: "a URL of somebody else",
      request: "GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
    },
    {
      name: "a body beyond 64 KiB",
      request: `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 70000\r\n\r\n${
        "x".repeat(70_000)
      }`,
    },
  ]
) {
  Deno.test(`serveHttp() refuses ${name}`, () =>
    serving({}, async ({ http }) => {
      assert.match(await raw(http, request), /^HTTP\/1\.1 400|^$/);
    }));
}

const HOST = "Host: a.example\r\n";

for (
  const { name, request, want } of [
    { name: "TRACE", request: `TRACE / HTTP/1.1\r\n${HOST}\r\n`, want: 405 },
    { name: "CONNECT", request: `CONNECT b.example:25 HTTP/1.1\r\n${HOST}\r\n`, want: 405 },
    {
      name: "two Host fields",
      request: `GET / HTTP/1.1\r\n${HOST}Host: b.example\r\n\r\n`,
      want: 400,
    },
    { name: "the same Host twice", request: `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`, want: 400 },
    {
      name: "Content-Length and Transfer-Encoding",
      request:
        `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      want: 400,
    },
    {
      name: "Transfer-Encoding in HTTP/1.0",
      request: `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      want: 400,
    },
    {
      name: "two lengths",
      request: `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
      want: 400,
    },
    { name: "a blank before the colon", request: "GET / HTTP/1.1\r\nHost : a\r\n\r\n", want: 400 },
    { name: "lines that end in LF", request: "GET / HTTP/1.1\nHost: a.example\n\n", want: 400 },
  ]
) {
  Deno.test(`serveHttp() answers ${name} with ${want}. RFC 9110 §9.3, RFC 9112 §3.2, §6.1`, () =>
    serving({}, async ({ http }) => {
      const got = await raw(http, request);
      assert.match(got, new RegExp(`^HTTP/1.1 ${want} `), got);
      assert.equal(/\r\nallow: GET, HEAD, POST\r\n/i.test(got), want === 405, got);
    }));
}

Deno.test("serveHttp() sends HEAD the length of what GET would bring. RFC 9110 §9.3.2", () =>
  serving({ handler: () => Promise.resolve(new Response("twelve octets")) }, async ({ http }) => {
    const got = await raw(http, `HEAD / HTTP/1.1\r\n${HOST}\r\n`);
    assert.match(got, /\r\ncontent-length: 13\r\n/);
    assert.match(got, /\r\n\r\n$/);
  }));

Deno.test("serveHttp() lets nobody be slow for ever, neither over TLS nor in clear", () =>
  serving({ deadlineMs: 300 }, async ({ http, https }) => {
    const start = performance.now();
    await Promise.all([
      raw(http, "GET / HTTP/1.1\r\nHost: exa"),
      raw(https, "\x16\x03\x01"),
      raw(http, "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nab"),
    ]);
    assert.ok(performance.now() - start < 3000);
  }));

Deno.test("serveHttp() answers many at once over TLS", () =>
  serving({}, async ({ https }) => {
    const { code, stdout } = await new Deno.Command("sh", {
      args: [
        "-c",
        `for i in 1 2 3 4 5 6 7 8; do curl -sk https://localhost:${https}/$i & done; wait`,
      ],
    }).output();
    assert.equal(code, 0);
    const text = new TextDecoder().decode(stdout);
    assert.equal(text.match(/https:\/\/localhost:\d+\/\d/g)?.length, 8, text);
  }));
