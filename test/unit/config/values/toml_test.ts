import assert from "node:assert/strict";
import fc from "fast-check";
import { locate, parseToml } from "../../../../lib/config/values/toml.ts";

const TEXT = `# comment with key = 1
hostname = "a"
[listen]
submission = [
  "127.0.0.1:587",
]
tls.certificate = "x"
[[route]]
to = "*"
[[route]]
"via" = """
to = "not a key"
"""
to = "b"
[ a . "b c" ]
d = 1
inline = { x = 1 }
`;

for (
  const [path, line] of [
    [["hostname"], 2],
    [["listen"], 3],
    [["listen", "submission"], 4],
    [["listen", "submission", 0], 4],
    [["listen", "submissions"], 3],
    [["listen", "tls", "certificate"], 7],
    [["route"], 8],
    [["route", 0, "to"], 9],
    [["route", 0, "via"], 8],
    [["route", 1], 10],
    [["route", 1, "via"], 11],
    [["route", 1, "to"], 14],
    [["a", "b c", "d"], 16],
    [["a", "b c", "inline", "x"], 17],
    [["key"], null],
    [["nowhere", "at", "all"], null],
  ] as const
) {
  Deno.test(`locate() finds ${path.join(".")} on line ${line}`, () => {
    assert.equal(locate(TEXT)(path), line);
  });
}

Deno.test("parseToml() says line and column of a fault and quotes nothing of the text", () => {
  const result = parseToml('hostname = "a"\npassword = hunter2\n');
  assert.equal(result._tag, "Broken");
  if (result._tag === "Broken") {
    assert.deepEqual([result.line, result.column], [2, 12]);
    assert.match(result.message, /^not valid TOML: /);
    assert.ok(!result.message.includes("hunter2"));
  }
});

Deno.test("parseToml() takes a byte order mark", () => {
  const result = parseToml("\ufeffa = 1");
  assert.equal(result._tag === "Document" ? result.value["a"] : null, 1);
});

Deno.test("parseToml() and locate() never throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (s) => {
    parseToml(s);
    locate(s)(["a", 0]);
  }));
  fc.assert(fc.property(fc.stringMatching(/^[\[\]"'=.a\n ]{0,40}$/), (s) => {
    parseToml(s);
    locate(s)(["a", 0]);
  }));
});
