import assert from "node:assert/strict";
import { pour, prepare, type Sink } from "../../../../lib/relay/session/content.ts";
import { octets, text } from "../../../support/octets.ts";

async function* chunks(...parts: ReadonlyArray<string>): AsyncGenerator<Uint8Array> {
  for (const p of parts) yield await Promise.resolve(octets(p));
}

Deno.test("prepare() makes one piece of a small message", async () => {
  const { content } = await prepare(chunks("A: b\r\n\r\n", ".x\r\n"), false);
  assert.equal(content._tag === "Whole" && text(content.octets), "A: b\r\n\r\n..x\r\n.\r\n");
});

for (const c of [["a bare LF", "a\nb\r\n"], ["a bare CR", "a\rb\r\n"], ["nothing", ""]] as const) {
  Deno.test(`prepare() finds ${c[0]} unfit`, async () => {
    assert.equal((await prepare(chunks(c[1]), false)).content._tag, "Unfit");
  });
}

for (
  const [name, parts, want] of [
    ["in the header", ["A: \xc3\xbc\r\n\r\nb"], true],
    ["in the body only", ["A: b\r", "\n\r", "\n\xc3\xbc\r\n"], false],
  ] as const
) {
  Deno.test(`prepare() tells 8-bit octets ${name}`, async () => {
    assert.equal((await prepare(chunks(...parts), true)).eightBitHeader, want);
  });
}

const large = "line of text\r\n".repeat(20_000);

const poured = async (parts: ReadonlyArray<string>, over: () => boolean = () => false) => {
  const { content } = await prepare(chunks(...parts), false);
  assert.ok(content._tag === "Stream");
  let sent = "";
  const sink: Sink = {
    write: (o) => {
      sent += text(o);
      return false;
    },
    drained: () => Promise.resolve(),
    flushed: () => true,
    progress: () => {},
    over,
  };
  return { how: await pour(content, sink), sent };
};

Deno.test("pour() writes a large message and its end mark", async () => {
  const { how, sent } = await poured([large, ".x", "\r\n"]);
  assert.equal(how, "sent");
  assert.ok(sent === `${large}..x\r\n.\r\n`);
});

Deno.test("pour() writes no end mark behind a bare LF", async () => {
  const { how, sent } = await poured([large, "a\nb\r\n"]);
  assert.equal(how, "unfit");
  assert.ok(!sent.includes("\r\n.\r\n"));
});

Deno.test("pour() stops where the link is gone", async () => {
  assert.equal((await poured([large, "x\r\n"], () => true)).how, "gone");
});

for (const [once, flushed] of [[true, true], [true, false], [false, true]] as const) {
  Deno.test(`pour() gives octets back only where nobody reads them again and they are out: ${once}, ${flushed}`, async () => {
    const parts = [octets(large), octets(large)];
    const source = async function* () {
      yield* await Promise.resolve(parts);
    };
    const { content } = await prepare(source(), false, once);
    assert.ok(content._tag === "Stream");
    let sent = 0;
    await pour(content, {
      write: (o) => {
        sent += o.length;
        return true;
      },
      drained: () => Promise.resolve(),
      flushed: () => flushed,
      progress: () => {},
      over: () => false,
    });
    assert.equal(sent, 2 * large.length + 3);
    const left = parts.map((p) => p.length);
    assert.deepEqual(left, once && flushed ? [0, 0] : [large.length, large.length]);
  });
}
