/** Discovery over real sockets: a scripted name server and a scripted web server on loopback. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { discoverPorts } from "../../../lib/app/discover_ports.ts";
import { httpSend } from "../../../lib/net/http/send.ts";
import { discover } from "../../../lib/discovery/discover/discover.ts";
import type { DiscoverResult } from "../../../lib/discovery/discover/result.ts";
import type { DiscoverOptions } from "../../../lib/discovery/discover/run.ts";
import { autoconfig } from "../../support/discover_world.ts";
import { type DnsReply, DnsServer, type Zone } from "../../support/dns_server.ts";
import { type Serve, startWeb, type WebServer } from "../../support/web_server.ts";

const NAMES = [
  "example.com",
  "autoconfig.example.com",
  "autodiscover.example.com",
  "ua-auto-config.example.com",
  "mail.example.com",
  "away.test",
] as const;

const a = (name: string, data = "127.0.0.1"): DnsReply => ({
  answers: [{ type: "A", name, ttl: 60, data }],
});
const soa = (name: string): DnsReply => ({
  answers: [{
    type: "SOA",
    name,
    ttl: 60,
    data: {
      mname: "ns.test",
      rname: "h.test",
      serial: 1,
      refresh: 1,
      retry: 1,
      expire: 1,
      minimum: 1,
    },
  }],
});
const srv = (name: string, port: number, target = "mail.example.com"): DnsReply => ({
  answers: [{ type: "SRV", name, ttl: 60, data: { priority: 0, weight: 1, port, target } }],
});

/** All names of the domain; whatever is not there does not exist. */
const zone = (more: Zone = {}): Zone => {
  const all: Record<string, DnsReply> = { "SOA example.com": soa("example.com") };
  for (const host of NAMES) {
    all[`A ${host}`] = a(host);
    all[`AAAA ${host}`] = {};
  }
  return { ...all, ...more };
};

interface Running {
  readonly dns: DnsServer;
  readonly web: WebServer;
  readonly run: (o?: DiscoverOptions, privately?: boolean) => Promise<DiscoverResult>;
}

const NXDOMAIN: DnsReply = { rcode: 3 };

const withWorld = async (
  given: Zone,
  serve: Serve,
  body: (w: Running) => Promise<void>,
): Promise<void> => {
  const handler: ProxyHandler<Record<string, DnsReply>> = {
    get: (target, key) => typeof key === "string" ? target[key] ?? NXDOMAIN : undefined,
  };
  const dns = await DnsServer.start(new Proxy({ ...given }, handler));
  const web = await startWeb(NAMES, serve);
  const ports = (privately: boolean) =>
    discoverPorts({
      dns: {
        servers: [{ _tag: "Plain", host: "127.0.0.1", port: dns.port, trusted: false }],
        timeoutMs: 1_000,
        attempts: 1,
        trust: "never",
        ca: null,
      },
      privateAddresses: privately,
      ca: web.ca,
      portOf: (_, port) => port === 80 ? web.httpPort : web.httpsPort,
    });
  const open = ports(true);
  try {
    await body({
      dns,
      web,
      run: (o = {}, privately = true) =>
        discover("user@example.com", privately ? open : ports(false), o),
    });
  } finally {
    open.close();
    await Promise.all([dns.stop(), web.stop()]);
  }
};

const notFound: Serve = (_, response) => {
  response.statusCode = 404;
  response.end();
};

const only = (host: string, path: string, serve: Serve): Serve => (request, response) =>
  request.headers.host === host && request.url === path
    ? serve(request, response)
    : notFound(request, response);

const AUTOCONFIG = ["autoconfig.example.com", "/mail/config-v1.1.xml"] as const;

const xml = (text: string): Serve => (_, response) => {
  response.setHeader("content-type", "text/xml");
  response.end(text);
};

Deno.test("discover finds by SRV over real DNS, from a warm resolver in under 150 ms", async () => {
  await withWorld(
    zone({
      "SRV _imaps._tcp.example.com": srv("_imaps._tcp.example.com", 993),
      "SRV _submissions._tcp.example.com": srv("_submissions._tcp.example.com", 465),
    }),
    only(...AUTOCONFIG, xml(autoconfig("mail.example.com"))),
    async (w) => {
      await w.run();
      const took: Array<number> = [];
      for (let i = 0; i < 5; i++) {
        const since = performance.now();
        const r = await w.run();
        took.push(performance.now() - since);
        assert.equal(r.verdict, "ok");
        assert.deepEqual(r.services[0]?.sources.map((s) => s.method), ["srv", "autoconfig"]);
      }
      // other tests run beside this one
      assert.ok(Math.min(...took) < 150, `${took} ms`);
    },
  );
});

for (
  const [what, serve, outcome] of [
    ["a body without end", (_, r) => {
      const more = () => {
        while (r.write("x".repeat(65_536))) if (r.destroyed) return;
        if (!r.destroyed) r.once("drain", more);
      };
      more();
    }, "too-big"],
    ["a gzip bomb", (_, r) => {
      r.setHeader("content-encoding", "gzip");
      r.end(gzipSync(new Uint8Array(50_000_000)));
    }, "too-big"],
    ["an encoding that nobody asked for", (_, r) => {
      r.setHeader("content-encoding", "br");
      r.end("x");
    }, "connect"],
    ["a connection that breaks", (q) => q.socket.destroy(), "connect"],
    ["a redirect to a metadata service", (_, r) => {
      r.writeHead(302, { location: "https://169.254.169.254/latest" });
      r.end();
    }, "forbidden"],
    ["a redirect to clear text", (_, r) => {
      r.writeHead(302, { location: "http://example.com/" });
      r.end();
    }, "bad-redirect"],
    ["a document type", xml('<!DOCTYPE a [<!ENTITY x "y">]><clientConfig/>'), "malformed"],
    ["JSON for XML", xml("{}"), "malformed"],
    ["nothing", xml(""), "malformed"],
  ] as ReadonlyArray<readonly [string, Serve, string]>
) {
  Deno.test(`discover survives ${what}. autodiscovery.md §9.6, AC-18, threats.md row 35`, async () => {
    await withWorld(zone(), only(...AUTOCONFIG, serve), async (w) => {
      const r = await w.run({ methods: ["autoconfig"] });
      const attempt = r.attempts.find((x) => x.target.includes("autoconfig.example.com"));
      assert.equal(attempt?.outcome, outcome, JSON.stringify(attempt));
      assert.equal(r.services.length, 0);
    });
  });
}

/** A server that says `bytes` again and again, whatever is asked. */
const babbler = async (first: string, bytes: (() => Uint8Array | string) | null) => {
  const server = createServer((s) => {
    s.on("error", () => {});
    s.write(first);
    const more = () => {
      if (bytes === null) return;
      while (!s.destroyed && s.write(bytes()));
      s.once("drain", more);
    };
    s.once("data", more);
  });
  await new Promise<void>((r) => server.listen(0, "127.0.0.1", () => r()));
  const at = server.address();
  return { server, port: typeof at === "object" && at !== null ? at.port : 0 };
};

for (
  const [what, url, first, bytes, kind] of [
    [
      "a header without end",
      "http://a.test/",
      "HTTP/1.1 200 OK\r\n",
      () => `X: ${"y".repeat(999)}\r\n`,
      "connect",
    ],
    [
      "TLS that is noise",
      "https://a.test/",
      "",
      () => crypto.getRandomValues(new Uint8Array(65_536)),
      "tls",
    ],
    ["TLS that never begins", "https://a.test/", "", null, "timeout"],
    [
      "no HTTP at all",
      "http://a.test/",
      "220 smtp\r\n",
      () => "250 ok\r\n".repeat(5_000),
      "connect",
    ],
  ] as const
) {
  Deno.test(`a fetch survives ${what}. threats.md row 35`, async () => {
    const { server, port } = await babbler(first, bytes);
    const send = httpSend({
      guard: () => Promise.resolve({ _tag: "Places", addresses: ["127.0.0.1"] }),
      ca: null,
      userAgent: "test",
      portOf: () => port,
    });
    const since = performance.now();
    const r = await send({
      method: "GET",
      url,
      body: null,
      accept: "*/*",
      maxBytes: 1_000,
      timeoutMs: 1_000,
      signal: new AbortController().signal,
    });
    server.close();
    // on a busy machine it may be the clock that ends it
    assert.ok(r._tag === "Failed" && [kind, "timeout"].includes(r.kind), JSON.stringify(r));
    assert.ok(performance.now() - since < 5_000);
  });
}

Deno.test("discover gives up on a server that stalls, in the header and in the body", async () => {
  for (
    const serve of [
      () => {},
      (_: unknown, r: Parameters<Serve>[1]) => void r.write("<clientConfig>"),
    ] as ReadonlyArray<Serve>
  ) {
    await withWorld(zone(), only(...AUTOCONFIG, serve), async (w) => {
      const since = performance.now();
      const r = await w.run({ methods: ["autoconfig"], deadlineMs: 700 });
      assert.equal(r.verdict, "tempfail");
      assert.ok(performance.now() - since < 5_000);
    });
  }
});

Deno.test("discover connects to no special address that a stranger's DNS names. threats.md row 33", async () => {
  await withWorld(zone(), only(...AUTOCONFIG, xml(autoconfig("mail.example.com"))), async (w) => {
    const r = await w.run({}, false);
    assert.equal(w.web.asked.length, 0);
    assert.ok(r.attempts.some((x) => x.outcome === "forbidden"));
    assert.equal(r.verdict, "none");
  });
});

Deno.test("discover does not take one public address beside a private one for leave", async () => {
  await withWorld(
    zone({
      "A autoconfig.example.com": {
        answers: [
          { type: "A", name: "autoconfig.example.com", ttl: 60, data: "198.41.0.4" },
          { type: "A", name: "autoconfig.example.com", ttl: 60, data: "127.0.0.1" },
        ],
      },
    }),
    xml(autoconfig("mail.example.com")),
    async (w) => {
      await w.run({ methods: ["autoconfig"] }, false);
      assert.equal(w.web.asked.length, 0);
    },
  );
});

Deno.test("discover believes no certificate for another name", async () => {
  await withWorld(
    zone({
      "A autoconfig.other.test": a("autoconfig.other.test"),
      "AAAA autoconfig.other.test": {},
      "A other.test": a("other.test"),
      "AAAA other.test": {},
      "SOA other.test": soa("other.test"),
    }),
    xml(autoconfig("mail.other.test", { domain: "other.test" })),
    async (w) => {
      const ports = discoverPorts({
        dns: {
          servers: [{ _tag: "Plain", host: "127.0.0.1", port: w.dns.port, trusted: false }],
          timeoutMs: 1_000,
          attempts: 1,
          trust: "never",
          ca: null,
        },
        privateAddresses: true,
        ca: w.web.ca,
        portOf: () => w.web.httpsPort,
      });
      const r = await discover("other.test", ports, { methods: ["autoconfig"] });
      assert.ok(
        r.attempts.filter((x) => x.outcome === "tls").length === 2,
        JSON.stringify(r.attempts),
      );
      assert.equal(r.verdict, "tempfail");
      assert.equal(w.web.asked.length, 0);
    },
  );
});

Deno.test("discover sends no credential and says who it is. SEC-3, autodiscovery.md §9.6", async () => {
  let seen = "";
  await withWorld(zone(), (q, r) => {
    seen += JSON.stringify(q.headers);
    notFound(q, r);
  }, async (w) => {
    await w.run({ all: true });
    assert.ok(w.web.asked.length > 3);
    assert.ok(!/authorization|cookie/i.test(seen));
    assert.match(seen, /Postern\//);
  });
});

Deno.test("discover survives hostile DNS: alias loops, much TXT, many targets. threats.md rows 32 to 34", async () => {
  const alias = (name: string, data: string): DnsReply => ({
    answers: [{ type: "CNAME", name, ttl: 60, data }],
  });
  await withWorld(
    zone({
      "SRV _imaps._tcp.example.com": alias("_imaps._tcp.example.com", "x.example.com"),
      "SRV x.example.com": alias("x.example.com", "_imaps._tcp.example.com"),
      "TXT _ua-auto-config.example.com": {
        truncated: true,
        answers: [{
          type: "TXT",
          name: "_ua-auto-config.example.com",
          ttl: 60,
          data: Array.from({ length: 250 }, () => "x".repeat(255)),
        }],
      },
      "SRV _submissions._tcp.example.com": {
        truncated: true,
        answers: Array.from({ length: 500 }, (_, i) => ({
          type: "SRV" as const,
          name: "_submissions._tcp.example.com",
          ttl: 60,
          data: { priority: i, weight: 0, port: 465, target: `t${i}.example.com` },
        })),
      },
    }),
    notFound,
    async (w) => {
      const r = await w.run();
      assert.equal(r.verdict, "tempfail");
      assert.ok(r.attempts.some((x) => x.outcome === "loop"));
      const targets = w.dns.asked.filter((q) => / A t\d+\.example\.com/.test(q));
      assert.ok(targets.length <= 20, String(targets.length));
    },
  );
});
