import assert from "node:assert/strict";
import { printProblem } from "../../../lib/config/config.ts";
import { parseConfig } from "../../../lib/config/read/parse.ts";

const BASE = `hostname = "msa.example.com"
[listen]
submission = ["127.0.0.1:587"]
[tls]
certificate = "cert.pem"
key = "key.pem"
`;

const parse = (more: string) =>
  parseConfig(BASE + more, "/etc/postern.toml", () => ({ text: "secret\n" }));

const route = (...lines: ReadonlyArray<string>): string =>
  `[[route]]\nto = "*"\n${lines.join("\n")}\n`;

const passing = (text: string) => {
  const r = parse(text);
  if (r._tag === "Invalid") assert.fail(r.problems.map(printProblem).join("\n"));
  return r.config.routes.map((x) => x.passThrough);
};

for (
  const [name, text, want] of [
    ["a route by the spool", route('via = "smtp://h"'), undefined],
    ["one that says so", route('via = "smtp://h"', 'durability = "spool"'), undefined],
    ["one that passes through", route('via = "smtp://h"', 'durability = "next_hop"'), {
      login: false,
      spool: true,
    }],
    ["LMTP", route('via = "lmtp+unix:/run/lmtp"', 'durability = "next_hop"'), {
      login: false,
      spool: true,
    }],
    [
      "forwarded logins",
      route(
        'via = "smtps://h"',
        'tls = "required"',
        'durability = "next_hop"',
        "forward_login = true",
      ),
      { login: true, spool: false },
    ],
    [
      "forwarded logins to a list",
      route(
        'via = ["smtp://h", "smtps://i"]',
        'tls = "dane"',
        'durability = "next_hop"',
        "forward_login = true",
      ),
      { login: true, spool: false },
    ],
    ["no spool", `[spool]\nurl = "none"\n${route('via = "smtp://h"', 'durability = "next_hop"')}`, {
      login: false,
      spool: false,
    }],
  ] as const
) {
  Deno.test(`parseConfig() reads the durability of ${name}`, () => {
    assert.deepEqual(passing(text), [want]);
  });
}

const NEXT = 'durability = "next_hop"';
const FORWARD = "forward_login = true";
const NONE = '[spool]\nurl = "none"\n';

for (
  const [text, want] of [
    [
      route('via = "smtp://h"', 'durability = "replicated"'),
      /route\[1\]\.durability = "replicated": needs a server that keeps copies: \[replica\] with to and secret_file$/,
    ],
    [
      route('via = "smtp://h"', 'durability = "disk"'),
      /durability = "disk": must be one of "spool", "replicated", "next_hop"$/,
    ],
    [route('via = "maildir:out"', NEXT), /durability = "next_hop": maildir: has no reply/],
    [
      route('via = "smtps://h"', 'tls = "required"', FORWARD),
      /forward_login = true: needs durability = "next_hop"/,
    ],
    [
      route('via = "smtp://h"', NEXT, FORWARD),
      /forward_login = true: needs tls = "required", .* it is "opportunistic"/,
    ],
    [
      route('via = "smtp://h"', 'tls = "encrypt"', NEXT, FORWARD),
      /forward_login = true: needs tls = .* it is "encrypt"/,
    ],
    [
      route('via = "mx"', 'tls = "required"', NEXT, FORWARD),
      /forward_login = true: works only with smtp:, smtps: and srv:/,
    ],
    [
      route('via = "lmtp://h:24"', 'tls = "required"', NEXT, FORWARD),
      /forward_login = true: works only with/,
    ],
    [
      route('via = "smtps://h"', 'username = "u"', 'password = "hush"', NEXT, FORWARD),
      /forward_login = true: the route has a login of its own/,
    ],
    [
      NONE + route('via = "smtp://h"'),
      /route\[1\]\.durability: must be "next_hop": there is no spool/,
    ],
    [
      `${NONE}[extensions]\nfuture_release = true\n${route('via = "smtp://h"', NEXT)}`,
      /extensions\.future_release = true: needs a spool/,
    ],
    [
      `${NONE}[extensions]\ndeliver_by = true\n${route('via = "smtp://h"', NEXT)}`,
      /extensions\.deliver_by = true: needs a spool/,
    ],
    [
      `${NONE}[holds]\ngrace_seconds = 10\n${route('via = "smtp://h"', NEXT)}`,
      /holds\.grace_seconds = 10: needs a spool/,
    ],
    [
      `${NONE}[next_hop]\ntls_reports = true\n${route('via = "smtp://h"', NEXT)}`,
      /next_hop\.tls_reports = true: needs a spool/,
    ],
    [
      '[spool]\nurl = "nowhere"\n' + route('via = "smtp://h"', NEXT),
      /spool\.url = "nowhere": must be .* or "none"/,
    ],
    [
      route('via = "smtps://h"', 'tls = "required"', NEXT, FORWARD) +
      '[[route]]\nto = "a.example"\nvia = "smtps://h"\ntls = "required"\ndurability = "next_hop"\n',
      /route\[2\]\.via = .*: another route goes to the same hop with other tls, ca, password or forward_login/,
    ],
  ] as ReadonlyArray<readonly [string, RegExp]>
) {
  Deno.test(`parseConfig() says what is wrong with ${JSON.stringify(text.slice(0, 100))}: ${want.source.slice(0, 30)}`, () => {
    const r = parse(text);
    assert.equal(r._tag, "Invalid");
    const told = r._tag === "Invalid" ? r.problems.map(printProblem) : [];
    assert.ok(told.some((p) => want.test(p)), told.join("\n"));
    assert.ok(!told.join().includes("hush"));
  });
}
