/** Discovery as a whole, each method alone and all together. autodiscovery.md §9 */
import assert from "node:assert/strict";
import { discover, NotAnAddress, refresh } from "../../../../lib/discovery/discover/discover.ts";
import {
  type DiscoverResult,
  exitCode,
  METHODS,
  selected,
} from "../../../../lib/discovery/discover/result.ts";
import type { DiscoverOptions } from "../../../../lib/discovery/discover/run.ts";
import { mayProbe } from "../../../../lib/discovery/discover/probe_all.ts";
import { base64, sha256 } from "../../../../lib/discovery/digest.ts";
import {
  autoconfig,
  srv,
  type Watched,
  type World,
  world,
} from "../../../support/discover_world.ts";

const SOA = { "SOA example.com": "nodata" } as const;
const A = ["192.0.2.1"];
const inside: World = {
  dns: {
    ...SOA,
    "SRV _imaps._tcp.example.com": [srv("mail.example.com", 993)],
    "SRV _submissions._tcp.example.com": [srv("mail.example.com", 465)],
    "A mail.example.com": A,
  },
};

const run = async (
  w: World,
  options: DiscoverOptions = {},
  text = "user@example.com",
): Promise<DiscoverResult & { readonly w: Watched }> => {
  const watched = world(w);
  return { ...await discover(text, watched.ports, options), w: watched };
};

const reasons = (
  r: DiscoverResult,
): ReadonlyArray<string> => [...new Set(r.services.flatMap((s) => s.confirm.map((c) => c.reason)))];

const places = (r: DiscoverResult): ReadonlyArray<string> =>
  r.services.map((s) => `${s.kind} ${s.url ?? `${s.host}:${s.port}`} ${s.tls}`);

const MAIL = ["imap mail.example.com:993 implicit", "submission mail.example.com:465 implicit"];

Deno.test("srv alone: services inside the domain need no question. SEC-2, SEC-4, ADS-7, autodiscovery.md §9.1", async () => {
  const r = await run(inside, { methods: ["srv"] });
  assert.equal(r.verdict, "ok");
  assert.equal(exitCode(r.verdict), 0);
  assert.deepEqual(places(r).slice().sort(), MAIL);
  const imap = selected(r, "imap");
  assert.equal(imap?.trust, "same-domain");
  assert.deepEqual(imap.username, {
    value: "user@example.com",
    form: "address",
    source: "default",
  });
  assert.deepEqual(imap.sources, [{
    method: "srv",
    name: "_imaps._tcp.example.com",
    priority: 0,
    weight: 1,
    dnssec: "unknown",
  }]);
  assert.equal(r.storeUntil, "user-reconfigures"); // SEC-2
});

Deno.test("autoconfig alone, over its own name and over the domain's. AC-20, SEC-11", async () => {
  for (
    const url of [
      "https://autoconfig.example.com/mail/config-v1.1.xml",
      "https://example.com/.well-known/autoconfig/mail/config-v1.1.xml",
    ]
  ) {
    const r = await run({
      dns: SOA,
      http: { [url]: autoconfig("mail.example.com", { username: "%EMAILLOCALPART%" }) },
    }, { methods: ["autoconfig"] });
    assert.deepEqual([r.verdict, places(r)], ["ok", MAIL]);
    assert.equal(r.services[0]?.trust, "verified");
    assert.deepEqual(r.services[0]?.username, {
      value: "user",
      form: "local",
      source: "autoconfig",
    });
    assert.deepEqual(r.services[0]?.auth, ["password"]);
    assert.equal(r.provider, "Example Mail");
    assert.ok(r.w.requests.every((q) => !q.url.includes("user"))); // the address stays here
  }
});

const PACC =
  '{"authentication":{"password":true},"info":{"provider":{"name":"Example Mail"}},"protocols":{"imap":{"host":"mail.example.com"},"smtp":{"host":"mail.example.com"},"submit":{"host":"mail.example.com"}}}';
const PACC_URL = "https://ua-auto-config.example.com/.well-known/user-agent-configuration.json";

Deno.test("pacc alone, by the vector: verified only under DNSSEC. V-4, PC-2, PC-3, PC-15", async () => {
  const digest = "OnWleIjMnhcczzMay0L6m21NzLxbr5l826k9iQuXa/w=";
  assert.equal(base64(await sha256(PACC)), digest);
  const old = ["v=UAAC1; a=sha256; d=AAAA"];
  const now = ["v=UAAC1; ", `d=${digest} ; a=sha256;x=y;`];
  const of = (txt: "secure" | "plain") =>
    run({
      dns: {
        ...SOA,
        "TXT _ua-auto-config.example.com": txt === "secure" ? { secure: [old, now] } : [old, now],
      },
      http: { [PACC_URL]: PACC },
    }, { methods: ["pacc"] });
  const plain = await of("plain");
  assert.deepEqual([plain.verdict, places(plain)], ["ok", MAIL]);
  assert.equal(plain.services[0]?.trust, "same-domain");
  assert.deepEqual(plain.services[0]?.auth, ["password"]);
  assert.equal((await of("secure")).services[0]?.trust, "verified");
});

Deno.test("pacc is not used without its digest, and that is no error of the whole. PC-4", async () => {
  for (
    const [txt, outcome] of [
      [undefined, "digest-missing"],
      [[["v=UAAC1; a=sha256; d=AAAA"]], "digest-mismatch"],
      [[["v=UAAC2; a=sha256; d=AAAA"]], "digest-missing"],
    ] as const
  ) {
    const r = await run({
      dns: {
        ...SOA,
        ...inside.dns,
        ...(txt === undefined ? {} : { "TXT _ua-auto-config.example.com": txt }),
      },
      http: { [PACC_URL]: PACC },
    }, { methods: ["pacc", "srv"] });
    assert.equal(r.verdict, "ok");
    assert.equal(r.attempts.find((a) => a.method === "pacc")?.outcome, outcome);
    assert.ok(r.services.every((s) => s.sources.every((x) => x.method === "srv")));
  }
});

const pox = (protocols: string): string =>
  `<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account>
<AccountType>email</AccountType><Action>settings</Action>${protocols}</Account></Response></Autodiscover>`;
const protocol = (type: string, port: number, more = "<SSL>on</SSL>") =>
  `<Protocol><Type>${type}</Type><Server>mail.example.com</Server><Port>${port}</Port><LoginName>postmaster@example.com</LoginName>${more}</Protocol>`;

Deno.test("pox alone, over each of its hosts; asked without the user's address. AD-12, SEC-3", async () => {
  for (const host of ["autodiscover.example.com", "example.com", "mx.example.com"]) {
    const r = await run({
      dns: {
        ...SOA,
        ...(host === "mx.example.com"
          ? { "SRV _autodiscover._tcp.example.com": [srv(host, 8443)] }
          : {}),
      },
      http: {
        [`https://${host}/autodiscover/autodiscover.xml`]: pox(
          protocol("IMAP", 993) + protocol("SMTP", 465),
        ),
      },
    }, { methods: ["pox"] });
    assert.deepEqual([r.verdict, places(r)], ["ok", MAIL], host);
    assert.equal(r.services[0]?.username.value, "user@example.com");
    assert.ok(r.w.requests.every((q) => !String(q.body).includes("user@")));
  }
});

for (
  const [port, more, want] of [
    [143, "<SSL>on</SSL>", "starttls"],
    [587, "", "starttls"],
    [993, "<SSL>on</SSL>", "implicit"],
    [143, "<SSL>on</SSL><Encryption>SSL</Encryption>", "implicit"],
    [993, "<SSL>off</SSL><Encryption>TLS</Encryption>", "starttls"],
    [993, "<SSL>off</SSL>", "none"],
    [993, "<Encryption>None</Encryption>", "none"],
  ] as const
) {
  Deno.test(`pox takes port ${port} with ${more || "nothing"} for ${want}. AD-7, AD-8`, async () => {
    const r = await run({
      dns: SOA,
      http: {
        "https://example.com/autodiscover/autodiscover.xml": pox(protocol("IMAP", port, more)),
      },
    }, { methods: ["pox"] });
    assert.equal(r.services[0]?.tls, want);
  });
}

Deno.test("pox follows its redirects, ten at most, in no circle, and asks where they lead away. AD-12", async () => {
  const to = (x: string) => pox(x);
  const r = await run({
    dns: SOA,
    http: {
      "https://example.com/autodiscover/autodiscover.xml": to(
        "<RedirectAddr>me@provider.example</RedirectAddr>",
      ),
      "https://autodiscover.provider.example/autodiscover/autodiscover.xml": to(
        "<RedirectUrl>https://x.provider.example/a.xml</RedirectUrl>",
      ),
      "https://x.provider.example/a.xml": pox(protocol("IMAP", 993) + protocol("SMTP", 465)),
    },
  }, { methods: ["pox"] });
  assert.deepEqual([r.verdict, reasons(r)], ["confirm", ["cross-domain-redirect"]]);
  const loop = await run({
    dns: SOA,
    http: {
      "https://example.com/autodiscover/autodiscover.xml": to(
        "<RedirectUrl>https://example.com/autodiscover/autodiscover.xml</RedirectUrl>",
      ),
    },
  }, { methods: ["pox"] });
  assert.ok(loop.attempts.some((a) => a.outcome === "redirect-loop"));
  const clear = await run({
    dns: SOA,
    http: {
      "https://example.com/autodiscover/autodiscover.xml": to(
        "<RedirectUrl>http://example.com/b.xml</RedirectUrl>",
      ),
    },
  }, { methods: ["pox"] });
  assert.ok(!clear.w.requests.some((q) => q.url.startsWith("http:")));
});

Deno.test("a redirect told in clear is followed where that is allowed, and asked about. AD-13", async () => {
  const w: World = {
    dns: SOA,
    http: {
      "http://autodiscover.example.com/autodiscover/autodiscover.xml": {
        status: 302,
        location: "https://ad.provider.example/x.xml",
      },
      "https://ad.provider.example/x.xml": pox(protocol("IMAP", 993) + protocol("SMTP", 465)),
    },
  };
  assert.equal((await run(w)).verdict, "none");
  const r = await run(w, { methods: ["http"] });
  assert.deepEqual([r.verdict, reasons(r), r.services[0]?.trust], [
    "confirm",
    ["http-redirect"],
    "insecure",
  ]);
});

Deno.test("trusted sources that lead to different owners are asked about. autodiscovery.md §9.6", async () => {
  const r = await run({
    ...inside,
    http: {
      "https://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("imap.provider.example"),
    },
  });
  assert.deepEqual([r.verdict, reasons(r)], ["confirm", ["conflict"]]);
  assert.deepEqual(selected(r, "imap")?.confirm[0]?.domains, ["example.com", "provider.example"]);
});

Deno.test("pox that wants a password is told as such, and gets none. AD-12, SEC-3", async () => {
  const r = await run({
    dns: SOA,
    http: { "https://autodiscover.example.com/autodiscover/autodiscover.xml": { status: 401 } },
  }, { methods: ["pox"] });
  assert.ok(r.attempts.some((a) => a.outcome === "needs-auth"));
  assert.equal(r.verdict, "none");
});

Deno.test("mx alone: the operator of the exchanger is asked about. AC-20, autodiscovery.md §4.1", async () => {
  const w: World = {
    dns: { ...SOA, "MX example.com": [{ preference: 5, exchange: "mx1.eu.provider.example" }] },
    http: {
      "https://autoconfig.provider.example/mail/config-v1.1.xml": autoconfig(
        "imap.provider.example",
        { domain: "provider.example" },
      ),
    },
  };
  const r = await run(w, { methods: ["mx"] });
  assert.equal(r.verdict, "confirm");
  assert.equal(exitCode(r.verdict), 3);
  assert.deepEqual(reasons(r), ["mx-derived"]);
  assert.deepEqual(r.services[0]?.confirm[0]?.domains, ["provider.example"]); // SEC-9
  assert.equal(r.services[0]?.trust, "insecure");
  assert.deepEqual(r.w.requests.map((q) => new URL(q.url).hostname), [
    "autoconfig.eu.provider.example",
    "autoconfig.provider.example",
  ]);
  // SEC-10
  const agreed = await run(w, { methods: ["mx"], acceptDomains: ["provider.example"] });
  assert.equal(agreed.verdict, "ok");
  const other = await run(w, { methods: ["mx"], acceptDomains: ["other.example"] });
  assert.equal(other.verdict, "confirm");
});

Deno.test("mx signed by DNSSEC asks only what its document gives reason for", async () => {
  const r = await run({
    dns: {
      ...SOA,
      "MX example.com": { secure: [{ preference: 5, exchange: "mx.provider.example" }] },
    },
    http: {
      "https://autoconfig.provider.example/mail/config-v1.1.xml": autoconfig(
        "imap.provider.example",
        { domain: "provider.example" },
      ),
    },
  }, { methods: ["mx"] });
  assert.deepEqual([r.verdict, reasons(r)], ["ok", []]);
});

Deno.test("an autoconfig file about somebody else is asked about. AC-19", async () => {
  const r = await run({
    dns: { ...SOA },
    http: {
      "https://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("mail.example.com", {
        domain: "other.example",
      }),
    },
  }, { methods: ["autoconfig"] });
  assert.deepEqual(reasons(r), ["provider-mismatch"]);
});

Deno.test("ispdb alone: asks only where hosts lead away. autodiscovery.md §9.6", async () => {
  const w = (host: string): World => ({
    dns: SOA,
    http: { "https://db.test/v1.1/example.com": autoconfig(host) },
  });
  const options: DiscoverOptions = { methods: ["ispdb"], ispdb: ["https://db.test/v1.1/"] };
  assert.deepEqual((await run(w("mail.example.com"), options)).verdict, "ok");
  const away = await run(w("imap.provider.example"), options);
  assert.deepEqual([away.verdict, reasons(away)], ["confirm", ["ispdb"]]);
  assert.ok(away.w.requests.every((q) => !q.url.includes("user"))); // only the domain is sent
});

Deno.test("http alone is never silent. AC-20", async () => {
  const r = await run({
    dns: SOA,
    http: { "http://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("mail.example.com") },
  }, { methods: ["http"] });
  assert.deepEqual([r.verdict, reasons(r), r.services[0]?.trust], [
    "confirm",
    ["http-used"],
    "insecure",
  ]);
});

Deno.test("guess alone: only what answers under TLS, and it is asked about. autodiscovery.md §9.7, SV-1", async () => {
  const r = await run({
    dns: SOA,
    probe: {
      "mail.example.com:993": { state: "tls-ok" },
      "mail.example.com:465": { state: "tls-ok" },
    },
  }, { methods: ["guess"] });
  assert.deepEqual([r.verdict, reasons(r), places(r)], ["confirm", ["guess"], MAIL]);
  assert.ok(r.w.probes.every((p) => p.port !== 25));
});

Deno.test("guess comes only where nothing was found, and not where the owner says no. SRV-5, ADS-2", async () => {
  const found = await run(inside, { methods: ["srv", "guess"] });
  assert.equal(found.w.probes.length, 0);
  const absent = await run({
    dns: {
      ...SOA,
      "SRV _imaps._tcp.example.com": [srv("", 0, 0, 0)],
      "SRV _imap._tcp.example.com": [srv("", 0, 0, 0)],
    },
    probe: { "imap.example.com:993": { state: "tls-ok" } },
  }, { methods: ["srv", "guess"] });
  assert.deepEqual([...absent.absent].sort(), ["imap", "imaps"]);
  assert.ok(absent.w.probes.every((p) => p.protocol !== "imap"));
  assert.equal(absent.verdict, "none");
  assert.equal(exitCode(absent.verdict), 4);
});

Deno.test("local alone: the user's own file needs no question", async () => {
  const r = await run({ dns: SOA }, {
    methods: ["local"],
    local: autoconfig("imap.provider.example"),
  });
  assert.deepEqual([r.verdict, r.services[0]?.trust], ["ok", "verified"]);
});

Deno.test("a target elsewhere is asked about unless DNSSEC vouches for it. SEC-4, ADS-4", async () => {
  const w = (secure: boolean): World => {
    const of = (port: number) => {
      const records = [srv("mx.provider.example", port)];
      return secure ? { secure: records } : records;
    };
    return {
      dns: {
        ...SOA,
        "SRV _imaps._tcp.example.com": of(993),
        "SRV _submissions._tcp.example.com": of(465),
        "A mx.provider.example": A,
      },
    };
  };
  const plain = await run(w(false), { methods: ["srv"] });
  assert.deepEqual([plain.verdict, reasons(plain), plain.services[0]?.trust], [
    "confirm",
    ["target-outside-domain"],
    "third-party",
  ]);
  const signed = await run(w(true), { methods: ["srv"] });
  assert.deepEqual([signed.verdict, reasons(signed), signed.services[0]?.trust], [
    "ok",
    [],
    "verified",
  ]);
});

Deno.test("a target beside the domain is asked about, more softly. SEC-5", async () => {
  const r = await run(
    {
      dns: {
        "SOA a.example.com": "nodata",
        "SRV _imaps._tcp.a.example.com": [srv("mx.example.com", 993)],
        "SRV _submissions._tcp.a.example.com": [srv("mx.example.com", 465)],
        "A mx.example.com": A,
      },
    },
    { methods: ["srv"] },
    "a.example.com",
  );
  assert.deepEqual([r.verdict, reasons(r), r.email], ["confirm", ["target-sibling"], null]);
  assert.equal(r.services[0]?.username.value, null);
});

Deno.test("an SRV owner that is an alias is followed, and both names are told. SRV-8", async () => {
  const r = await run({
    dns: {
      ...SOA,
      "SRV _imaps._tcp.example.com": {
        alias: "_imaps._tcp.provider.example",
        records: [srv("mail.example.com", 993)],
      },
      "A mail.example.com": A,
    },
  }, { methods: ["srv"] });
  assert.deepEqual(r.services[0]?.sources[0]?.aliases, ["_imaps._tcp.provider.example"]);
});

Deno.test("priorities order the servers, TLS from the first octet wins a tie. SRV-1, SRV-10, P-1, ADS-3", async () => {
  const r = await run({
    dns: {
      ...SOA,
      "SRV _submission._tcp.example.com": [srv("a.example.com", 587, 0)],
      "SRV _submissions._tcp.example.com": [
        srv("b.example.com", 465, 10),
        srv("c.example.com", 465, 0),
      ],
      "A a.example.com": A,
      "A b.example.com": A,
      "A c.example.com": A,
    },
  }, { methods: ["srv"] });
  assert.deepEqual(places(r), [
    "submission c.example.com:465 implicit",
    "submission a.example.com:587 starttls",
    "submission b.example.com:465 implicit",
  ]);
  assert.deepEqual(r.services.map((s) => s.rank), [0, 1, 2]);
});

Deno.test("the protocol is chosen before the server, IMAP at a tie. SRV-9", async () => {
  const w = (imap: number, pop3: number): World => ({
    dns: {
      ...SOA,
      "SRV _imaps._tcp.example.com": [srv("m.example.com", 993, imap)],
      "SRV _pop3s._tcp.example.com": [srv("m.example.com", 995, pop3)],
      "A m.example.com": A,
    },
  });
  assert.equal((await run(w(10, 5), { methods: ["srv"] })).incoming, "pop3");
  assert.equal((await run(w(5, 5), { methods: ["srv"] })).incoming, "imap");
});

Deno.test("refresh() keeps to the protocol that is set up. SRV-12", async () => {
  const w: World = {
    dns: {
      ...SOA,
      "SRV _imaps._tcp.example.com": [srv("m.example.com", 993, 10)],
      "SRV _pop3s._tcp.example.com": [srv("m.example.com", 995, 0)],
      "SRV _submissions._tcp.example.com": [srv("m.example.com", 465)],
      "A m.example.com": A,
    },
  };
  const before = await run(w, { methods: ["srv"] });
  assert.equal(before.incoming, "pop3");
  const after = await refresh({ ...before, incoming: "imap" }, world(w).ports, {
    methods: ["srv"],
  });
  assert.equal(after.incoming, "imap");
  assert.ok(after.services.every((s) => s.kind !== "pop3"));
});

Deno.test("mistakes of the publisher are told: root among others, port 0, aliases, no address. SRV-6, SRV-7, SRV-11", async () => {
  const r = await run({
    dns: {
      ...SOA,
      "SRV _imaps._tcp.example.com": [
        srv("", 0),
        srv("m.example.com", 993),
        srv("z.example.com", 0),
        srv("none.example.com", 993),
      ],
      "A m.example.com": { alias: "real.example.com", records: A },
    },
  }, { methods: ["srv"] });
  assert.deepEqual(r.warnings.map((w) => w.code).sort(), [
    "srv-port-zero",
    "srv-root-mixed",
    "srv-target-alias",
    "srv-target-no-address",
  ]);
  assert.deepEqual(places(r), ["imap m.example.com:993 implicit"]);
});

for (const kind of ["servfail", "timeout", "bogus"] as const) {
  Deno.test(`${kind} is not "none": nothing weaker is asked, exit 5. SEC-7, autodiscovery.md §9.5`, async () => {
    const r = await run({
      dns: {
        ...SOA,
        "SRV _imaps._tcp.example.com": kind,
        "MX example.com": [{ preference: 1, exchange: "mx.provider.example" }],
      },
      http: {
        "https://autoconfig.provider.example/mail/config-v1.1.xml": autoconfig(
          "a.provider.example",
        ),
        "http://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("mail.example.com"),
      },
      probe: { "imap.example.com:993": { state: "tls-ok" } },
    }, { methods: [...METHODS] });
    assert.deepEqual([r.verdict, exitCode(r.verdict)], ["tempfail", 5]);
    assert.equal(r.w.probes.length, 0);
    assert.ok(!r.w.requests.some((q) => q.url.startsWith("http:")));
    assert.deepEqual(
      r.attempts.filter((a) => a.outcome === "skipped").map((a) => a.method).sort(),
      ["guess", "http", "ispdb", "mx"],
    );
  });
}

Deno.test("equally trusted methods still find what DNS keeps back. autodiscovery.md §9.5", async () => {
  const r = await run({
    dns: { ...SOA, "SRV _imaps._tcp.example.com": "servfail" },
    http: { "https://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("mail.example.com") },
  });
  assert.deepEqual([r.verdict, places(r)], ["ok", MAIL]);
});

for (const fails of ["timeout", "connect", "tls"] as const) {
  Deno.test(`HTTP ${fails} on a host that is there blocks http and guess, unless forced. autodiscovery.md §9.5`, async () => {
    const w: World = {
      dns: SOA,
      http: {
        "https://autoconfig.example.com/mail/config-v1.1.xml": { fails },
        "http://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("mail.example.com"),
      },
    };
    const methods = ["autoconfig", "http", "guess"] as const;
    const r = await run(w, { methods });
    assert.deepEqual([r.verdict, places(r)], ["tempfail", []]);
    const forced = await run(w, { methods, force: true });
    assert.deepEqual([forced.verdict, places(forced)], ["confirm", MAIL]);
  });
}

for (const fails of ["connect", "timeout", "tls"] as const) {
  Deno.test(`what was found counts, though the domain's own web host fails by ${fails}. autodiscovery.md §9.5`, async () => {
    const r = await run({
      dns: {
        ...SOA,
        "SRV _submission._tcp.example.com": [srv("smtp.example.com", 587, 0)],
        "A smtp.example.com": A,
      },
      http: {
        "https://example.com/.well-known/autoconfig/mail/config-v1.1.xml": { fails },
        "https://example.com/autodiscover/autodiscover.xml": { fails },
      },
    });
    assert.deepEqual([r.verdict, exitCode(r.verdict)], ["partial", 0]);
    assert.deepEqual(places(r), ["submission smtp.example.com:587 starttls"]);
    const code = fails === "tls" ? "tls-failed" : "unanswered";
    assert.ok(r.warnings.some((w) => w.code === code && w.detail.includes("https://example.com/")));
  });
}

Deno.test("a part that is found under trouble with DNS is found, and the trouble told. autodiscovery.md §9.5", async () => {
  const r = await run({
    dns: {
      ...SOA,
      "SRV _imaps._tcp.example.com": "servfail",
      "SRV _submissions._tcp.example.com": [srv("mail.example.com", 465)],
      "A mail.example.com": A,
    },
  }, { methods: ["srv"] });
  assert.equal(r.verdict, "partial");
  assert.deepEqual(r.warnings, [{
    code: "unanswered",
    detail: "_imaps._tcp.example.com: servfail",
  }]);
  const again = await refresh({ ...r, incoming: "imap" }, world({ dns: r.w && {} }).ports);
  assert.equal(again.verdict, "none");
});

Deno.test("a connection that is refused is no server: what is in clear is asked, if that is allowed. autodiscovery.md §9.5", async () => {
  const w: World = {
    dns: SOA,
    http: {
      "https://autoconfig.example.com/mail/config-v1.1.xml": {
        fails: "connect",
        reason: "ECONNREFUSED",
      },
      "http://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("mail.example.com"),
    },
  };
  const r = await run(w, { methods: ["autoconfig", "http"] });
  assert.deepEqual([r.verdict, places(r), reasons(r)], ["confirm", MAIL, ["http-used"]]);
  assert.equal((await run(w)).verdict, "none");
});

Deno.test("an SRV target that is no host name is told. SRV-7", async () => {
  const r = await run({
    dns: {
      ...SOA,
      "SRV _imaps._tcp.example.com": [srv("192.0.2.1", 993)],
      "SRV _submissions._tcp.example.com": [srv("localhost", 465)],
      "SRV _autodiscover._tcp.example.com": [srv("192.0.2.1", 443)],
    },
  });
  assert.deepEqual([r.verdict, places(r)], ["none", []]);
  assert.deepEqual(r.warnings.map((w) => w.code), ["srv-target-no-name", "srv-target-no-name"]);
  assert.ok(
    r.warnings.some((w) =>
      w.detail.includes("_imaps._tcp.example.com names the address 192.0.2.1")
    ),
  );
  assert.ok(r.w.requests.every((q) => !q.url.includes("192.0.2.1")));
});

Deno.test("what a wildcard answers is told, and asked about; what is published beside it is not. UN-3", async () => {
  const wild = [srv("www.example.com", 443)];
  const labels = ["_imaps", "_pop3s", "_submissions"];
  const dns = {
    ...SOA,
    "A www.example.com": A,
    "A mail.example.com": A,
    "SRV _zz10000._tcp.example.com": wild,
    ...Object.fromEntries(labels.map((l) => [`SRV ${l}._tcp.example.com`, wild])),
  };
  const r = await run({ dns }, { methods: ["srv"] });
  assert.deepEqual([r.verdict, reasons(r)], ["confirm", ["wildcard"]]);
  assert.match(r.warnings.find((w) => w.code === "wildcard-shadow")?.detail ?? "", /_imaps/);
  const own = await run({
    dns: {
      ...dns,
      "SRV _imaps._tcp.example.com": [srv("mail.example.com", 993)],
      "SRV _submissions._tcp.example.com": [srv("mail.example.com", 465)],
    },
  }, { methods: ["srv"] });
  assert.deepEqual([own.verdict, selected(own, "imap")?.host], ["confirm", "mail.example.com"]);
  assert.ok(!own.warnings[0]?.detail.includes("_imaps"));
  const none = await run({
    dns: { ...SOA, ...inside.dns, "SRV _zz10000._tcp.example.com": [srv("", 0)] },
  }, { methods: ["srv"] });
  assert.deepEqual([none.verdict, none.warnings], ["ok", []]);
});

Deno.test("a server on a port that is not probed is not held against. autodiscovery.md §9.7", async () => {
  const of = (port: number) =>
    run({
      dns: {
        ...SOA,
        "SRV _imaps._tcp.example.com": [srv("m.example.com", port)],
        "SRV _submissions._tcp.example.com": [srv("m.example.com", port)],
        "A m.example.com": A,
      },
      probe: { [`m.example.com:${port}`]: { state: "tls-ok" } },
    }, { methods: ["srv"], probe: true });
  const low = await of(26);
  assert.deepEqual([low.verdict, low.w.probes.length, low.services[0]?.rejected], ["ok", 0, null]);
  const high = await of(10_993);
  assert.deepEqual([high.verdict, high.services[0]?.probe?.state], ["ok", "tls-ok"]);
  assert.deepEqual([25, 22, 80, 993, 4190, 8465].map(mayProbe), [
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});

Deno.test("404, 410 and hosts that do not exist mean: not published. autodiscovery.md §9.5", async () => {
  for (const status of [404, 410]) {
    const r = await run({
      dns: SOA,
      http: { "https://autoconfig.example.com/mail/config-v1.1.xml": { status } },
    }, { methods: ["autoconfig"] });
    assert.deepEqual([r.verdict, exitCode(r.verdict)], ["none", 4]);
  }
});

Deno.test("a domain that does not exist is told at once, with nothing else asked. autodiscovery.md §9.4", async () => {
  const r = await run({});
  assert.equal(r.verdict, "none");
  assert.deepEqual(r.attempts.map((a) => a.outcome), ["domain-not-found"]);
  assert.deepEqual(r.w.asked, ["SOA example.com"]);
});

Deno.test("two methods that agree make one entry, those that do not a conflict. autodiscovery.md §9.3", async () => {
  const agree = await run({
    ...inside,
    http: {
      "https://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("mail.example.com", {
        username: "%EMAILLOCALPART%",
      }),
    },
  });
  assert.deepEqual([places(agree), agree.conflicts], [MAIL, []]);
  assert.deepEqual(agree.services[0]?.sources.map((s) => s.method), ["srv", "autoconfig"]);
  assert.equal(agree.services[0]?.trust, "verified");
  assert.equal(agree.services[0]?.username.value, "user");
  const differ = await run({
    ...inside,
    http: { "https://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("old.example.com") },
  });
  assert.equal(selected(differ, "imap")?.host, "mail.example.com");
  assert.deepEqual(differ.conflicts.map((c) => c.other), [
    "old.example.com:993",
    "old.example.com:465",
  ]);
  const preferred = await run({
    ...inside,
    http: { "https://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("old.example.com") },
  }, { preferAutoconfig: true });
  assert.equal(selected(preferred, "imap")?.host, "old.example.com");
});

Deno.test("a slow method does not hold up what is found already", async () => {
  const since = performance.now();
  const r = await run({
    ...inside,
    http: { "https://autoconfig.example.com/mail/config-v1.1.xml": { never: true } },
  });
  assert.equal(r.verdict, "ok");
  assert.ok(performance.now() - since < 10_000);
});

Deno.test("a redirect to a name that ends in the dot of the root stays with its domain. autodiscovery.md §9.6", async () => {
  const r = await run({
    dns: SOA,
    http: {
      "https://autoconfig.example.com/mail/config-v1.1.xml": {
        status: 302,
        location: "https://ac.example.com./x",
      },
      "https://ac.example.com/x": autoconfig("mail.example.com"),
    },
  }, { methods: ["autoconfig"] });
  assert.deepEqual([r.verdict, reasons(r)], ["ok", []]);
});

Deno.test("the deadline and the caller's signal end everything. OUT-6", async () => {
  const never: World = {
    dns: SOA,
    http: { "https://autoconfig.example.com/mail/config-v1.1.xml": { never: true } },
  };
  const late = await run(never, { methods: ["autoconfig"], deadlineMs: 50 });
  assert.equal(late.verdict, "tempfail");
  const given = await run(never, { methods: ["autoconfig"], signal: AbortSignal.timeout(50) });
  assert.equal(given.verdict, "tempfail");
});

Deno.test("redirects: five at most, https to http refused, other domains asked about. autodiscovery.md §9.6", async () => {
  const start = "https://autoconfig.example.com/mail/config-v1.1.xml";
  const redirect = (location: string) => ({ status: 302, location });
  const of = (http: World["http"]) =>
    run({ dns: SOA, http: http ?? {} }, { methods: ["autoconfig"] });
  const away = await of({
    [start]: redirect("https://ac.provider.example/x"),
    "https://ac.provider.example/x": autoconfig("mail.example.com"),
  });
  assert.deepEqual([away.verdict, reasons(away)], ["confirm", ["cross-domain-redirect"]]);
  const clear = await of({
    [start]: redirect("http://autoconfig.example.com/x"),
    "http://autoconfig.example.com/x": autoconfig("mail.example.com"),
  });
  assert.ok(!clear.w.requests.some((q) => q.url.startsWith("http:")));
  const chain = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [
      i === 0 ? start : `https://example.com/${i}`,
      redirect(`https://example.com/${i + 1}`),
    ]),
  );
  const long = await of({ ...chain, "https://example.com/9": autoconfig("mail.example.com") });
  assert.ok(long.attempts.some((a) => a.outcome === "redirect-loop"));
  assert.ok(!long.w.requests.some((q) => q.url === "https://example.com/6"));
  for (const location of ["ftp://example.com/", "https://u:p@example.com/", "::"]) {
    const bad = await of({ [start]: redirect(location) });
    assert.ok(bad.attempts.some((a) => a.outcome === "bad-redirect" || a.outcome === "not-found"));
  }
});

Deno.test("the address is sent only where that is agreed to. autodiscovery.md §9.6", async () => {
  const start = "https://autoconfig.example.com/mail/config-v1.1.xml";
  const w: World = {
    dns: SOA,
    http: {
      [start]: { status: 400 },
      [`${start}?emailaddress=user%40example.com`]: autoconfig("mail.example.com"),
    },
  };
  assert.equal((await run(w, { methods: ["autoconfig"] })).verdict, "none");
  assert.equal((await run(w, { methods: ["autoconfig"], sendAddress: true })).verdict, "ok");
});

Deno.test("DAV and JMAP: TXT path, well-known, the domain itself. DAV-1..DAV-4, JM-1", async () => {
  const r = await run({
    dns: {
      ...SOA,
      "SRV _caldavs._tcp.example.com": [srv("dav.example.com", 443)],
      "TXT _caldavs._tcp.example.com": [["x=y"], ["PATH=/dav/cal"]],
      "SRV _jmap._tcp.example.com": [srv("jmap.example.com", 8443)],
      "A dav.example.com": A,
      "A jmap.example.com": A,
    },
    http: {
      "https://jmap.example.com:8443/.well-known/jmap": {
        status: 401,
        challenges: ["bearer", "basic"],
      },
      "https://example.com/.well-known/carddav": {
        status: 301,
        location: "https://dav.example.com/card/",
      },
      "https://dav.example.com/card/": { status: 401, challenges: ["basic"] },
    },
  }, { methods: ["srv"] });
  assert.deepEqual(places(r).slice().sort(), [
    "caldav https://dav.example.com/dav/cal https",
    "carddav https://dav.example.com/card/ https",
    "jmap https://jmap.example.com:8443/.well-known/jmap https",
  ]);
  assert.deepEqual(selected(r, "jmap")?.auth, ["oauth2", "password"]);
  assert.ok(!r.w.asked.some((q) => q.includes("_caldav._tcp")));
});

Deno.test("DAV that is led to other people is asked about. autodiscovery.md §9.6", async () => {
  const r = await run({
    dns: {
      ...SOA,
      "SRV _caldavs._tcp.example.com": [srv("dav.example.com", 443)],
      "A dav.example.com": A,
    },
    http: {
      "https://dav.example.com/.well-known/caldav": {
        status: 308,
        location: "https://dav.provider.example/c",
      },
      "https://dav.provider.example/c": { status: 401, challenges: ["basic"] },
    },
  }, { methods: ["srv"] });
  assert.deepEqual(places(r), ["caldav https://dav.provider.example/c https"]);
  assert.deepEqual([reasons(r), r.services[0]?.trust], [["cross-domain-redirect"], "third-party"]);
});

Deno.test("plaintext is listed and not used, unless it is asked for. SEC-1", async () => {
  const w: World = {
    dns: SOA,
    http: {
      "https://autoconfig.example.com/mail/config-v1.1.xml": autoconfig("mail.example.com", {
        socket: "plain",
      }),
    },
  };
  const r = await run(w, { methods: ["autoconfig"] });
  assert.deepEqual([r.verdict, r.services[0]?.rejected], ["none", "no-tls"]);
  const asked = await run(w, { methods: ["autoconfig"], allowPlaintext: true });
  assert.deepEqual([asked.verdict, reasons(asked)], ["confirm", ["no-tls"]]);
  // agreeing to the domain is not agreeing to this
  const domain = await run(w, {
    methods: ["autoconfig"],
    allowPlaintext: true,
    acceptDomains: ["example.com"],
  });
  assert.deepEqual(reasons(domain), ["no-tls"]);
});

Deno.test("a probe rejects what has no STARTTLS or the wrong certificate, and goes on to the next. SEC-1, SEC-8", async () => {
  const only = await run({
    dns: {
      ...SOA,
      "SRV _imap._tcp.example.com": [srv("m.example.com", 143)],
      "A m.example.com": A,
    },
    probe: { "m.example.com:143": { state: "no-starttls" } },
  }, { methods: ["srv"], probe: true });
  assert.deepEqual([only.verdict, exitCode(only.verdict), only.services[0]?.rejected], [
    "none",
    4,
    "no-tls",
  ]);
  const two = await run({
    dns: {
      ...SOA,
      "SRV _imaps._tcp.example.com": [srv("m.example.com", 993, 0), srv("n.example.com", 993, 10)],
      "A m.example.com": A,
      "A n.example.com": A,
    },
    probe: {
      "m.example.com:993": { state: "name-mismatch" },
      "n.example.com:993": { state: "tls-ok", mechanisms: ["SCRAM-SHA-256", "PLAIN"] },
    },
  }, { methods: ["srv"], probe: true });
  assert.equal(selected(two, "imap")?.host, "n.example.com");
  assert.deepEqual(selected(two, "imap")?.auth, ["password", "scram"]);
  assert.deepEqual(two.w.probes[0]?.names, ["example.com"]);
  assert.deepEqual(two.w.probes[0]?.srvIds, ["_imaps.example.com"]);
});

Deno.test("what is no address and no domain is refused. autodiscovery.md §9.2", async () => {
  for (
    const text of [
      "",
      "@",
      "user@",
      "@example.com",
      "user@[192.0.2.1]",
      "user@192.0.2.1",
      "localhost",
      `user@${"a".repeat(64)}.com`,
      "us er@example.com",
      `${"a".repeat(65)}@example.com`,
      "user@example..com",
    ]
  ) {
    await assert.rejects(discover(text, world({}).ports), NotAnAddress, text);
  }
  const r = await run({ dns: { "SOA xn--mller-kva.example": "nodata" } }, {}, "Jö@Müller.example");
  assert.deepEqual([r.email, r.domain], ["Jö@xn--mller-kva.example", "xn--mller-kva.example"]);
  assert.equal((await run(inside, {}, '"a@b"@example.com')).email, '"a@b"@example.com');
});

Deno.test("no request carries a credential, whatever the method. SEC-3, ADS-6", async () => {
  const r = await run({ ...inside, dns: SOA }, { methods: [...METHODS], all: true });
  for (const q of r.w.requests) {
    assert.ok(!/authorization|password/i.test(JSON.stringify({ ...q, signal: null })));
    assert.equal(new URL(q.url).password, "");
  }
  assert.ok(r.w.requests.length >= 8);
});
