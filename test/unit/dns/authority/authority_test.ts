import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { respond } from "../../../../lib/dns/authority/authority.ts";
import { networkOf, RateLimit } from "../../../../lib/dns/authority/rate_limit.ts";
import { BadName, encodeName, Reader } from "../../../../lib/dns/wire.ts";
import { BadZone, makeZone, type ZoneSettings } from "../../../../lib/dns/authority/zone.ts";

const SETTINGS: ZoneSettings = {
  name: "_tcp.example.com",
  ns: ["ns1.example.com"],
  mailbox: "hostmaster@example.com",
  serial: 1,
  ttl: 300,
  records: [{
    owner: "_imap._tcp.example.com",
    ttl: 300,
    data: { type: "SRV", priority: 0, weight: 0, port: 0, target: "." },
  }],
};
const ZONES = [makeZone(SETTINGS)];

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const NAME = "055f696d6170045f746370076578616d706c6503636f6d00";
const ask = (octets: Uint8Array) => {
  const reply = respond(ZONES, octets, "udp");
  return reply === null ? null : Buffer.from(reply.octets).toString("hex");
};

Deno.test("respond() V-2: the answer of the ledger, octet for octet", () => {
  assert.equal(
    ask(hex(`0001 0000 0001 0000 0000 0000 ${NAME} 0021 0001`)),
    "000184000001000100000000055f696d6170045f746370076578616d706c6503636f6d0000210001055f696d6170045f746370076578616d706c6503636f6d00002100010000012c000700000000000000",
  );
});

Deno.test("respond() V-6, NS-9, NS-10: an OPT for an OPT; version 1 gets BADVERS and no answer", () => {
  const query = `0001 0000 0001 0000 0000 0001 ${NAME} 0021 0001 00 0029 04d0 00`;
  assert.ok(ask(hex(`${query} 00 8000 0000`))?.endsWith("00002904d0000080000000"));
  const bad = ask(hex(`${query} 01 0000 0000`)) ?? "";
  assert.ok(bad.startsWith("000180000001000000000001"), bad);
  assert.ok(bad.endsWith("00002904d0010000000000"), bad);
});

const OPT = "00 0029 04d0 00 00 8000 0000";
const OPT_ANSWER = "00002904d0000080000000";
for (
  const { name, query, rcode } of [
    { name: "no question", query: `0001 0000 0000 0000 0000 0001 ${OPT}`, rcode: "8001" },
    {
      name: "two questions",
      query: `0001 0000 0002 0000 0000 0001 ${`${NAME} 0021 0001`.repeat(2)} ${OPT}`,
      rcode: "8001",
    },
    {
      name: "a second OPT",
      query: `0001 0000 0001 0000 0000 0002 ${NAME} 0021 0001 ${OPT} ${OPT}`,
      rcode: "8001",
    },
    {
      name: "counts that lie behind it",
      query: `0001 0000 0001 0000 0000 ffff ${NAME} 0021 0001 ${OPT}`,
      rcode: "8001",
    },
    {
      name: "the type of OPT",
      query: `0001 0000 0001 0000 0000 0001 00 0029 0001 ${OPT}`,
      rcode: "8001",
    },
    { name: "NOTIFY, no question", query: `0001 2000 0000 0000 0000 0001 ${OPT}`, rcode: "a004" },
    {
      name: "UPDATE, with what it removes",
      query:
        `0001 2800 0001 0000 0001 0001 ${NAME} 0006 0001 ${NAME} 0021 00ff 00000000 0000 ${OPT}`,
      rcode: "a804",
    },
  ]
) {
  Deno.test(`respond() RFC 6891 §6.1.1: an OPT for an OPT, though what is asked is wrong: ${name}`, () => {
    const got = ask(hex(query)) ?? "";
    assert.equal(got.slice(4, 8), rcode);
    assert.equal(got.slice(20, 24), "0001", "one additional record");
    assert.ok(got.endsWith(OPT_ANSWER), got);
  });
}

Deno.test("respond() NS-10: BADVERS without a question as well", () => {
  const got = ask(hex("0001 0000 0000 0000 0000 0001 00 0029 04d0 00 01 0000 0000"));
  assert.equal(got, "00018000000000000000000100002904d0010000000000");
});

for (
  const { name, query, want } of [
    { name: "shorter than a header", query: "0001 0000 0001", want: null },
    { name: "an answer", query: `0001 8000 0001 0000 0000 0000 ${NAME} 0021 0001`, want: null },
    { name: "no question", query: "0001 0000 0000 0000 0000 0000", want: "0001800100" },
    {
      name: "two questions",
      query: `0001 0100 0002 0000 0000 0000 ${NAME} 0021 0001 ${NAME} 0021 0001`,
      want: "0001810100",
    },
    { name: "a cut question", query: `0001 0000 0001 0000 0000 0000 055f69`, want: "0001800100" },
    {
      name: "a pointer as question",
      query: "0001 0000 0001 0000 0000 0000 c00c 0021 0001",
      want: "0001800100",
    },
    {
      name: "a label of a kind that there is not",
      query: `0001 0000 0001 0000 0000 0000 40${"61".repeat(64)}00 0021 0001`,
      want: "0001800100",
    },
    {
      name: "a name beyond 255 octets",
      query: `0001 0000 0001 0000 0000 0000 ${`3f${"61".repeat(63)}`.repeat(4)}00 0021 0001`,
      want: "0001800100",
    },
    {
      name: "counts that lie",
      query: `0001 0000 0001 0000 0000 ffff ${NAME} 0021 0001`,
      want: "0001800100",
    },
    {
      name: "two OPT",
      query: `0001 0000 0001 0000 0000 0002 ${NAME} 0021 0001 ${
        "00 0029 04d0 00000000 0000".repeat(2)
      }`,
      want: "0001800100",
    },
    {
      name: "a record whose name points at itself",
      query: `0001 0000 0001 0000 0001 0000 ${NAME} 0021 0001 c028 0001 0001 00000000 0000`,
      want: "0001800100",
    },
    {
      name: "UPDATE",
      query: `0001 2800 0001 0000 0000 0000 ${NAME} 0006 0001`,
      want: "0001a80400",
    },
    {
      name: "NOTIFY",
      query: `0001 2000 0001 0000 0000 0000 ${NAME} 0006 0001`,
      want: "0001a00400",
    },
  ]
) {
  Deno.test(`respond() NS-13, NS-14, NS-19, threats.md row 32: ${name}`, () => {
    const got = ask(hex(query));
    if (want === null) assert.equal(got, null);
    else assert.ok(got?.startsWith(want), got ?? "");
  });
}

Deno.test("respond() never throws, and never sends more over UDP than it may", () => {
  const start = hex(`0001 0000 0001 0000 0000 0001 ${NAME} 0021 0001 00 0029 04d0 00 00 0000 0000`);
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.array(fc.tuple(fc.nat(start.length - 1), fc.nat(255)), { maxLength: 4 }).map((edits) => {
      const out = Uint8Array.from(start);
      for (const [at, o] of edits) out[at] = o;
      return out;
    }),
  );
  fc.assert(
    fc.property(octets, (o) => {
      const reply = respond(ZONES, o, "udp");
      if (reply === null) return;
      assert.ok(reply.octets.length <= 1232);
      assert.deepEqual(reply.octets.subarray(0, 2), Buffer.from(o.subarray(0, 2)));
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("makeZone() NS-18 and what else cannot be served is told", () => {
  const at = (owner: string, data: ZoneSettings["records"][number]["data"]) => ({
    owner,
    ttl: 1,
    data,
  });
  const alias = { type: "CNAME", target: "a.example" } as const;
  for (
    const { records, message } of [
      { records: [at("*._tcp.example.com", alias)], message: /wildcards are not served/ },
      { records: [at("_tcp.example.com", alias)], message: /_tcp\.example\.com: an alias cannot/ },
      {
        records: [at("x._tcp.example.com", { type: "NS", target: "ns.example" })],
        message: /is no part of it/,
      },
    ]
  ) {
    assert.throws(
      () => makeZone({ ...SETTINGS, records }),
      (e) => e instanceof BadZone && message.test(e.message),
    );
  }
});

Deno.test("encodeName() takes 63 octets a label and 255 in all, dots with a backslash", () => {
  assert.deepEqual(encodeName("."), Buffer.from([0]));
  assert.deepEqual(encodeName("a\\.b.c"), Buffer.from("\x03a.b\x01c\x00"));
  assert.throws(() => encodeName("a".repeat(64)), BadName);
  assert.throws(() => encodeName("a..b"), BadName);
  assert.throws(() => encodeName(Array(5).fill("a".repeat(60)).join(".")), BadName);
});

Deno.test("Reader reads names that were written, pointers backwards included", () => {
  const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
  fc.assert(fc.property(fc.array(label, { maxLength: 10 }), (labels) => {
    const wire = encodeName(labels.length === 0 ? "." : labels.join("."));
    const octets = Buffer.concat([wire, Uint8Array.of(0xc0, 0)]);
    const r = new Reader(octets, wire.length);
    assert.deepEqual(r.name(), Buffer.from(wire));
    assert.equal(r.at, octets.length);
  }));
});

Deno.test("networkOf() is the /24 or the /56", () => {
  for (
    const [address, network] of [
      ["192.0.2.77", "192.0.2"],
      ["::ffff:192.0.2.77", "192.0.2"],
      ["2001:db8:1:2ff::1", "2001:db8:1:200"],
      ["2001:db8::1", "2001:db8:0:0"],
      ["::1", "0:0:0:0"],
      ["fe80::1%eth0", "fe80:0:0:0"],
    ]
  ) assert.equal(networkOf(address ?? ""), network);
});

Deno.test("RateLimit NS-17: a burst passes, then every second one is cut, and time heals", () => {
  const limit = new RateLimit(20, 40);
  const at = (now: number) => limit.check("192.0.2.1", "answer", now);
  assert.ok(Array.from({ length: 40 }, () => at(0)).every((v) => v === "send"));
  assert.deepEqual([at(0), at(0), at(0)], ["truncate", "drop", "truncate"]);
  assert.equal(limit.check("192.0.2.200", "answer", 0), "drop"); // same network
  assert.equal(limit.check("192.0.3.1", "answer", 0), "send");
  assert.equal(limit.check("192.0.2.1", "nxdomain", 0), "send");
  assert.equal(at(50), "send");
});
