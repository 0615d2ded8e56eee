import assert from "node:assert/strict";
import { Duration, Redacted } from "effect";
import { parseConfig } from "../../../../lib/config/read/parse.ts";
import { LEAST, loadConfigText } from "../../../support/config_text.ts";

const parse = (replica: string, more = "") =>
  parseConfig(
    `${LEAST}${more}[replica]\n${replica}`,
    "/etc/postern.toml",
    (path) => path === "/etc/key" ? { text: "s3cret\n" } : { fault: `${path}: not there` },
  );

Deno.test("[replica] is off unless there is a second server", () => {
  assert.equal(loadConfigText("").replica, null);
});

Deno.test("[replica] names who keeps copies, and whose are kept", () => {
  const r = parse(
    'to = "two.example.com:4650"\nca = "ca.pem"\nlisten = ["[::]:4650"]\nnodes = ["Two.example.com"]\nsecret_file = "key"',
    'durability = "replicated"\n',
  );
  assert.ok(r._tag === "Valid");
  const { replica, routes } = r.config;
  assert.ok(replica !== null);
  assert.deepEqual(replica.to, { host: "two.example.com", port: 4650 });
  assert.deepEqual([replica.ca, replica.nodes], ["/etc/ca.pem", ["two.example.com"]]);
  assert.equal(Redacted.value(replica.secret), "s3cret");
  assert.equal(Duration.toSeconds(replica.wait), 30);
  assert.deepEqual(routes.map((x) => x.replicated), [true]);
});

for (
  const [toml, key] of [
    ['secret_file = "key"', "replica.to"],
    ['to = "two.example.com:4650"', "replica.secret_file"],
    ['to = "two.example.com:4650"\nsecret_file = "none"', "replica.secret_file"],
    ['to = "two.example.com"\nsecret_file = "key"', "replica.to"],
    ['to = "two.example.com:0"\nsecret_file = "key"', "replica.to"],
    ['listen = ["[::]:4650"]\nsecret_file = "key"', "replica.listen"],
    [
      'to = "two.example.com:4650"\nnodes = ["one.example.com"]\nsecret_file = "key"',
      "replica.nodes",
    ],
    [
      'listen = ["[::]:4650"]\nnodes = ["msa.example.com"]\nsecret_file = "key"',
      "replica.nodes",
    ],
    ['listen = ["[::]:4650"]\nnodes = ["one"]\nsecret_file = "key"', "replica.nodes[1]"],
    [
      'listen = ["[::]:4650"]\nnodes = ["one.example.com"]\nca = "x"\nsecret_file = "key"',
      "replica.ca",
    ],
    ['to = "two.example.com:4650"\nsecret_file = "key"\nwait_seconds = -1', "replica.wait_seconds"],
  ] as const
) {
  Deno.test(`[replica] ${toml.replaceAll("\n", " ")} is wrong at ${key}`, () => {
    const r = parse(toml);
    assert.ok(r._tag === "Invalid");
    assert.deepEqual(r.problems.map((p) => p.key), [key]);
  });
}
