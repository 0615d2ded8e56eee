/** Frames come out as they went in, in whatever pieces; anything else is refused before it is held. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { BadFrame, frame, FrameReader } from "../../../lib/replica/frames.ts";
import { answered, told } from "../../../lib/replica/words.ts";
import { joined } from "../../../lib/message/release.ts";

const LIMITS = { said: 10_000, octets: 10_000 };

const read = (chunks: Iterable<Uint8Array>, limits = LIMITS) => {
  const reader = new FrameReader(limits);
  const out = [];
  for (const c of chunks) {
    reader.feed(c);
    for (let f = reader.next(); f !== null; f = reader.next()) out.push(f);
  }
  return { out, held: reader.held };
};

const cut = (octets: Uint8Array, sizes: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const out = [];
  let at = 0;
  for (let i = 0; at < octets.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    out.push(octets.subarray(at, at + size));
    at += size;
  }
  return out;
};

Deno.test("FrameReader gives back what frame() made, however the stream is cut", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ said: fc.jsonValue(), octets: fc.uint8Array({ maxLength: 300 }) })),
    fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
    (frames, sizes) => {
      const stream = joined(frames.map((f) => frame(f.said, f.octets)));
      const { out, held } = read(cut(stream, sizes));
      assert.equal(held, 0);
      assert.deepEqual(
        out.map((f) => [JSON.stringify(f.said), [...f.octets]]),
        frames.map((f) => [JSON.stringify(f.said), [...f.octets]]),
      );
    },
  ));
});

Deno.test("FrameReader refuses a frame by its prefix, and what is no JSON", () => {
  const large = frame("x".repeat(20_000)).subarray(0, 8);
  assert.throws(() => read([large]), BadFrame);
  assert.throws(() => read([frame(1, new Uint8Array(20_000)).subarray(0, 8)]), BadFrame);
  assert.throws(() => read([Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0x7b)]), /no JSON/);
  assert.throws(() => read([Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0xff)]), /no JSON/);
  // an HTTP client
  assert.throws(() => read([new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")]), BadFrame);
});

Deno.test("told() and answered() take nothing that has another shape", () => {
  fc.assert(fc.property(
    fc.record({
      t: fc.constantFrom(
        "hello",
        "part",
        "keep",
        "drop",
        "stand",
        "yielded",
        "list",
        "ok",
        "taken",
      ),
      n: fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
      message: fc.jsonValue(),
      standing: fc.jsonValue(),
      ids: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
      which: fc.jsonValue(),
      after: fc.jsonValue(),
    }),
    (said) => {
      for (const w of [told(said), answered(said)]) {
        if (w === null) continue;
        if ("n" in w) assert.ok(Number.isSafeInteger(w.n));
        if (w.t === "keep") assert.ok(Array.isArray(w.message.envelope.recipients));
        if (w.t === "stand") { for (const s of w.standing) assert.match(s.id, /^[\x21-\x7e]+$/); }
        if (w.t === "yielded" || w.t === "taken") {
          for (const id of w.ids) assert.match(id, /^[\x21-\x7e]+$/);
        }
      }
    },
  ));
  for (const v of [null, 1, "hello", [], {}, { t: "hello" }, { t: "ping" }, { t: "ok" }]) {
    assert.deepEqual([told(v), answered(v)], [null, null]);
  }
});
