import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeQuery, type Query, readAnswer } from "../../../lib/dns/message.ts";

const QUERY: Query = {
  id: 1,
  name: "example.org",
  type: "MX",
  recursion: true,
  edns: true,
  unchecked: false,
};

Deno.test("readAnswer() never throws, whatever the octets", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      readAnswer(octets, QUERY);
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("readAnswer() never throws on a damaged answer, nor takes it for records", () => {
  // a response with the question of ours and counts that lie
  const query = encodeQuery(QUERY);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 12 }),
      fc.uint8Array({ maxLength: 60 }),
      (edits, tail) => {
        const octets = Uint8Array.from([...query, ...tail]);
        octets[2] = 0x81;
        for (const [at, value] of edits) if (at >= 4 && at < octets.length) octets[at] = value;
        const said = readAnswer(octets, QUERY);
        assert.ok(said === null || typeof said._tag === "string");
      },
    ),
    { numRuns: 20_000 },
  );
});

Deno.test("readAnswer() takes a compression loop for trouble", () => {
  const query = encodeQuery({ ...QUERY, id: 7 });
  const answer = Uint8Array.from([...query.subarray(0, 12), 0xc0, 12, 0, 15, 0, 1]);
  answer[2] = 0x81;
  answer.set([0, 1, 0, 0, 0, 0, 0, 0], 4);
  assert.deepEqual(readAnswer(answer, { ...QUERY, id: 7 }), {
    _tag: "Trouble",
    kind: "malformed",
    reason: "malformed answer",
  });
});

Deno.test("readAnswer() does not take our own query for an answer", () => {
  assert.equal(readAnswer(encodeQuery({ ...QUERY, id: 7 }), { ...QUERY, id: 7 }), null);
});
