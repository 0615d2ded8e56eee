import assert from "node:assert/strict";
import { changedDefaults, renamed } from "../../../../lib/config/read/changed.ts";
import { parseConfig } from "../../../../lib/config/read/parse.ts";
import { configFile } from "../../../../lib/config/schema/schema.ts";
import { locate, parseToml } from "../../../../lib/config/values/toml.ts";
import { alice, mailbox } from "../../../support/submissions.ts";

const MINIMAL = `hostname = "msa.example.com"
[listen]
submission = ["127.0.0.1:587"]
[tls]
certificate = "c.pem"
key = "k.pem"
[[route]]
to = "*"
via = "maildir:out"
`;

const sourceOf = (text: string) => {
  const toml = parseToml(text);
  return {
    file: "/p.toml",
    document: toml._tag === "Document" ? toml.value : {},
    lineOf: locate(text),
  };
};

const bob = { ...alice, id: "bob@example.net", primary: mailbox("bob@example.net"), aliases: [] };
const elsewhere = { ...bob, primary: mailbox("carol@example.org") };

for (
  const [what, text, accounts, want] of [
    ["nobody", MINIMAL, [], []],
    ["who is alone and has no alias", MINIMAL, [bob], []],
    ["accounts of different domains", MINIMAL, [bob, elsewhere], []],
    ["colleagues, and those with aliases", MINIMAL, [alice, bob], [
      "rights.header_check alice@example.net, bob@example.net can",
      "headers.sender_match concerns alice@example.net;",
    ]],
    [
      "who set the keys",
      `${MINIMAL}[rights]\nheader_check = "every"\n[headers]\nsender_match = "rights"\n`,
      [
        alice,
        bob,
      ],
      [],
    ],
    [
      "many by some of their names",
      `${MINIMAL}[headers]\nsender_match = "rights"\n`,
      Array(9).fill(bob),
      [
        `rights.header_check ${Array(5).fill("bob@example.net").join(", ")} and 4 more can`,
      ],
    ],
  ] as const
) {
  Deno.test(`changedDefaults() names ${what}`, () => {
    const got = changedDefaults(sourceOf(text), accounts).filter((p) =>
      p.key !== "rights.name_address" // concerns whoever sends
    ).map((p) =>
      `${p.key} ${
        /(?:[^ ]*, )*[^ ,]+(?: and \d+ more)? can(?= no)|concerns [^;]*;/.exec(p.message)?.[0]
      }`
    );
    assert.deepEqual(got, [...want]);
  });
}

Deno.test("changedDefaults() tells of name_address where there are several accounts and the key is absent", () => {
  const told = (text: string, accounts: ReadonlyArray<typeof bob>) =>
    changedDefaults(sourceOf(text), accounts).some((p) =>
      p.key === "rights.name_address" && p.message.includes('"off" brings that back')
    );
  assert.ok(told(MINIMAL, [bob, elsewhere]));
  assert.ok(!told(MINIMAL, [bob]));
  assert.ok(!told(`${MINIMAL}[rights]\nname_address = "local"\n`, [bob, elsewhere]));
});

Deno.test("header_check = strict is read as one, with a notice; the default says nothing", () => {
  const read = (text: string) => {
    const r = parseConfig(text, "/p.toml", () => ({ fault: "none" }));
    assert.ok(r._tag === "Valid", JSON.stringify(r));
    return [r.config.rights.checks?.header, r.config.notices.map((p) => `${p.line} ${p.value}`)];
  };
  assert.deepEqual(read(MINIMAL), ["every", []]);
  assert.deepEqual(read(`${MINIMAL}[rights]\nheader_check = "one"\n`), ["one", []]);
  const text = `${MINIMAL}[rights]\nheader_check = "strict"\n`;
  assert.deepEqual(read(text), ["one", ['11 "strict"']]);
  const source = sourceOf(text);
  assert.match(
    renamed(source, configFile.parse(source.document))[0]?.message ?? "",
    /read as "one"/,
  );
});
