/** Address lists that this parser takes, read by Python's `email` too: both find the same mailboxes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseAddressList } from "../../../lib/message/address_list.ts";

const SCRIPT = `
import json, sys
from email import policy
from email.parser import BytesParser
out = []
for value in json.load(sys.stdin):
    m = BytesParser(policy=policy.default).parsebytes(b"To: " + value.encode() + b"\\r\\n\\r\\n")
    out.append([[a.username, a.domain] for a in m["To"].addresses])
print(json.dumps(out))
`;

const python = async (values: ReadonlyArray<string>): Promise<ReadonlyArray<unknown>> => {
  const child = new Deno.Command("python3", {
    args: ["-c", SCRIPT],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(values)));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const text = new TextDecoder();
  if (stdout.length === 0) throw new Error(text.decode(stderr));
  const said: unknown = JSON.parse(text.decode(stdout));
  return Array.isArray(said) ? said : [];
};

const there = await python([]).then(() => true, () => false);

const word = fc.stringMatching(/^[a-z0-9!#$%&'*+/=?^_-]{1,6}$/);
const local = fc.oneof(
  word,
  fc.tuple(word, word).map(([a, b]) => `${a}.${b}`),
  fc.tuple(word, word).map(([a, b]) => `"${a} ${b}"`),
  fc.tuple(word, word).map(([a, b]) => `"${a}@${b}"`),
);
const domain = fc.tuple(
  fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/),
  fc.constantFrom("example", "net"),
)
  .map(([a, b]) => `${a}.${b}`);
const spec = fc.tuple(local, domain).map(([l, d]) => `${l}@${d}`);
const comment = fc.constantFrom("", " (x@evil.example)", " (a (b) c)");
const named = fc.tuple(
  fc.constantFrom("Bob", '"Bob, B."', "=?utf-8?q?B=40b?=", '"x@evil.example"', "A B"),
  spec,
  comment,
).map(([n, s, c]) => `${n} <${s}>${c}`);
const mailbox = fc.oneof(fc.tuple(spec, comment).map(([s, c]) => s + c), named);
const group = fc.array(mailbox, { maxLength: 3 }).map((m) => `Team: ${m.join(", ")};`);
const list = fc.array(fc.oneof(mailbox, group), { minLength: 1, maxLength: 4 })
  .map((a) => a.join(",\r\n "));

Deno.test({
  name: "parseAddressList() finds the mailboxes that Python's email finds",
  ignore: !there,
  fn: async () => {
    const values = fc.sample(list, { numRuns: 400, seed: 7 });
    const said = await python(values);
    for (const [i, value] of values.entries()) {
      const read = parseAddressList(value, 100);
      assert.ok(typeof read !== "string", `${value}: ${String(read)}`);
      assert.deepEqual(
        read.mailboxes.map((m) => [m.local, m.domain.text]),
        said[i],
        value,
      );
    }
  },
});
