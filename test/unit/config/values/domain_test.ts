import assert from "node:assert/strict";
import {
  parseCaa,
  parseMx,
  parsePlace,
  parseTlsa,
  parseWebUrl,
} from "../../../../lib/config/values/domain.ts";
import { domainSettings } from "../../../../lib/config/read/domain_settings.ts";
import { domain } from "../../../../lib/config/schema/domain.ts";
import { printProblem } from "../../../../lib/config/config.ts";
import { parseConfig } from "../../../../lib/config/read/parse.ts";

const BASE = `hostname = "msa.example.com"
[listen]
submission = ["127.0.0.1:587", "[::1]:587"]
submissions = ["127.0.0.1:465"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[[route]]
to = "*"
via = "maildir:outbox"
`;

const parse = (more: string) =>
  parseConfig(BASE + more, "/etc/postern.toml", () => ({ fault: "no" }));

const configOf = (more: string) => {
  const result = parse(more);
  assert.equal(result._tag, "Valid", JSON.stringify(result));
  assert.ok(result._tag === "Valid");
  return result.config;
};

Deno.test("[[domain]] gives an offer of our own listeners and of other people's servers", () => {
  const config = configOf(`[http]
listen = ["0.0.0.0:443"]
[[domain]]
name = "Example.com"
display_name = "Example Mail"
host = "mail.example.com"
imaps = ["imap.provider.example", "imap2.provider.example:1993 10 5"]
caldav = "https://dav.example.com:8443/cal/"
auth = ["password", "oauth2"]
compat = ["smtps"]
addresses = { "mail.example.com" = ["192.0.2.1", "2001:DB8:0::1"] }
`);
  const [offer] = config.domains;
  assert.equal(offer?.domain, "example.com");
  assert.equal(offer?.web, "mail.example.com");
  assert.deepEqual(
    offer?.services.map((s) =>
      `${s.kind} ${s.security} ${s.host}:${s.port} ${s.priority} ${s.weight}`
    ),
    [
      "submission implicit mail.example.com:465 0 1",
      "submission starttls mail.example.com:587 10 1",
      "imap implicit imap.provider.example:993 0 1",
      "imap implicit imap2.provider.example:1993 10 5",
      "caldav https dav.example.com:8443 0 1",
    ],
  );
  assert.equal(offer?.services.at(-1)?.path, "/cal/");
  assert.deepEqual(offer?.absent, ["_imap._tcp", "_pop3s._tcp", "_pop3._tcp"]);
  assert.deepEqual(offer?.hosts, [{
    host: "mail.example.com",
    addresses: ["192.0.2.1", "2001:db8::1"],
  }]);
});

for (
  const { name, toml, want } of [
    {
      name: "a domain twice",
      toml: '[[domain]]\nname = "example.com"\n[[domain]]\nname = "EXAMPLE.com"',
      want: /:14: domain\[2\]\.name = "EXAMPLE\.com": is described twice/,
    },
    {
      name: "MTA-STS without exchangers",
      toml: '[[domain]]\nname = "example.com"\nmta_sts = "enforce"',
      want: /domain\[1\]\.mta_sts = "enforce": needs mx/,
    },
    {
      name: "HTTP without a domain",
      toml: '[http]\nlisten = ["[::]:443"]',
      want: /http = .*\[\[domain\]\]/,
    },
    {
      name: "HTTP without a listener",
      toml: '[http]\n[[domain]]\nname = "example.com"',
      want: /http = .*needs at least one address/,
    },
    {
      name: "a zone of nobody",
      toml:
        '[dns_server]\nlisten = ["127.0.0.1:53"]\nzones = ["_tcp.example.org"]\nns = ["ns.example.com"]\nmailbox = "h@example.com"\n[[domain]]\nname = "example.com"',
      want: /dns_server\.zones\[1\] = "_tcp\.example\.org": is in no \[\[domain\]\]/,
    },
    {
      name: "a port that is none",
      toml: '[[domain]]\nname = "example.com"\nimaps = ["mail.example.com:0"]',
      want: /domain\[1\]\.imaps\[1\] = "mail\.example\.com:0": must be a host name/,
    },
    {
      name: "a plain URL",
      toml: '[[domain]]\nname = "example.com"\njmap = "http://mail.example.com/jmap"',
      want: /must be an https URL/,
    },
    {
      name: "a mistyped key",
      toml: '[[domain]]\nname = "example.com"\nimapss = []',
      want: /domain\[1\]\.imapss: unknown key; did you mean "imaps"\?/,
    },
  ]
) {
  Deno.test(`[[domain]] refuses ${name}`, () => {
    const result = parse(toml);
    assert.ok(result._tag === "Invalid");
    assert.match(result.problems.map(printProblem).join("\n"), want);
  });
}

Deno.test("lines that stand for records are read, or refused", () => {
  assert.deepEqual(parsePlace("Mail.example.com", 993), { host: "mail.example.com", port: 993 });
  assert.deepEqual(parsePlace("m.example:1 2 3", 993), {
    host: "m.example",
    port: 1,
    priority: 2,
    weight: 3,
  });
  for (const bad of ["m.example 1", "m.example 1 x", "m.example 1 2 3", "m.example 1 65536", ""]) {
    assert.equal(parsePlace(bad, 993), null, bad);
  }
  assert.deepEqual(parseMx("0 ."), { preference: 0, host: "." });
  assert.equal(parseMx("mx.example.com"), null);
  assert.deepEqual(parseCaa("128 iodef mailto:a@b"), {
    flags: 128,
    tag: "iodef",
    value: "mailto:a@b",
  });
  assert.equal(parseCaa("issue"), null);
  for (
    const [text, value] of [
      ['0 issue "letsencrypt.org"', "letsencrypt.org"],
      ['issue "ca.example; accounturi=https://ca.example/1; validationmethods=dns-01"', null],
      ["ISSUE letsencrypt.org;", "letsencrypt.org;"],
      ["issue ;", ";"],
      ['iodef "mailto:ca@example.com"', "mailto:ca@example.com"],
      ["contactemail ca@example.com", "ca@example.com"],
    ] as const
  ) {
    const bare = value ?? text.slice('issue "'.length, -1);
    assert.equal(parseCaa(text)?.value, bare, text);
  }
  for (
    const bad of [
      'issue "letsencrypt.org',
      'issue letsencrypt.org"',
      'issue "a.example" "b.example"',
      'issue ""',
      "issue https://letsencrypt.org",
      "issue ca.example accounturi=x",
      "issue ca.example; accounturi",
      "iodef ca@example.com",
      "contactemail mailto:ca@example.com",
    ]
  ) assert.equal(parseCaa(bad), null, bad);
  assert.equal(
    parseTlsa(`_25._tcp.mx.example.com 3 1 1 ${"AB".repeat(32)}`)?.certificate,
    "ab".repeat(32),
  );
  assert.equal(parseTlsa("_25._tcp.mx.example.com 3 1 1 ab"), null);
  assert.equal(parseWebUrl("https://u:p@h.example/"), null);
  assert.equal(parseWebUrl("https://h.example/?q"), null);
});

Deno.test("[[domain]] escapes what would end a report URI, and takes no quotes of a zone file", () => {
  const settings = (line: string) => {
    const result = parse(`[[domain]]\nname = "example.com"\n${line}`);
    return result._tag === "Invalid" ? result.problems.map(printProblem).join() : "good";
  };
  assert.equal(settings("spf = 'v=spf1 mx -all'"), "good");
  for (
    const bad of [
      `spf = 'v=spf1 mx -all"'`,
      `dmarc = 'v=DMARC1; p=none;" "rua=mailto:a@b.example'`,
      `dkim = { s = 'v=DKIM1; p=AAAA" "BBBB' }`,
    ]
  ) assert.match(settings(bad), /quotes/, bad);
  const d = domainSettings(domain.parse({
    name: "example.com",
    tls_reports: ["mailto:tls@example.com?subject=a;b", "https://r.example/x;y"],
  }));
  assert.deepEqual(d.tlsReports, [
    "mailto:tls@example.com?subject=a%3Bb",
    "https://r.example/x%3By",
  ]);
});
