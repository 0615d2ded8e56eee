/** What strangers send to the name server and the HTTP endpoints, and what answers updates. threats.md rows 32, 35 */
import assert from "node:assert/strict";
import { Redacted } from "effect";
import { readPoxRequest } from "../../../lib/discovery/serve/autodiscover_request.ts";
import { readAddress } from "../../../lib/discovery/serve/which.ts";
import { respond } from "../../../lib/dns/authority/authority.ts";
import { checkResponse, signMessage, type TsigKey } from "../../../lib/dns/update/tsig.ts";
import { BadMessage } from "../../../lib/dns/wire.ts";
import { makeZone } from "../../../lib/dns/authority/zone.ts";
import type { Target } from "../target.ts";

const ZONE = makeZone({
  name: "_tcp.example.com",
  ns: ["ns1.example.com"],
  mailbox: "hostmaster@example.com",
  serial: 1,
  ttl: 300,
  records: [
    {
      owner: "_imap._tcp.example.com",
      ttl: 300,
      data: { type: "SRV", priority: 0, weight: 0, port: 0, target: "." },
    },
    {
      owner: "_alias._tcp.example.com",
      ttl: 300,
      data: { type: "CNAME", target: "_alias._tcp.example.com" },
    },
  ],
});

const HEAD = "\0\x01\x01\0\0\x01\0\0\0\0\0\x01";
const NAME = "\x05_imap\x04_tcp\x07example\x03com\0";
const ALIAS = "\x06_alias\x04_tcp\x07example\x03com\0";
const OPT = "\0\0\x29\x04\xd0\0\0\x80\0\0\0";

export const dnsQuery: Target = {
  name: "dns_query",
  tokens: [
    HEAD,
    NAME,
    ALIAS,
    OPT,
    "\0\x21\0\x01",
    "\0\xff\0\x01",
    "\xc0\x0c",
    "\x3f",
    "\x40",
    "\0",
  ],
  seeds: [`${HEAD}${NAME}\0\x21\0\x01${OPT}`, `${HEAD}${ALIAS}\0\x01\0\x01${OPT}`],
  run: (input, random) => {
    const transport = random.pick(["udp", "tcp"] as const);
    const reply = respond([ZONE], input, transport);
    if (reply === null) return;
    assert.deepEqual(Uint8Array.from(reply.octets.subarray(0, 2)), input.slice(0, 2));
    assert.ok(((reply.octets[2] ?? 0) & 0x80) !== 0, "an answer says that it is one");
    if (transport === "udp") assert.ok(reply.octets.length <= 1232);
    assert.ok(reply.truncated.length <= reply.octets.length + 300);
  },
};

const KEY: TsigKey = {
  name: "key.example",
  algorithm: "hmac-sha256",
  secret: Redacted.make(new Uint8Array(32)),
};
const UPDATED = "\x12\x34\xa8\0\0\0\0\0\0\0\0\0";
const latin1 = (o: Uint8Array): string => Array.from(o, (c) => String.fromCharCode(c)).join("");
const octetsOf = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
const MAC = Uint8Array.of(1, 2, 3, 4);

export const tsigAnswer: Target = {
  name: "tsig_answer",
  tokens: [UPDATED, "\x03key\x07example\0", "\0\xfa\0\xff", "\xc0\x0c", "\0\x10", "\0\x12"],
  seeds: [latin1(signMessage(octetsOf(UPDATED), KEY, 1_700_000_000).octets)],
  run: (input) => {
    try {
      // nobody without the key makes an answer to this request
      assert.equal(checkResponse(input, KEY, MAC, 1_700_000_000)._tag, "Bad");
    } catch (e) {
      if (!(e instanceof BadMessage)) throw e;
    }
  },
};

const ASKED =
  "<?xml version='1.0'?><Autodiscover xmlns='urn:x'><Request><EMailAddress>a@example.com</EMailAddress></Request></Autodiscover>";

export const poxRequest: Target = {
  name: "pox_request",
  tokens: [
    "<Autodiscover>",
    "<EMailAddress>",
    "</EMailAddress>",
    "<x:EMailAddress>",
    "a@example.com",
    "&lt;",
    "&#65;",
    "&xxe;",
    "<!DOCTYPE a>",
    "<!--",
    "<![CDATA[",
  ],
  seeds: [ASKED],
  run: (input) => {
    const got = readPoxRequest(new TextDecoder().decode(input));
    if (got._tag === "Malformed") return;
    assert.ok(got.address.length <= 1000);
    const read = readAddress(got.address);
    if (read !== null) assert.match(read.domain, /^[a-z0-9.-]+$/);
  },
};
