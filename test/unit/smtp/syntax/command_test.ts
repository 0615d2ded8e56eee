import assert from "node:assert/strict";
import fc from "fast-check";
import { escapeName, readCommand, readParameters } from "../../../../lib/smtp/syntax/command.ts";

for (
  const [line, verb, argument] of [
    ["NOOP", "NOOP", ""],
    ["eHlO x  ", "EHLO", "x"], // SMTP-04
    ["quit \t ", "QUIT", ""],
    ["rset\t", "RSET", ""],
    ["MAIL FROM:<a@b.example> SIZE=1 ", "MAIL", "FROM:<a@b.example> SIZE=1"],
    ["NOOP  two blanks", "NOOP", " two blanks"],
    ["", null, ""],
    [" NOOP", null, "NOOP"],
    ["FOO bar", null, "bar"],
    ["NOOPX", null, ""],
    ["MAIL\tFROM:<>", null, ""],
    ["constructor", null, ""],
    // their upper case is ASCII
    ["QU\u0131T", null, ""],
    ["R\u017fET", null, ""],
  ] as const
) {
  Deno.test(`readCommand() reads ${JSON.stringify(line)} as ${verb}`, () => {
    assert.deepEqual(readCommand(line), { verb, argument });
  });
}

for (
  const [rest, want] of [
    ["", []],
    [" ", []],
    [" SIZE=10", [["SIZE", "10"]]],
    ["  size=10   body=8BITMIME ", [["SIZE", "10"], ["BODY", "8BITMIME"]]],
    [" SMTPUTF8", [["SMTPUTF8", null]]],
    [" SIZE=1 SIZE=2", [["SIZE", "1"], ["SIZE", "2"]]],
    [" AUTH=<>", [["AUTH", "<>"]]],
    [" X-1=ü", [["X-1", "ü"]]],
    ["SIZE=10", null],
    [" SIZE=", null],
    [" =1", null],
    [" A=b=c", null],
    [" -A=b", null],
    [" A_B=c", null],
    [" A=b\tC=d", null],
    [" ü=1", null],
  ] as const
) {
  Deno.test(`readParameters() reads ${JSON.stringify(rest)}`, () => {
    assert.deepEqual(
      readParameters(rest),
      want === null ? null : want.map(([name, value]) => ({ name, value })),
    );
  });
}

Deno.test("readCommand() and readParameters() take any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), (s) => {
    const { argument } = readCommand(s);
    assert.equal(argument, argument.trimEnd());
    for (const p of readParameters(s) ?? []) assert.equal(p.name, p.name.toUpperCase());
  }));
});

for (
  const [name, want] of [
    ["pc.example.net", "pc.example.net"],
    ["M\u00dcLLER-PC", "M\\x{DC}LLER-PC"],
    ["M\x9aLLER-PC", "M\\x{9A}LLER-PC"],
    ["\u6211\u{1f4bb}", "\\x{6211}\\x{1F4BB}"],
    ["a\u0085\u2028\u202eb", "a\\x{85}\\x{2028}\\x{202E}b"],
    ["\ud800", "\\x{D800}"],
  ] as const
) {
  Deno.test(`escapeName() writes ${JSON.stringify(name)} in ASCII. SMTP-09`, () => {
    assert.equal(escapeName(name), want);
  });
}
