import assert from "node:assert/strict";
import { parseConfig } from "../../../lib/config/read/parse.ts";
import { hopKey, type RouteFacts } from "../../../lib/ports/routes.ts";
import type { RouteTeller } from "../../../lib/stages/policy.ts";
import { byRecipient } from "../../../policies/routes.ts";
import { mailbox } from "../../support/submissions.ts";

const HEAD = `
hostname = "msa.example.net"
[listen]
submission = ["127.0.0.1:587"]
[tls]
certificate = "c.pem"
key = "k.pem"
`;

const parsed = (routes: string) =>
  parseConfig(HEAD + routes, "/etc/postern.toml", () => ({ text: "secret\n" }));

const table = (routes: string) => {
  const r = parsed(routes);
  assert.ok(r._tag === "Valid", JSON.stringify(r));
  return r.config.routes;
};

const NOBODY: RouteFacts = { sender: null, account: null, size: 0, priority: 0 };

const ROUTES = table(`
[[route]]
to = "boss@example.org"
via = "lmtp://127.0.0.1:24"

[[route]]
to = "*"
from = ["example.net", "*.example.net"]
via = "smtp://net.test:587"
username = "net"
password_file = "p"

[[route]]
to = "*"
from = ["Ann@example.com"]
via = "smtp://ann.test:25"

[[route]]
to = "*"
account = ["@bulk.example", "robot"]
via = "smtp://bulk.test:25"

[[route]]
to = "*"
min_size = 1000
max_size = 2000
via = "smtp://large.test:25"

[[route]]
to = "*"
min_priority = 3
via = "smtp://fast.test:25"

[[route]]
to = "*"
from = ["<>"]
via = "smtp://reports.test:25"

[[route]]
to = "*"
via = "mx"

[[route]]
to = "[*]"
via = "mx:2525"

[[route]]
to = "example.org"
from = ["nobody.example"]
via = "smtp://never.test:25"
`);

const from = (address: string, more: Partial<RouteFacts> = {}): RouteFacts => ({
  ...NOBODY,
  sender: mailbox(address),
  ...more,
});
const X = "x@other.example";

for (
  // HOP-01: overrides by recipient, local, smarthost, MX, each in the place that the table gives it
  const [name, to, message, want] of [
    ["a recipient's own address", "boss@example.org", from(X), "lmtp://127.0.0.1:24"],
    ["another local part", "Boss@example.org", from(X), "mx:example.org"],
    ["the sender's domain", "y@a.test", from("a@example.net"), "smtp://net@net.test:587"],
    ["a name below it", "y@a.test", from("a@b.example.net"), "smtp://net@net.test:587"],
    [
      "the sender's address without case",
      "y@a.test",
      from("ann@EXAMPLE.com"),
      "smtp://ann.test:25",
    ],
    [
      "the account's domain",
      "y@a.test",
      from(X, { account: "r@Bulk.example" }),
      "smtp://bulk.test:25",
    ],
    ["the account by name", "y@a.test", from(X, { account: "robot" }), "smtp://bulk.test:25"],
    ["size, its bounds included", "y@a.test", from(X, { size: 1000 }), "smtp://large.test:25"],
    ["size above the bound", "y@a.test", from(X, { size: 2001 }), "mx:a.test"],
    ["priority", "y@a.test", from(X, { priority: 4 }), "smtp://fast.test:25"],
    ["the null return path", "y@a.test", NOBODY, "smtp://reports.test:25"],
    ["nothing in particular", "y@a.test", from(X), "mx:a.test"],
    ["a more specific pattern whose condition fails", "y@example.org", from(X), "mx:example.org"],
    ["an address literal", "y@[192.0.2.1]", from(X), "smtp://192.0.2.1:2525"],
    ["a literal of IPv6", "y@[IPv6:2001:DB8::1]", from(X), "smtp://2001:db8::1:2525"],
    ["a literal that is ourselves", "y@[127.0.0.1]", from(X), null],
    ["a literal that is ourselves, IPv6", "y@[IPv6:::1]", from(X), null],
    ["a literal that maps to ourselves", "y@[IPv6:::ffff:127.0.0.1]", from(X), null],
  ] as ReadonlyArray<[string, string, RouteFacts, string | null]>
) {
  Deno.test(`byRecipient() routes by ${name}`, () => {
    const route = byRecipient(ROUTES)(mailbox(to), message);
    assert.equal(route === null ? null : hopKey(route.hop), want);
  });
}

Deno.test("byRecipient() tells each route that it looked at, and why it was not taken", () => {
  const steps: Array<Parameters<RouteTeller>[0]> = [];
  byRecipient(ROUTES)(mailbox("y@example.org"), from(X), (s) => steps.push(s));
  assert.deepEqual(steps.map((s) => `${s.rule} ${s.unmet}`), [
    "9 from",
    "1 from",
    "2 from",
    "3 account",
    "4 size",
    "5 priority",
    "6 from",
    "7 null",
  ]);
});

for (
  const [name, routes, key, says] of [
    [
      "a route that is never taken",
      'to="*"\nvia="mx"\n[[route]]\nto="*"\nfrom=["a.test"]\nvia="mx"',
      "to",
      /never used/,
    ],
    [
      "two with the same conditions",
      'to="*"\nfrom=["a.test"]\nvia="mx"\n[[route]]\nto="*"\nfrom=["a.test"]\nvia="mx"',
      "to",
      /same/,
    ],
    ["mx in a list", 'to="*"\nvia=["mx","smtp://a:25"]', "via", /neither mx/],
    [
      "two protocols in a list",
      'to="*"\nvia=["lmtp://a:24","smtp://a:25"]',
      "via",
      /all SMTP or all LMTP/,
    ],
    [
      "weights of another number",
      'to="*"\nvia=["smtp://a:25","smtp://b:25"]\nweights=[1]',
      "weights",
      /2 numbers/,
    ],
    ["weights that are all 0", 'to="*"\nvia=["smtp://a:25"]\nweights=[0]', "weights", /above 0/],
    ["weights without a list", 'to="*"\nvia="smtp://a:25"\nweights=[1]', "weights", /needs a list/],
    ["bounds that cross", 'to="*"\nvia="mx"\nmin_size=2\nmax_size=1', "max_size", /less than/],
    ["a login in a list's URL", 'to="*"\nvia=["smtp://u:p@a","smtp://b"]', "via", /password_file/],
    ["no service", 'to="*"\nvia="srv://_imap._tcp.a.test"', "via", /must be/],
    ["a sender that is none", 'to="*"\nvia="mx"\nfrom=["*"]', "from", /must be/],
    [
      "an unverified login",
      'to="*"\nvia="srv://_submission._tcp.a.test"\ntls="encrypt"\nusername="u"\npassword="p"',
      "tls",
      /required/,
    ],
  ] as ReadonlyArray<[string, string, string, RegExp]>
) {
  Deno.test(`parseConfig() refuses a route with ${name}`, () => {
    const r = parsed(`[[route]]\n${routes}\n`);
    assert.ok(r._tag === "Invalid");
    assert.ok(
      r.problems.some((p) => p.key?.includes(key) === true && says.test(p.message)),
      JSON.stringify(r.problems),
    );
  });
}

Deno.test("parseConfig() reads lists, weights, services and the other names of TLS levels", () => {
  const [a, b, c] = table(`
[[route]]
to = "*"
via = ["smtp://a.test:25", "srv://_submissions._tcp.b.test"]
weights = [3, 0]
tls = "verify"
username = "u"
password_file = "p"
[[route]]
to = "a.test"
via = "mx"
tls = "may"
[[route]]
to = "b.test"
via = "mx"
tls = "dane-only"
`);
  assert.ok(a?.hop._tag === "Several");
  assert.equal(hopKey(a.hop), "smtp://u@a.test:25*3, srv://u@_submissions._tcp.b.test*0");
  assert.deepEqual(a.hop.hops.map((h) => "tls" in h ? h.tls : null), ["required", "required"]);
  assert.equal(b !== undefined && "tls" in b.hop ? b.hop.tls : null, "opportunistic");
  assert.equal(c !== undefined && "tls" in c.hop ? c.hop.tls : null, "dane-only");
});
