import assert from "node:assert/strict";
import fc from "fast-check";
import {
  latin1,
  negotiated,
  negotiation,
  octetsOf,
  packet,
  PacketFault,
  PacketReader,
  said,
  strings,
} from "../../../lib/filter/packets.ts";

const LETTERS = "acdfhimpqrstyb+-2eO4l";
const aPacket = fc.record({
  letter: fc.constantFrom(...LETTERS),
  data: fc.uint8Array({ maxLength: 300 }),
}, { noNullPrototype: true });

Deno.test("PacketReader: packets come out as they went in, however they are cut", () => {
  fc.assert(
    fc.property(
      fc.array(aPacket, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      (packets, cuts) => {
        const all = packets.flatMap((p) => [...packet(p.letter, p.data)]);
        const reader = new PacketReader();
        const out = [];
        for (let at = 0, i = 0; at < all.length; i++) {
          const n = cuts[i % cuts.length] ?? 1;
          out.push(...reader.push(Uint8Array.from(all.slice(at, at + n))));
          at += n;
        }
        assert.deepEqual(out, packets);
      },
    ),
  );
});

Deno.test("PacketReader, said and negotiated take any octets, or throw PacketFault and nothing else", () => {
  const guarded = (f: () => void): void => {
    try {
      f();
    } catch (e) {
      assert.ok(e instanceof PacketFault, String(e));
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      guarded(() => new PacketReader().push(octets));
    }),
  );
  fc.assert(
    fc.property(aPacket, (p) => {
      guarded(() => said(p));
      guarded(() => void negotiated(p));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("said: a header change never holds a line that begins a field of its own (threats.md row 23)", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("a", ":", " ", "\n", "\r", "\r\n", "Bcc: x", "\t"), {
        maxLength: 12,
      }).map((p) => p.join("")),
      (value) => {
        const s = said({ letter: "h", data: strings("X-Spam", value) });
        assert.ok(s._tag === "Edit" && s.edit._tag === "Add");
        const { edit } = s;
        assert.doesNotMatch(edit.value, /\r(?!\n)|(?<!\r)\n|\r\n(?![ \t])/);
      },
    ),
    { numRuns: 1000 },
  );
});

for (
  const [text, want] of [
    ["550 5.7.1 no", { _tag: "Refuse", reply: { code: 550, detail: "7.1", text: ["no"] } }],
    ["451 4.7.0 wait", { _tag: "Later", reply: { code: 451, detail: "7.0", text: ["wait"] } }],
    ["554", {
      _tag: "Refuse",
      reply: { code: 554, detail: "7.1", text: ["Refused by a filter"] },
    }],
    ["550-5.7.1 one\r\n550 5.7.1 two", {
      _tag: "Refuse",
      reply: { code: 550, detail: "7.1", text: ["one", "two"] },
    }],
    // a class that differs from the code is text
    ["550 4.7.1 odd", { _tag: "Refuse", reply: { code: 550, detail: "7.1", text: ["4.7.1 odd"] } }],
  ] as const
) {
  Deno.test(`said: the reply ${JSON.stringify(text)}`, () => {
    const s = said({ letter: "y", data: strings(text) });
    assert.deepEqual(s, { _tag: "Final", verdict: want });
  });
}

Deno.test("said: a reply that accepts, or is none, is a fault", () => {
  for (const text of ["250 ok", "x", "", "999 no"]) {
    assert.throws(() => said({ letter: "y", data: strings(text) }), PacketFault);
  }
  assert.throws(() => said({ letter: "y", data: octetsOf("550 no end") }), PacketFault);
});

Deno.test("negotiated: what was not offered is a fault", () => {
  const read = (octets: Uint8Array) => new PacketReader().push(octets)[0]!;
  assert.equal(negotiated(read(negotiation(0x1, 0x20))), 0x20);
  assert.throws(() => negotiated(read(negotiation(0x8000, 0))), /actions/);
  assert.throws(() => negotiated(read(negotiation(0, 0x40000000))), /steps/);
  assert.equal(latin1(strings("a\0b", "c")), "ab\0c\0");
});
