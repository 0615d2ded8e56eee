import assert from "node:assert/strict";
import { Redacted } from "effect";
import { type Config, printProblem } from "../../../lib/config/config.ts";
import { parseConfig } from "../../../lib/config/read/parse.ts";

const FILE = "/etc/postern/postern.toml";
const SAMPLE = `hostname = "msa.example.com"
[listen]
submission = ["127.0.0.1:5870"]
[tls]
certificate = "cert.pem"
key = "key.pem"
client_ca = "ca.pem"
[[route]]
to = "*"
via = "maildir:outbox"
`;

const secrets = (path: string) =>
  path === "/etc/postern/secret" ? { text: "s3cret\nmore\n" } : { fault: `${path}: not there` };

const valid = (text: string): Config => {
  const r = parseConfig(SAMPLE + text, FILE, secrets);
  if (r._tag === "Invalid") assert.fail(r.problems.map(printProblem).join("\n"));
  return r.config;
};

const problems = (text: string): ReadonlyArray<string> => {
  const r = parseConfig(SAMPLE + text, FILE, secrets);
  return r._tag === "Valid" ? [] : r.problems.map((p) => printProblem(p).replace(/^[^ ]*: /, ""));
};

const issuer = (...lines: ReadonlyArray<string>): string =>
  ["[[auth.oauth]]", 'issuer = "https://id.example/"', ...lines].join("\n");

Deno.test("parseConfig() reads [auth], client_ca and issuers of both kinds", () => {
  const c = valid([
    '[auth]\nmechanisms = ["PLAIN", "EXTERNAL", "PLAIN"]',
    issuer('audience = ["postern"]', 'jwks = "keys.json"', 'user_claim = "sub"', 'scope = "smtp"'),
    '[[auth.oauth]]\nissuer = "b"\naudience = ["x"]\njwks = "https://id.example/keys"',
    '[[auth.oauth]]\nissuer = "c"\nintrospection = "http://127.0.0.1:8080/introspect"',
    'client_id = "postern"\nclient_secret_file = "secret"',
  ].join("\n"));
  assert.equal(c.tls.clientCa, "/etc/postern/ca.pem");
  assert.deepEqual(c.auth.mechanisms, ["PLAIN", "EXTERNAL"]);
  const [a, b, third] = c.auth.issuers;
  assert.deepEqual(a, {
    issuer: "https://id.example/",
    audience: ["postern"],
    source: { _tag: "KeyFile", path: "/etc/postern/keys.json" },
    algorithms: ["RS256", "ES256", "EdDSA"],
    userClaim: "sub",
    scope: "smtp",
    openidConfiguration: "",
  });
  assert.deepEqual(b?.source, { _tag: "KeyUrl", url: "https://id.example/keys" });
  const source = third?.source;
  if (source?._tag !== "Introspection") assert.fail(source?._tag);
  assert.equal(source.clientId, "postern");
  assert.equal(Redacted.value(source.secret), "s3cret");
});

Deno.test("parseConfig() offers by default what the ledger says, the strongest first: AUTH-20", () => {
  assert.deepEqual(valid("").auth, {
    mechanisms: [
      "SCRAM-SHA-256",
      "SCRAM-SHA-1",
      "PLAIN",
      "LOGIN",
      "OAUTHBEARER",
      "XOAUTH2",
      "EXTERNAL",
    ],
    issuers: [],
  });
});

Deno.test("parseConfig() takes the -PLUS names where they are listed: SASL-14", () => {
  const names = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"];
  assert.deepEqual(
    valid(`[auth]\nmechanisms = ${JSON.stringify(names)}`).auth.mechanisms,
    names,
  );
});

const GOOD = ['audience = ["postern"]', 'jwks = "keys.json"'] as const;

// each: what is said, what is answered
for (
  const [text, want] of [
    [
      '[auth]\nmechanisms = ["ANONYMOUS"]',
      /^auth\.mechanisms\[1\] = "ANONYMOUS": must be .*"PLAIN"/,
    ],
    ['[auth]\nmechanisms = ["CRAM-MD5"]', /^auth\.mechanisms\[1\] = "CRAM-MD5": must be /],
    ["[auth]\nmechanisms = []", /^auth\.mechanisms = a list of 0: needs at least one mechanism$/],
    [issuer('jwks = "k"'), /^auth\.oauth\[1\]\.audience.*: needs at least one name/],
    [issuer('audience = ["x"]'), /issuer = .*: needs jwks or introspection/],
    [
      issuer(...GOOD, 'introspection = "https://x.example"'),
      /introspection = .*either jwks or introspection/,
    ],
    [
      issuer('audience = ["x"]', 'jwks = "http://id.example/keys"'),
      /jwks = .*: must be the path of a file, or an https URL/,
    ],
    [
      issuer('audience = ["x"]', 'jwks = "file:///etc/keys"'),
      /jwks = .*: must be the path of a file/,
    ],
    [
      issuer('introspection = "http://id.example/"'),
      /introspection = .*: must be an https URL, or an http URL of this machine/,
    ],
    [issuer('introspection = "https://id.example/"'), /needs a client_secret/],
    [issuer('introspection = "https://id.example/"', 'client_secret = "x"'), /needs a client_id/],
    [
      issuer(...GOOD, 'client_secret = "hush"'),
      /^auth\.oauth\[1\]\.client_secret = \(not shown\): works only with introspection$/,
    ],
    [
      issuer(
        'introspection = "https://id.example/"',
        'client_id = "a"',
        'client_secret_file = "no"',
      ),
      /client_secret_file = "no": .*\/no: not there/,
    ],
    [issuer(...GOOD, 'algorithms = ["HS256"]'), /algorithms\[1\] = "HS256": must be .*"ES256"/],
    [issuer(...GOOD, 'algorithms = ["none"]'), /algorithms\[1\] = "none": must be /],
    [issuer(...GOOD, "algorithms = []"), /algorithms = .*: needs at least one algorithm/],
    [
      `${issuer(...GOOD)}\n${issuer(...GOOD)}`,
      /^auth\.oauth\[2\]\.issuer = .*: an earlier entry has the same$/,
    ],
    [
      issuer(...GOOD, 'scop = "x"'),
      /^auth\.oauth\[1\]\.scop: unknown key; did you mean "scope"\?$/,
    ],
  ] as const
) {
  Deno.test(`parseConfig() says what is wrong with ${JSON.stringify(text.slice(0, 90))}`, () => {
    const told = problems(text);
    assert.ok(told.some((p) => want.test(p)), told.join("\n"));
    assert.ok(!told.join().includes("hush"));
  });
}
