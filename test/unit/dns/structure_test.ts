/** threats.md rows 32 and 34: whatever the octets, they are refused before a decoder sees them. RFC 9267 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
// @ts-types="npm:@types/dns-packet@5.6.5"
import dnsPacket, { type Answer } from "dns-packet";
import fc from "fast-check";
import { type Query, readAnswer } from "../../../lib/dns/message.ts";
import { wellFormed } from "../../../lib/dns/structure.ts";
import type { RecordType } from "../../../lib/ports/dns.ts";

const name = "example.org";
const all: Readonly<Record<RecordType, readonly [Answer, unknown]>> = {
  A: [{ type: "A", name, ttl: 1, data: "192.0.2.1" }, "192.0.2.1"],
  AAAA: [{ type: "AAAA", name, ttl: 1, data: "2001:db8::1" }, "2001:db8::1"],
  CNAME: [{ type: "CNAME", name, ttl: 1, data: "B.test" }, "b.test"],
  NS: [{ type: "NS", name, ttl: 1, data: "ns.test" }, "ns.test"],
  PTR: [{ type: "PTR", name, ttl: 1, data: "p.test" }, "p.test"],
  MX: [{ type: "MX", name, ttl: 1, data: { preference: 7, exchange: "." } }, {
    preference: 7,
    exchange: "",
  }],
  SRV: [
    { type: "SRV", name, ttl: 1, data: { priority: 1, weight: 2, port: 3, target: "s.test" } },
    { priority: 1, weight: 2, port: 3, target: "s.test" },
  ],
  TXT: [{ type: "TXT", name, ttl: 1, data: ["a", "é"] }, ["a", "Ã©"]],
  SOA: [
    {
      type: "SOA",
      name,
      ttl: 1,
      data: {
        mname: "m.test",
        rname: "r.test",
        serial: 1,
        refresh: 2,
        retry: 3,
        expire: 4,
        minimum: 5,
      },
    },
    { mname: "m.test", rname: "r.test", serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
  ],
  TLSA: [
    {
      type: "TLSA",
      name,
      ttl: 1,
      data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from("abcd", "hex") },
    },
    { usage: 3, selector: 1, matching: 1, data: "abcd" },
  ],
  DS: [
    {
      type: "DS",
      name,
      ttl: 1,
      data: { keyTag: 7, algorithm: 13, digestType: 2, digest: Buffer.from("abcd", "hex") },
    },
    { keyTag: 7, algorithm: 13, digestType: 2, digest: "abcd" },
  ],
  CAA: [
    { type: "CAA", name, ttl: 1, data: { flags: 128, tag: "issue", value: "ca.test" } },
    { flags: 128, tag: "issue", value: "ca.test" },
  ],
};
const types = Object.keys(all) as ReadonlyArray<RecordType>;

const queryOf = (type: RecordType): Query => ({
  id: 1,
  name,
  type,
  recursion: true,
  edns: true,
  unchecked: false,
});

const answerOf = (type: RecordType, answers: Array<Answer> = [all[type][0]]): Uint8Array =>
  dnsPacket.encode({ type: "response", id: 1, questions: [{ type, name }], answers });

for (const type of types) {
  Deno.test(`readAnswer() reads ${type}`, () => {
    const said = readAnswer(answerOf(type), queryOf(type));
    assert.ok(said?._tag === "Records");
    assert.deepEqual(said.records, [all[type][1]]);
  });
}

/** An answer with one record, its data as given, `length` as its RDLENGTH says. */
const raw = (type: number, data: ReadonlyArray<number>, length = data.length): Uint8Array =>
  Uint8Array.from([
    ...[0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0],
    ...[1, 0x61, 0, 0, type, 0, 1],
    ...[0xc0, 12, 0, type, 0, 1, 0, 0, 0, 9, length >> 8, length & 255],
    ...data,
  ]);

const hostile: ReadonlyArray<readonly [string, Uint8Array]> = [
  ["a pointer to itself", raw(5, [0xc0, 31])],
  ["a pointer forwards", raw(5, [0xc0, 33, 0, 0])],
  ["a pointer into the header", raw(5, [0xc0, 4])],
  ["two pointers at each other", raw(15, [0, 1, 0xc0, 35, 0xc0, 33])],
  ["a name that ends nowhere", raw(5, [3, 0x61])],
  ["a label of a kind that is not in use", raw(5, [0x41, 0x61, 0])],
  ["a dot inside a label", raw(5, [3, 0x61, 0x2e, 0x62, 0])],
  ["a NUL inside a label", raw(5, [2, 0x61, 0, 0])],
  ["a name above 255 octets", raw(5, [...Array(5).fill([63, ...Array(63).fill(0x61)]).flat(), 0])],
  ["an A of three octets", raw(1, [1, 2, 3])],
  ["an A of five octets", raw(1, [1, 2, 3, 4, 5])],
  ["an A of none", raw(1, [])],
  ["an AAAA of four octets", raw(28, [1, 2, 3, 4])],
  ["an MX without exchange", raw(15, [0, 1])],
  ["an MX with more behind its name", raw(15, [0, 1, 0, 0])],
  ["an SRV cut short", raw(33, [0, 0, 0, 0, 0])],
  ["an SRV of no octets", raw(33, [])],
  ["a TXT whose string is longer than the record", raw(16, [5, 0x61])],
  ["a TXT without a string", raw(16, [])],
  ["an SOA without numbers", raw(6, [0, 0])],
  ["a TLSA without data", raw(52, [3, 1, 1])],
  ["a DS without digest", raw(43, [0, 7, 13, 2])],
  ["record data that ends behind the message", raw(1, [1, 2, 3, 4], 400)],
  ["record data shorter than it says", raw(16, [1, 0x61], 1)],
  ["octets behind the last record", Uint8Array.from([...raw(1, [1, 2, 3, 4]), 0])],
  [
    "counts that promise more",
    (() => {
      const m = raw(1, [1, 2, 3, 4]);
      m[7] = 2;
      m[8] = 0xff;
      return m;
    })(),
  ],
  [
    "two questions",
    (() => {
      const m = raw(1, [1, 2, 3, 4]);
      m[5] = 2;
      return m;
    })(),
  ],
  ["nothing at all", new Uint8Array()],
  ["half a header", new Uint8Array(7)],
];
for (const [what, octets] of hostile) {
  Deno.test(`wellFormed() refuses ${what}`, () => assert.equal(wellFormed(octets), false));
}

Deno.test("wellFormed() takes what is in order, and data of types that it does not know", () => {
  assert.ok(wellFormed(raw(1, [1, 2, 3, 4])));
  assert.ok(wellFormed(raw(99, [0xc0, 0xff, 1])));
});

Deno.test("wellFormed() takes a chain of 127 pointers backwards and no longer one", () => {
  const chain = (n: number): Uint8Array => {
    const head = [0, 1, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0x61, 0, 0, 1, 0, 1];
    const at = head.length + 11;
    const links = Array.from({ length: n }, (_, i) => i === 0 ? 12 : at + 2 * (i - 1))
      .flatMap((to) => [0xc0 | (to >> 8), to & 255]);
    const last = at + 2 * (n - 1);
    const first = [0, 0, 99, 0, 1, 0, 0, 0, 9, links.length >> 8, links.length & 255, ...links];
    const end = [0xc0 | (last >> 8), last & 255, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4];
    return Uint8Array.from([...head, ...first, ...end]);
  };
  assert.ok(wellFormed(chain(126)));
  assert.equal(wellFormed(chain(128)), false);
});

const damaged = fc.tuple(
  fc.constantFrom(...types),
  fc.array(fc.constantFrom(...types), { maxLength: 4 }),
  fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 8 }),
  fc.nat(400),
).map(([type, more, edits, cut]) => {
  const octets = Uint8Array.from(answerOf(type, [type, ...more].map((t) => all[t][0])));
  for (const [at, value] of edits) if (at < octets.length) octets[at] = value;
  return [
    type,
    octets.subarray(0, Math.max(12, octets.length - (cut > 300 ? cut - 300 : 0))),
  ] as const;
});

Deno.test("readAnswer() never throws past us on a damaged answer of any type", () => {
  fc.assert(
    fc.property(damaged, ([type, octets]) => {
      const said = readAnswer(octets, queryOf(type));
      assert.ok(said === null || typeof said._tag === "string");
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("readAnswer() is done with 64 KiB of hostile octets in no time", () => {
  const octets = new Uint8Array(65_535);
  octets.set([0, 1, 0x81, 0x80, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0x61, 0, 0, 1, 0, 1]);
  for (let i = 19; i + 12 <= octets.length; i += 12) {
    octets.set([0xc0, 12, 0, 99, 0, 1, 0, 0, 0, 9, 0, 0], i);
  }
  const since = performance.now();
  for (let i = 0; i < 20; i++) readAnswer(octets, queryOf("A"));
  assert.ok(performance.now() - since < 5_000);
});
