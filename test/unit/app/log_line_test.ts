import assert from "node:assert/strict";
import { Cause, Data } from "effect";
import { GatheredLines } from "../../../lib/app/log_layer.ts";
import { jsonLine, logFmtLine } from "../../../lib/app/log_line.ts";

class Fault extends Data.TaggedError("Fault")<{ readonly cause: unknown }> {}

const event = (message: unknown, cause: Cause.Cause<unknown> = Cause.empty) => ({
  date: new Date(0),
  level: "Info",
  message,
  cause,
});
const HEAD = "timestamp=1970-01-01T00:00:00.000Z level=INFO message=";

const circular: Record<string, unknown> = {};
circular["a"] = { b: { c: circular } };

for (
  const [name, message, want] of [
    ["a text alone", ["good"], "good"],
    [
      "text and facts",
      ["message delivered", { id: "a1", size: 12, ok: true }],
      '"message delivered" id=a1 size=12 ok=true',
    ],
    ["nothing for what is absent", ["m", { a: null, b: undefined, c: "" }], 'm c=""'],
    ["records in records flat", ["m", { a: { b: { c: 1 } } }], "m a.b.c=1"],
    ["lists", ["m", { to: ["a@b.example", "c@d.example"] }], 'm to="a@b.example, c@d.example"'],
    ["a time", ["m", { next: new Date(1000) }], "m next=1970-01-01T00:00:01.000Z"],
    ["errors with what is behind them", ["m", {
      fault: new Fault({ cause: new Error("disk full") }),
    }], 'm fault="Fault: Error: disk full"'],
    [
      "line ends, quotes and escapes",
      ["m", { login: 'x\r\nlevel=ERROR message="forged"\x1b[2J' }],
      'm login="x\\r\\nlevel=ERROR message=\\"forged\\"\\u001b[2J"',
    ],
    [
      "C1 and bidi characters",
      ["m", { to: "a\u202eb\u0085c\u2028d" }],
      'm to="a\\u202eb\\u0085c\\u2028d"',
    ],
    ["letters of every script as they are", ["m", { to: "jörg" }], 'm to="jörg"'],
    [
      "no second message or level",
      ["m", { message: "x", level: "y", timestamp: "z" }],
      "m the_message=x the_level=y the_timestamp=z",
    ],
    ["no key of somebody else's", ["m", { "a b=c": "x" }], "m unnamed=x"],
    ["an equals sign in quotes", ["m", { a: "b=c" }], 'm a="b=c"'],
  ] as ReadonlyArray<readonly [string, ReadonlyArray<unknown>, string]>
) {
  Deno.test(`logFmtLine() writes ${name}`, () => {
    assert.equal(logFmtLine(event(message)), HEAD + want);
  });
}

Deno.test("logFmtLine() and jsonLine() end, whatever is told", () => {
  for (const told of [circular, "x".repeat(1e6), Symbol("s"), () => 1, 10n, NaN]) {
    for (const render of [logFmtLine, jsonLine]) {
      assert.match(render(event(["m", { told }])), /^[^\n]{1,5000}$/);
    }
  }
});

Deno.test("logFmtLine() puts a stack trace on the line", () => {
  const line = logFmtLine(event(["a bug"], Cause.die(new Error("oh\nno"))));
  assert.match(line, /^[^\n]* message="a bug" cause="Error: oh\\nno\\n {4}at /);
});

Deno.test("jsonLine() is one flat object without characters that act", () => {
  const line = jsonLine(
    event(["message held", { id: "a", hold: { until: 5 }, reason: "a\u202eb\nc" }]),
  );
  assert.doesNotMatch(line, /[\n\u202e]/);
  assert.deepEqual(JSON.parse(line), {
    timestamp: "1970-01-01T00:00:00.000Z",
    level: "INFO",
    message: "message held",
    id: "a",
    "hold.until": 5,
    reason: "a\u202eb\nc",
  });
});

Deno.test("GatheredLines writes what waits together, and at once what may not", () => {
  const written: Array<string> = [];
  const lines = new GatheredLines((text) => written.push(text));
  lines.add("a", true);
  lines.add("b", true);
  assert.deepEqual(written, []);
  lines.add("c", false);
  assert.deepEqual(written, ["a\nb\nc\n"]);
  lines.add("x".repeat(70_000), true);
  assert.equal(written.length, 2);
  lines.add("d", true);
  lines.flush();
  lines.flush();
  assert.deepEqual(written.slice(2), ["d\n"]);
});
