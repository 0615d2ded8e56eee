import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { printMailbox } from "../../../lib/address/mailbox.ts";
import { readMessageFile, recipientsOf } from "../../../lib/app/message_file.ts";
import { parseConfig } from "../../../lib/config/read/parse.ts";

const parsed = parseConfig(
  `hostname = "a.example"
[listen]
submission = ["127.0.0.1:0"]
[tls]
certificate = "c"
key = "k"
[[route]]
to = "*"
via = "mx"
[limits]
message_bytes = 2000
`,
  "/postern.toml",
  () => ({ fault: "none" }),
);
assert.ok(parsed._tag === "Valid");
const { limits } = parsed.config;

const read = (text: string) => readMessageFile(Buffer.from(text, "latin1"), limits);

for (
  const [name, text, want] of [
    ["line feeds become CRLF", "A: b\n\n.x\ny", {
      verdict: "complete",
      head: "A: b\r\n",
      octets: 7,
    }],
    ["CRLF stays", "A: b\r\n\r\n.x\r\n", { verdict: "complete", head: "A: b\r\n", octets: 4 }],
    ["an end mark inside is text", "A: b\n\n.\nc\n", {
      verdict: "complete",
      head: "A: b\r\n",
      octets: 6,
    }],
    ["a stray line feed shows", "A: b\r\nc\n\r\n\r\n", { verdict: "spoiled" }],
    ["a stray CR shows", "A: b\rc\n\n", { verdict: "spoiled" }],
    ["NUL shows", "A: b\n\n\0\n", { verdict: "spoiled" }],
    ["too much is too much", `A: b\n\n${"x".repeat(3000)}`, { verdict: "tooBig" }],
    ["a header may stand alone", "A: b\n", { verdict: "complete", head: "A: b\r\n", octets: 0 }],
    ["nothing is nothing", "", { verdict: "complete", head: "", octets: 0 }],
  ] as const
) {
  Deno.test(`readMessageFile(): ${name}`, () => {
    const m = read(text);
    assert.equal(m.verdict, want.verdict);
    if ("head" in want) assert.deepEqual([m.head, m.body.octets], [want.head, want.octets]);
  });
}

Deno.test("readMessageFile() keeps every octet of a body with CRLF line ends", () => {
  const line = fc.stringMatching(/^[.a-z ]{0,10}$/);
  fc.assert(fc.property(fc.array(line), (lines) => {
    const body = lines.map((l) => `${l}\r\n`).join("");
    const m = read(`A: b\r\n\r\n${body}`);
    assert.equal(m.verdict, "complete");
    assert.equal(m.body.octets, body.length);
  }));
});

for (
  const [name, head, want] of [
    [
      "To, Cc and Bcc, groups too, each once",
      "To: G: a@b.example, A <c@d.example>;\nCc: c@d.example\nBcc: e@f.example\n",
      ["a@b.example", "c@d.example", "e@f.example"],
    ],
    ["nobody", "From: a@b.example\n", []],
    ["nobody that a broken list names", "To: <<a@b>>\n", null],
    ["nobody that is not fully qualified", "To: bob@sales\n", null],
  ] as const
) {
  Deno.test(`recipientsOf() finds ${name}`, () => {
    const found = recipientsOf(read(`${head}\n`), limits);
    assert.deepEqual(found?.map(printMailbox) ?? null, want);
  });
}
