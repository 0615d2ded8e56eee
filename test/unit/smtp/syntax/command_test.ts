import assert from "node:assert/strict";
import fc from "fast-check";
import { readCommand, readParameters } from "../../../../lib/smtp/syntax/command.ts";

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
