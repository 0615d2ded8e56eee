import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { readProxyHeader } from "../../../lib/net/proxy_header.ts";

const octets = (s: string) => Uint8Array.from(s, (c) => c.charCodeAt(0));
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const v2 = (command: number, family: number, payload: string) =>
  octets(
    SIGNATURE +
      String.fromCharCode(0x20 | command, family, payload.length >> 8, payload.length & 255) +
      payload,
  );
const IPV4 = "\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x02\x4b";
const IPV6 = "\x20\x01\x0d\xb8" + "\0".repeat(11) + "\x01" + "\0".repeat(15) + "\x01" +
  "\xdc\x04\x02\x4b";

for (
  const c of [
    {
      name: "version 1, IPv4",
      in: octets("PROXY TCP4 192.0.2.7 198.51.100.1 56324 587\r\nEHLO x\r\n"),
      want: "45 192.0.2.7 56324",
    },
    {
      name: "version 1, IPv6",
      in: octets("PROXY TCP6 2001:db8::1 ::1 56324 587\r\n"),
      want: "38 2001:db8::1 56324",
    },
    { name: "version 1, unknown", in: octets("PROXY UNKNOWN ff 1 2 3\r\n220"), want: "24 -" },
    { name: "version 2, IPv4", in: v2(1, 0x11, IPV4), want: "28 192.0.2.7 56324" },
    { name: "version 2, IPv6", in: v2(1, 0x21, IPV6), want: "52 2001:db8::1 56324" },
    {
      name: "version 2, IPv4 mapped into IPv6",
      in: v2(1, 0x21, "\0".repeat(10) + "\xff\xff\xc0\x00\x02\x07" + IPV6.slice(16)),
      want: "52 192.0.2.7 56324",
    },
    {
      name: "version 2 with extras",
      in: v2(1, 0x11, `${IPV4}\x04\0\0`),
      want: "31 192.0.2.7 56324",
    },
    { name: "version 2, LOCAL", in: v2(0, 0, ""), want: "16 -" },
    { name: "version 2, unspecified", in: v2(1, 0, "abc"), want: "19 -" },
  ]
) {
  Deno.test(`readProxyHeader() reads ${c.name}, however it is cut`, () => {
    const [size = 0] = c.want.split(" ").map(Number);
    for (let n = 0; n < size; n++) {
      assert.equal(readProxyHeader(c.in.subarray(0, n))._tag, "More", `after ${n} octets`);
    }
    const h = readProxyHeader(c.in);
    assert.ok(h._tag === "Header");
    const client = h.client === null ? "-" : `${h.client.address} ${h.client.port}`;
    assert.equal(`${h.octets} ${client}`, c.want);
  });
}

for (
  const [name, input] of [
    ["a greeting of a client", octets("EHLO x\r\n")],
    ["a TLS record", octets("\x16\x03\x01")],
    ["a line without end", octets("PROXY TCP4 ".padEnd(120, "1"))],
    ["an address of the other family", octets("PROXY TCP4 ::1 ::1 1 2\r\n")],
    ["a host name", octets("PROXY TCP4 localhost 192.0.2.1 1 2\r\n")],
    ["a port out of range", octets("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n")],
    ["two blanks", octets("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n")],
    ["a bare LF", octets("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n".padEnd(110, "x"))],
    ["version 3", octets(`${SIGNATURE}\x31\x11\0\x0c${IPV4}`)],
    ["too few octets", v2(1, 0x11, IPV4.slice(0, 8))],
    ["a unix socket", v2(1, 0x31, "x".repeat(216))],
    ["a command of the future", v2(2, 0x11, IPV4)],
    ["64 KB of extras", octets(`${SIGNATURE}\x21\x11\xff\xff`)],
  ] as const
) {
  Deno.test(`readProxyHeader() refuses ${name}`, () => {
    assert.equal(readProxyHeader(input)._tag, "Bad");
  });
}

Deno.test("readProxyHeader() never throws and never claims more than came", () => {
  const start = fc.constantFrom(
    "",
    "PROXY ",
    "PROXY TCP4 1.2.3.4 ",
    SIGNATURE,
    `${SIGNATURE}\x21\x21\0\x24`,
  );
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (s, tail) => {
      const input = Buffer.concat([octets(s), tail]);
      const h = readProxyHeader(input);
      assert.ok(h._tag !== "Header" || h.octets <= input.length);
    }),
    { numRuns: 2000 },
  );
});
