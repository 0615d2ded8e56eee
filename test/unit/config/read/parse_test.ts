import assert from "node:assert/strict";
import { Duration, Redacted } from "effect";
import { printPrincipal } from "../../../../lib/address/grant.ts";
import { printPattern } from "../../../../lib/address/pattern.ts";
import { type Config, printProblem } from "../../../../lib/config/config.ts";
import { parseConfig } from "../../../../lib/config/read/parse.ts";

const FILE = "/etc/postern/postern.toml";

/** The sample that scripts outside the project use. */
const SAMPLE = `
hostname = "msa.example.com"
[listen]
submission  = ["127.0.0.1:5870"]   # STARTTLS
submissions = ["127.0.0.1:4650"]   # TLS from the first byte
[tls]
certificate = "cert.pem"
key = "key.pem"
[spool]
url = "sqlite:data/spool.db"
[accounts]
url = "sqlite:data/accounts.db"
[[route]]
to = "*"
via = "smtp://127.0.0.1:2525"
tls = "none"
[limits]
message_bytes = 36700160
`;

const secrets = (path: string) =>
  path === "/etc/postern/secret" ? { text: "s3cret\nmore\n" } : { fault: `${path}: not there` };

const parse = (text: string) => parseConfig(text, FILE, secrets);

const valid = (text: string): Config => {
  const r = parse(text);
  if (r._tag === "Invalid") assert.fail(r.problems.map(printProblem).join("\n"));
  return r.config;
};

const problems = (text: string): ReadonlyArray<string> => {
  const r = parse(text);
  assert.equal(r._tag, "Invalid");
  return r._tag === "Invalid" ? r.problems.map((p) => printProblem(p).replace(`${FILE}:`, "")) : [];
};

/** The sample with another route. */
const routed = (...lines: ReadonlyArray<string>): string =>
  SAMPLE.replace(/\[\[route\]\][^[]*/, `[[route]]\n${lines.join("\n")}\n`);

Deno.test("parseConfig() reads the sample, with paths from the file's directory", () => {
  const c = valid(SAMPLE);
  assert.equal(c.hostname, "msa.example.com");
  assert.deepEqual(c.listen, {
    submission: [{ host: "127.0.0.1", port: 5870 }],
    submissions: [{ host: "127.0.0.1", port: 4650 }],
    proxyFrom: [],
    xclientFrom: [],
  });
  assert.deepEqual(c.tls, {
    default: { certificate: "/etc/postern/cert.pem", key: "/etc/postern/key.pem" },
    sni: [],
    clientCa: null,
  });
  assert.equal(c.spool.path, "/etc/postern/data/spool.db");
  assert.equal(c.accounts.path, "/etc/postern/data/accounts.db");
  assert.equal(c.limits.messageBytes, 36_700_160);
  assert.deepEqual(c.routes, [{
    pattern: "*",
    hop: {
      _tag: "Smtp",
      host: "127.0.0.1",
      port: 2525,
      implicitTls: false,
      tls: "none",
      login: null,
    },
    credentials: null,
    ca: null,
  }]);
});

Deno.test("parseConfig() fills in the ledger's defaults", () => {
  const c = valid(SAMPLE.replace(/\[limits\][^[]*/, ""));
  assert.deepEqual(
    { ...c.limits },
    {
      messageBytes: 36_700_160,
      recipients: 1000,
      messagesPerSession: 10_000,
      commandLineBytes: 4096,
      authLineBytes: 12_288,
      dataBytes: 33_554_432,
      headerBytes: 262_144,
      headerFields: 1000,
      addressesPerField: 1000,
      receivedFields: 100,
      idle: Duration.seconds(300),
      data: Duration.seconds(180),
      handshake: Duration.seconds(60),
      answer: Duration.seconds(110),
      errors: 20,
      idleCommands: 100,
      authFailures: 3,
      authDelay: Duration.seconds(30),
      authLockFailures: 20,
      authLock: Duration.minutes(15),
      connections: 10_000,
      connectionsPerAddress: 100,
      connectionsPerAccount: 100,
      messagesPerHour: 0,
      recipientsPerHour: 0,
      newRecipientsPerDay: 0,
      nullSendersPerHour: 0,
      resubmit: Duration.minutes(60),
    },
  );
  assert.deepEqual(c.queue.retry.map(Duration.toMinutes), [30, 60, 120]);
  assert.deepEqual(c.extensions, {
    deliverBy: null,
    futureRelease: null,
    mtPriority: null,
    rrvs: false,
    burl: [],
  });
  assert.equal(c.queue.jitter, 0.1);
  assert.equal(Duration.toDays(c.queue.expire), 5);
  assert.equal(Duration.toDays(c.queue.expireNull), 1);
  assert.equal(c.accounts.iterations, 100_000);
  assert.equal(Duration.toMinutes(c.accounts.remember), 5);
  assert.equal(Duration.toDays(c.spool.keep), 7);
  assert.equal(c.headers.received, "redacted");
  assert.deepEqual(c.rights, {
    localDomains: null,
    separator: "+",
    separators: {},
    grants: [],
    permissions: [],
    checks: { header: "every", resend: "any", nameAddress: "local" },
  });
  assert.equal(c.dns.servers, null);
});

Deno.test("parseConfig() switches extensions on", () => {
  const c = valid(`${SAMPLE}
[extensions]
deliver_by = true
deliver_by_min_seconds = 60
future_release = true
future_release_days = 1
future_release_messages = 3
mt_priority = true
mt_priority_accounts = ["alice@example.com"]
mt_priority_least = -4
rrvs = true
`);
  assert.deepEqual(c.extensions, {
    deliverBy: { minSeconds: 60 },
    futureRelease: { maxSeconds: 86_400 },
    mtPriority: { urgent: new Set(["alice@example.com"]), least: -4, urgentBytes: 0 },
    rrvs: true,
    burl: [],
  });
  assert.equal(c.heldMessages, 3);
});

Deno.test("parseConfig() reads the separators of single domains, empty for none", () => {
  const c = valid(`${SAMPLE}
[rights]
local_domains = ["B\u00fccher.example", "example.net"]
[rights.separators]
"b\u00fccher.example" = "-"
"example.net" = ""
`.replace("B\u00fc", "b\u00fc"));
  assert.deepEqual(c.rights.localDomains, ["xn--bcher-kva.example", "example.net"]);
  assert.equal(c.rights.separator, "+");
  assert.deepEqual(c.rights.separators, { "xn--bcher-kva.example": "-", "example.net": null });
});

for (
  const c of [
    { name: "an open smarthost", lines: ['via = "smtp://h.example"'], tls: "opportunistic" },
    {
      name: "a smarthost with a login",
      lines: ['via = "smtp://h.example"', 'username = "u"', 'password = "p"'],
      tls: "required",
    },
    { name: "a login in via", lines: ['via = "smtp://u:p@h.example"'], tls: "required" },
    { name: "mail exchangers", lines: ['via = "mx"'], tls: "opportunistic" },
  ]
) {
  Deno.test(`parseConfig() gives ${c.name} the TLS level ${c.tls}`, () => {
    const hop = valid(routed('to = "*"', ...c.lines)).routes[0]?.hop;
    assert.equal(hop !== undefined && "tls" in hop ? hop.tls : null, c.tls);
  });
}

Deno.test("parseConfig() takes the password from the first line of a file", () => {
  const c = valid(
    routed('to = "*"', 'via = "smtp://h"', 'username = "u"', 'password_file = "secret"'),
  );
  const login = c.routes[0]?.credentials;
  assert.equal(login?.username, "u");
  assert.equal(
    login === null || login === undefined ? "" : Redacted.value(login.password),
    "s3cret",
  );
  assert.ok(!JSON.stringify(c.routes).includes("s3cret"));
});

Deno.test("parseConfig() writes route patterns and host names as lower-case A-labels", () => {
  const text = routed('to = "*.B\u00fccher.Example"', 'via = "mx"')
    .replace("msa.example.com", "MSA.Example.COM");
  assert.equal(valid(text).hostname, "msa.example.com");
  assert.equal(
    valid(text.replace("B\u00fccher", "b\u00fccher")).routes[0]?.pattern,
    "*.xn--bcher-kva.example",
  );
});

for (
  const [name, text, want] of [
    [
      "an unknown key with the nearest known one",
      SAMPLE.replace("message_bytes", "mesage_bytes"),
      ['18: limits.mesage_bytes: unknown key; did you mean "message_bytes"?'],
    ],
    [
      "a key in the wrong table",
      SAMPLE.replace('spool.db"', 'spool.db"\nmessage_bytes = 5'),
      ['11: spool.message_bytes: unknown key; did you mean "message_bytes" of [limits]?'],
    ],
    [
      "a value out of range with the range",
      SAMPLE.replace("36700160", "5"),
      ["18: limits.message_bytes = 5: must be a whole number from 1024 to 2147483647"],
    ],
    [
      "a port that is none",
      SAMPLE.replace("127.0.0.1:4650", "127.0.0.1:99999"),
      [
        '5: listen.submissions[1] = "127.0.0.1:99999": must be "host:port" with a port from 1 to 65535 (0: any free one), such as "127.0.0.1:587" or "[::1]:587"',
      ],
    ],
    [
      "an address that is listed twice",
      SAMPLE.replace("4650", "5870"),
      ['5: listen.submissions[1] = "127.0.0.1:5870": is listed twice'],
    ],
    [
      "that nothing listens",
      SAMPLE.replace(/submission.*\n/g, ""),
      ["3: listen = a table: needs at least one address in submission or submissions"],
    ],
    [
      "a host name that is not fully qualified",
      SAMPLE.replace("msa.example.com", "msa"),
      ['2: hostname = "msa": must be a fully qualified host name, such as "msa.example.com"'],
    ],
    [
      "a key that is missing",
      SAMPLE.replace('key = "key.pem"\n', ""),
      ["6: tls.key: is missing; it must be a text in quotes"],
    ],
    [
      "a login that could be read on the way",
      routed('to = "*"', 'via = "smtp://u:topsecret@h"', 'tls = "opportunistic"'),
      ['16: route[1].tls = "opportunistic": must be "required" where there is a login: else anyone could read it'],
    ],
    [
      "a login without a password",
      routed('to = "*"', 'via = "smtp://h"', 'username = "u"'),
      ['16: route[1].username = "u": needs a password or a password_file'],
    ],
    [
      "a password without a login, hidden",
      routed('to = "*"', 'via = "smtp://h"', 'password = "topsecret"'),
      ["16: route[1].password = (not shown): needs a username"],
    ],
    [
      "a mistyped password, hidden",
      routed('to = "*"', 'via = "smtp://h"', 'pasword = "topsecret"'),
      ['16: route[1].pasword: unknown key; did you mean "password"?'],
    ],
    [
      "a via that is none, its login hidden",
      routed('to = "*"', 'via = "smtpx://u:topsecret@h"'),
      [
        '15: route[1].via = "smtpx://***@h": must be smtp://host:port, smtps://host:port, lmtp://host:port, srv://_submission._tcp.name, lmtp+unix:/path, maildir:path or "mx"',
      ],
    ],
    [
      "a password file that cannot be read",
      routed('to = "*"', 'via = "smtp://h"', 'username = "u"', 'password_file = "gone"'),
      ['17: route[1].password_file = "gone": /etc/postern/gone: not there'],
    ],
    [
      "a separator for what is no domain",
      `${SAMPLE}[rights.separators]\n"a b" = "+"\n`,
      ['20: rights.separators.a b = "+": must be a domain name, such as "example.net"'],
    ],
    [
      "LMTP on port 25",
      routed('to = "*"', 'via = "lmtp://h:25"'),
      ['15: route[1].via = "lmtp://h:25": LMTP may not be spoken on port 25 (RFC 2033 §5)'],
    ],
    [
      "TLS for a Maildir",
      routed('to = "*"', 'via = "maildir:x"', 'tls = "required"'),
      ['16: route[1].tls = "required": has no meaning for maildir:'],
    ],
    [
      "a route that is never reached",
      `${SAMPLE}\n[[route]]\nto = "*"\nvia = "mx"\n`,
      ['21: route[2].to = "*": an earlier route has the same'],
    ],
    [
      "two terms for one hop",
      `${routed('to = "a.example"', 'via = "smtp://h"', 'tls = "none"')}
[[route]]
to = "*"
via = "smtp://h"`,
      ['22: route[2].via = "smtp://h": another route goes to the same hop with other tls, ca, password or forward_login'],
    ],
    [
      "broken TOML",
      `${SAMPLE}\nroute = [`,
      ["20:9: not valid TOML: unfinished array"],
    ],
  ] as const
) {
  Deno.test(`parseConfig() tells ${name}`, () => {
    assert.deepEqual(problems(text), want);
  });
}

Deno.test("parseConfig() takes a route for one domain behind the one for all: the more specific wins", () => {
  const config = valid(`${SAMPLE}\n[[route]]\nto = "a.example"\nvia = "mx"\n`);
  assert.deepEqual(config.routes.map((r) => r.pattern), ["*", "a.example"]);
});

Deno.test("parseConfig() tells everything at once, in the order of the file", () => {
  const text = SAMPLE.replace("msa.example.com", "msa").replace("36700160", '"big"')
    .replace('tls = "none"', 'tls = "none"\nusername = "u"\npassword = "p"')
    .replace("4650", "5870");
  assert.deepEqual(problems(text).map((p) => p.replace(/:.*/, "")), ["2", "5", "16", "20"]);
});

Deno.test("parseConfig() prints no secret, wherever it stands wrong", () => {
  for (
    const line of [
      'password = ["topsecret"]',
      'pass = "topsecret"',
      'via = "smtp:///u:topsecret@"',
      'via = ["smtp:///u:topsecret@"]',
      'via = ["smtp://u:topsecret@h", "smtp://b"]',
      'username = { password = "topsecret" }',
      'password = "topsecret',
    ]
  ) {
    const text = routed('to = "*"', ...(line.startsWith("via") ? [] : ['via = "mx"']), line);
    assert.ok(!problems(text).join("\n").includes("topsecret"), line);
  }
});

Deno.test("parseConfig() MSA-8.8: takes aliases and rewriting for own domains alone", () => {
  const rules = (domain: string) =>
    `${SAMPLE}
[rights]
local_domains = ["example.net"]
[[alias]]
address = "team@${domain}"
to = ["bob@example.org"]
[[rewrite]]
address = "*@${domain}"
to = "*@example.net"
`;
  const c = valid(rules("example.net"));
  assert.deepEqual([c.rewriting.aliases.length, c.rewriting.rewrites.length], [1, 1]);
  const bad = parseConfig(rules("other.example"), "/etc/postern.toml", () => ({ text: "" }));
  assert.ok(bad._tag === "Invalid");
  assert.deepEqual(bad.problems.map((p) => p.key), ["alias[1].address", "rewrite[1].address"]);
});

Deno.test("parseConfig() reads grants, groups with their mailboxes, and permissions", () => {
  const c = valid(`${SAMPLE}
[[group]]
name = "sales"
members = ["alice@example.net", "group:trainees"]
mailboxes = ["sales@example.net", "sales+*@example.net"]
[[grant]]
principal = "carol@example.net"
address = "*@example.net"
mode = "on-behalf"
credential = "phone"
recipients = ["*@customer.example"]
until = 2027-06-30
[[grant]]
principal = "group:sales"
address = "x@example.net"
until = "2027-06-30T18:00:00+02:00"
[[permission]]
principal = "intern@example.net"
send_to = ["*@example.net"]
may = ["several-domains"]
`);
  assert.deepEqual(
    c.rights.grants?.map((g) => [printPrincipal(g.principal), printPattern(g.address), g.mode]),
    [
      ["carol@example.net", "*@example.net", "on-behalf"],
      ["group:sales", "x@example.net", "as"],
      ["group:sales", "sales@example.net", "as"],
      ["group:sales", "sales+*@example.net", "as"],
    ],
  );
  const [carol, timed] = c.rights.grants ?? [];
  assert.deepEqual(carol?.recipients?.map(printPattern), ["*@customer.example"]);
  assert.deepEqual([carol?.credential, carol?.until], ["phone", Date.UTC(2027, 5, 30)]);
  assert.equal(timed?.until, Date.UTC(2027, 5, 30, 16));
  assert.deepEqual(
    c.accounts.groups.map((g) => [g.name, g.members.map(printPrincipal)]),
    [["sales", ["alice@example.net", "group:trainees"]]],
  );
  assert.deepEqual(c.rights.permissions?.map((p) => p.name), ["several-domains", "send-to"]);
});

for (
  const [table, line, want] of [
    [
      "grant",
      'principal = "alice"',
      /grant\[1\]\.principal = "alice": must be an address of an account/,
    ],
    ["grant", 'address = "sa*@example.net"', /grant\[1\]\.address = .*: must be "user@domain"/],
    ["grant", 'until = "soon"', /grant\[1\]\.until = "soon": must be a date/],
    ["grant", 'mode = "like"', /grant\[1\]\.mode = "like": must be one of "as", "on-behalf"/],
    ["group", 'name = "Sales"', /group\[1\]\.name = "Sales": must be 1 to 64 small letters/],
    ["permission", 'may = ["all"]', /permission\[1\]\.may.*: must be one of/],
  ] as const
) {
  Deno.test(`parseConfig() says what is wrong with [[${table}]] ${line}`, () => {
    const good: Readonly<Record<string, ReadonlyArray<string>>> = {
      grant: ['principal = "alice@example.net"', 'address = "x@example.net"'],
      group: ['name = "sales"', 'members = ["alice@example.net"]'],
      permission: ['principal = "alice@example.net"'],
    };
    const key = line.split(" ")[0] ?? "";
    const others = (good[table] ?? []).filter((l) => !l.startsWith(key));
    const text = `${SAMPLE}\n[[${table}]]\n${[...others, line].join("\n")}\n`;
    const bad = parseConfig(text, "/etc/postern.toml", () => ({ text: "" }));
    assert.ok(bad._tag === "Invalid");
    assert.match(bad.problems.map(printProblem).join("\n"), want);
  });
}
Deno.test("parseConfig() listens on [::] alone where 0.0.0.0 stands beside it, as one takes the other's port", () => {
  const text = `hostname = "msa.example.com"
[listen]
submission = ["0.0.0.0:587", "[::]:587", "0.0.0.0:588", "127.0.0.1:589"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[[route]]
to = "*"
via = "maildir:outbox"
`;
  const result = parseConfig(text, "/etc/postern.toml", () => ({ fault: "no" }));
  assert.ok(result._tag === "Valid");
  assert.deepEqual(result.config.listen.submission, [
    { host: "::", port: 587 },
    { host: "0.0.0.0", port: 588 },
    { host: "127.0.0.1", port: 589 },
  ]);
});

const burlTable = (lines: string): string =>
  `${SAMPLE}\n[[extensions.burl]]\nurl = "imap://IMAP.example.com"\nusername = "submit"\npassword_file = "p"\n${lines}`;

Deno.test("parseConfig() EXT-BURL-1: reads the servers of BURL", () => {
  const parsed = parseConfig(burlTable(""), "/etc/postern.toml", () => ({ text: "s3cret\n" }));
  assert.equal(parsed._tag, "Valid");
  if (parsed._tag !== "Valid") return;
  assert.deepEqual(parsed.config.extensions.burl, [
    { origin: "imap.example.com:143", prefix: "imap://imap.example.com" },
  ]);
  const { password, ...server } = parsed.config.burl[0]!;
  assert.equal(Redacted.value(password), "s3cret");
  assert.deepEqual(server, {
    origin: "imap.example.com:143",
    host: "IMAP.example.com",
    port: 143,
    tls: "starttls",
    username: "submit",
    ca: null,
  });
});

Deno.test("parseConfig() tells what is wrong with a server of BURL", () => {
  const rows: ReadonlyArray<readonly [string, RegExp]> = [
    [`tls = "none"`, /extensions\.burl.*tls.*only where via is an address of this machine/],
    [`tls = "none"\nvia = "imaps://127.0.0.1"`, /extensions\.burl.*tls.*always with TLS/],
    [`tls = "none"\nvia = "imap://127.0.0.1"\nca = "x"`, /extensions\.burl.*ca.*only with TLS/],
    [`via = "http://h.example"`, /extensions\.burl.*via.*imaps:/],
    [
      `[[extensions.burl]]\nurl = "imap://imap.example.com:143"\nusername = "x"\npassword_file = "p"`,
      /extensions\.burl.*url.*an earlier entry/,
    ],
  ];
  for (const [lines, want] of rows) {
    const parsed = parseConfig(burlTable(lines), "/etc/p.toml", () => ({ text: "s3cret\n" }));
    assert.equal(parsed._tag, "Invalid", lines);
    if (parsed._tag !== "Invalid") return;
    assert.match(parsed.problems.map((p) => `${p.key} ${p.message}`).join("; "), want);
  }
});
