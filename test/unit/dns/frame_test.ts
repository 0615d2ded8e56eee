import assert from "node:assert/strict";
import fc from "fast-check";
import { framed, Frames } from "../../../lib/dns/frame.ts";

Deno.test("Frames gives back what framed() wrote, however the stream is split", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 5 });
  fc.assert(fc.property(messages, fc.integer({ min: 1, max: 700 }), (all, size) => {
    const stream = all.flatMap((m) => [...framed(m)]);
    const frames = new Frames();
    const got: Array<Array<number>> = [];
    for (let at = 0; at < stream.length; at += size) {
      frames.push(Uint8Array.from(stream.slice(at, at + size)));
      for (let m; (m = frames.next()) !== null;) got.push([...m]);
    }
    assert.deepEqual(got, all.map((m) => [...m]));
    assert.equal(frames.next(), null);
  }));
});
