/** MTA-STS: policies over real HTTPS, kept over restarts, and what they do to a delivery. */
import assert from "node:assert/strict";
import { Effect, Exit, Layer, Scope } from "effect";
import type { DnsAnswer } from "../../lib/ports/dns.ts";
import { guardOf } from "../../lib/net/guard.ts";
import { httpSend } from "../../lib/net/http/send.ts";
import { Resolver } from "../../lib/ports/resolver.ts";
import { StsPolicies, type StsPolicy } from "../../lib/ports/sts_policies.ts";
import type { Host } from "../../lib/relay/hosts/hosts.ts";
import { protect } from "../../lib/relay/hosts/tls_evidence.ts";
import { relaySettings } from "../../lib/relay/settings.ts";
import { type Kept, StsCache } from "../../lib/mta_sts/sts_cache.ts";
import { readKept, stsLayer } from "../../lib/mta_sts/sts_file.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { SERVFAIL, stubResolver } from "../support/resolver_stub.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { type Serve, startWeb, type WebServer } from "../support/web_server.ts";
import { withRelay } from "./harness.ts";

const NAME = "mta-sts.example.org";
const policy = (mode: string, age = 86_400) =>
  `version: STSv1\r\nmode: ${mode}\r\nmx: mx.example.org\r\nmax_age: ${age}\r\n`;

const says =
  (text: string, status = 200, type = "text/plain", more: Record<string, string> = {}): Serve =>
  (_, r) => {
    r.writeHead(status, { "content-type": type, ...more });
    r.end(text);
  };

const record = (...texts: ReadonlyArray<string>): DnsAnswer<"TXT"> => ({
  _tag: "Found",
  records: texts.map((t) => [t.slice(0, 5), t.slice(5)]),
  secure: false,
  ttl: 60,
  aliases: [],
});
const GONE: DnsAnswer<"TXT"> = { _tag: "NoSuchDomain", secure: false, ttl: 60, aliases: [] };

interface World {
  readonly cache: StsCache;
  readonly web: WebServer;
  serve: Serve;
  txt: DnsAnswer<"TXT">;
  now: number;
  kept: ReadonlyArray<Kept>;
}

const sendTo = (web: WebServer, timeoutMs?: number) => {
  const send = httpSend({
    guard: guardOf((_, type) =>
      Promise.resolve(
        type === "A"
          ? { _tag: "Found", records: ["127.0.0.1"], secure: false, ttl: 60, aliases: [] } as never
          : SERVFAIL,
      ), true),
    ca: web.ca,
    userAgent: "test",
    portOf: () => web.httpsPort,
  });
  return (r: Parameters<typeof send>[0]) => send(timeoutMs === undefined ? r : { ...r, timeoutMs });
};

const withCache = async (
  body: (w: World) => Promise<void>,
  o: { readonly names?: readonly [string]; readonly timeoutMs?: number } = {},
): Promise<void> => {
  const web = await startWeb(o.names ?? [NAME], (q, r) => w.serve(q, r));
  const w: World = {
    web,
    serve: says(policy("enforce")),
    txt: record("v=STSv1; id=1;"),
    now: 1_000_000,
    kept: [],
    cache: new StsCache({
      txt: () => Promise.resolve(w.txt),
      send: sendTo(web, o.timeoutMs),
      now: () => w.now,
      kept: [],
      keep: (all) => w.kept = all,
    }),
  };
  try {
    await body(w);
  } finally {
    await web.stop();
  }
};

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

for (
  const [name, serve, want] of [
    ["a policy", says(policy("enforce")), "enforce"],
    ["a policy in testing", says(policy("testing"), 200, "text/plain; charset=utf-8"), "testing"],
    ["mode none", says(policy("none")), null],
    ["a redirect", says("", 301, "text/plain", { location: `https://${NAME}/elsewhere` }), null],
    ["404", says(policy("enforce"), 404), null],
    ["another type", says(policy("enforce"), 200, "text/html"), null],
    ["more than 64 KB", says(`${policy("enforce")}${"x: y\r\n".repeat(11_000)}`), null],
    ["no policy", says("hello"), null],
    ["silence", () => {}, null],
    ["a body that drips", (_, r) => {
      r.writeHead(200, { "content-type": "text/plain" });
      r.write("version");
    }, null],
  ] as ReadonlyArray<[string, Serve, string | null]>
) {
  Deno.test(`the policy of a domain that serves ${name}. HOP-25, HOP-26`, () =>
    withCache(async (w) => {
      w.serve = serve;
      assert.equal((await w.cache.find("example.org"))?.mode ?? null, want);
      // one request, no redirect followed
      assert.deepEqual(w.web.asked, [`GET ${NAME} /.well-known/mta-sts.txt`]);
    }, { timeoutMs: 300 }));
}

Deno.test("a policy behind a certificate for another name is none. HOP-25", () =>
  withCache(async (w) => {
    assert.equal(await w.cache.find("example.org"), null);
    assert.deepEqual(w.web.asked, []);
  }, { names: ["example.org"] }));

Deno.test("no record, two records: nothing is fetched. HOP-24", () =>
  withCache(async (w) => {
    w.txt = record("v=STSv1; id=1;", "v=STSv1; id=2;");
    assert.equal(await w.cache.find("example.org"), null);
    w.txt = GONE;
    assert.equal(await w.cache.find("example.net"), null);
    w.txt = SERVFAIL;
    assert.equal(await w.cache.find("example.com"), null);
    assert.deepEqual(w.web.asked, []);
  }));

Deno.test("a policy holds until max_age, though record and server are gone. HOP-26", () =>
  withCache(async (w) => {
    w.serve = says(policy("enforce", 86_400));
    assert.ok(await w.cache.find("example.org") !== null);
    w.txt = GONE;
    w.serve = says("", 500);
    w.now += DAY - 1;
    assert.equal((await w.cache.find("example.org"))?.mode, "enforce");
    w.now += 1;
    assert.equal(await w.cache.find("example.org"), null);
  }));

Deno.test("a new id brings the new policy; the same one is fetched anew after a day. HOP-26, HOP-27", () =>
  withCache(async (w) => {
    await w.cache.find("example.org");
    w.serve = says(policy("testing", 604_800));
    // the same id within a day: not fetched
    w.now += 10 * MINUTE;
    await w.cache.find("example.org", true);
    assert.equal(w.web.asked.length, 1);
    // before a failure counts, the record is looked at at once
    w.txt = record("v=STSv1; id=2;");
    assert.equal((await w.cache.find("example.org", true))?.mode, "testing");
    assert.equal(w.web.asked.length, 2);
    w.now += DAY;
    await w.cache.refreshAll();
    assert.equal(w.web.asked.length, 3);
  }));

Deno.test("what could not be fetched is left alone for five minutes; the parent's policy never counts. HOP-25, HOP-26", () =>
  withCache(async (w) => {
    w.serve = says("", 500);
    assert.equal(await w.cache.find("example.org"), null);
    w.now += 4 * MINUTE;
    await w.cache.find("example.org", true);
    assert.equal(w.web.asked.length, 1);
    w.now += MINUTE;
    w.serve = says(policy("enforce"));
    assert.equal((await w.cache.find("example.org", true))?.mode, "enforce");
    w.txt = GONE;
    assert.equal(await w.cache.find("sub.example.org"), null);
  }));

Deno.test("a clock that was set back by a day delays no fetch by a day. HOP-26", () =>
  withCache(async (w) => {
    w.now = 2 * DAY;
    w.serve = says("", 500);
    assert.equal(await w.cache.find("example.org"), null);
    w.now -= DAY;
    w.serve = says(policy("enforce"));
    assert.equal((await w.cache.find("example.org"))?.mode, "enforce");
  }));

Deno.test("policies survive a restart in their file; a broken file is an empty one. HOP-26", async () => {
  const web = await startWeb([NAME], says(policy("enforce")));
  const dir = await Deno.makeTempDir();
  const path = `${dir}/deep/mta-sts.json`;
  const once = async (txt: DnsAnswer<"TXT">): Promise<StsPolicy | null> => {
    const scope = Effect.runSync(Scope.make());
    const resolver = Layer.succeed(
      Resolver,
      stubResolver({ lookup: () => Effect.succeed(txt as never) }),
    );
    const layer = stsLayer(path, () => sendTo(web)).pipe(Layer.provide(resolver));
    const services = await Effect.runPromise(Layer.buildWithScope(layer, scope));
    const found = await Effect.runPromise(
      Effect.provide(Effect.flatMap(StsPolicies, (s) => s.find("example.org")), services),
    );
    await Effect.runPromise(Scope.close(scope, Exit.void));
    return found;
  };
  try {
    assert.equal((await once(record("v=STSv1; id=1;")))?.mode, "enforce");
    assert.equal((await once(GONE))?.mode, "enforce");
    assert.equal(web.asked.length, 1);
    await Deno.writeTextFile(path, '[{"domain":"example.org"},');
    assert.equal(await once(GONE), null);
    assert.deepEqual(
      readKept(
        '[1,null,{"domain":"a","id":"b","at":1,"policy":{"mode":"x","mx":[],"maxAgeSeconds":1}}]',
      ),
      [],
    );
  } finally {
    await web.stop();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a smarthost is under the policy of its own name, not of the names above it. HOP-26", async () => {
  const asked: Array<string> = [];
  const host: Host = {
    target: { _tag: "Tcp", address: "127.0.0.1", port: 25 },
    name: "smtp.example.org",
    port: 25,
    protocol: "SMTP",
    implicitTls: false,
    level: "opportunistic",
    names: ["smtp.example.org"],
    domain: null,
    stsDomain: "smtp.example.org",
    proven: true,
    dns: null,
    daneNames: [],
    srvIds: [],
  };
  const find = (domain: string) => {
    asked.push(domain);
    return Effect.succeed(domain === "example.org" ? sts("enforce", "else.test") : null);
  };
  const { how } = await Effect.runPromise(
    protect(
      { access: { credentials: null, ca: null }, mustHaveTls: false, tlsOptional: false },
      host,
      relaySettings("msa.example.net"),
    ).pipe(
      Effect.provide(
        Layer.merge(
          Layer.succeed(Resolver, stubResolver({})),
          Layer.succeed(StsPolicies, { find }),
        ),
      ),
    ),
  );
  assert.deepEqual([asked, "policy" in how && how.policy], [["smtp.example.org"], "opportunistic"]);
});

/** A delivery to `mx.example.org` under a policy. */
const deliver = async (
  sts: StsPolicy,
  script: Script,
  certified: string,
  body: (said: string, remote: string, hop: ScriptedHop) => void,
): Promise<void> => {
  const made = await makeSelfSigned([certified], Date.now());
  const ca = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(ca, made.certificatePem);
  const tls = { key: made.keyPem, cert: made.certificatePem };
  const hop = await ScriptedHop.start("keywords" in script ? script : { tls, ...script });
  try {
    await withRelay({
      hop: { _tag: "Mx", domain: "example.org", port: hop.port, tls: "opportunistic" },
      mx: {
        "example.org": {
          _tag: "Exchangers",
          exchangers: [{ preference: 10, host: "mx.example.org" }],
          implicit: false,
        },
      },
      addresses: { "mx.example.org": { _tag: "Addresses", addresses: ["127.0.0.1"] } },
      sts: { "example.org": sts },
      settings: { access: () => ({ credentials: null, ca }) },
    }, async (relay) => {
      const id = await relay.send({ to: ["x@example.org"] });
      const [said = ""] = await relay.settled(id);
      body(said, (await relay.recipients(id))[0]?.lastRemote ?? "", hop);
    });
  } finally {
    await hop.stop();
    await Deno.remove(ca);
  }
};

const sts = (mode: StsPolicy["mode"], mx = "*.example.org"): StsPolicy => ({
  mode,
  mx: [mx],
  maxAgeSeconds: 1,
});
const KEPT = "delivered: 250 2.0.0 kept";
const NO_TLS: Script = { keywords: ["8BITMIME"] };

for (
  const [name, p, script, certified, said, remote] of [
    [
      "a host that fits",
      sts("enforce"),
      {},
      "mx.example.org",
      /^delivered/,
      /verified TLS; policy: verified TLS for MTA-STS of example\.org\)$/,
    ],
    [
      "a certificate for another name",
      sts("enforce"),
      {},
      "other.test",
      /^queued: TLS: certificate is not trusted/,
      /mx\.example\.org/,
    ],
    [
      "STARTTLS stripped",
      sts("enforce"),
      NO_TLS,
      "mx.example.org",
      /^queued: Server offers no STARTTLS/,
      /mx\.example\.org/,
    ],
    [
      "a host that is not listed",
      sts("enforce", "else.test"),
      {},
      "mx.example.org",
      /^queued: MTA-STS: mx\.example\.org is not in the policy/,
      /mx\.example\.org/,
    ],
    [
      "testing and a certificate for another name",
      sts("testing"),
      {},
      "other.test",
      /^delivered/,
      /unverified TLS; policy: TLS if offered; verified TLS for MTA-STS of example\.org, testing failed/,
    ],
    [
      "testing and STARTTLS stripped",
      sts("testing"),
      NO_TLS,
      "mx.example.org",
      /^delivered/,
      /in clear; policy: TLS if offered; .* failed: Server offers no STARTTLS/,
    ],
    [
      "testing and a host that is not listed",
      sts("testing", "else.test"),
      {},
      "other.test",
      /^delivered/,
      /unverified TLS; policy: TLS if offered\)$/,
    ],
  ] as ReadonlyArray<[string, StsPolicy, Script, string, RegExp, RegExp]>
) {
  Deno.test(`relay under MTA-STS with ${name}. HOP-27`, () =>
    deliver(p, script, certified, (got, at, hop) => {
      assert.match(got, said);
      assert.match(at, remote);
      assert.equal(hop.messages.length, got === KEPT ? 1 : 0);
    }));
}
