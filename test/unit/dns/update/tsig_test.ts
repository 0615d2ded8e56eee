import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Redacted } from "effect";
import { encodeUpdate, line } from "../../../../lib/dns/update/update.ts";
import { checkResponse, signMessage, type TsigKey } from "../../../../lib/dns/update/tsig.ts";
import { encodeData } from "../../../../lib/dns/wire.ts";
import { parseTsigKey } from "../../../../lib/config/values/tsig_key.ts";

const KEY: TsigKey = {
  name: "msa-key.example",
  algorithm: "hmac-sha256",
  secret: Redacted.make(Uint8Array.from({ length: 32 }, (_, i) => i)),
};
const TIME = 1_700_000_000;
const hex = (o: Uint8Array) => Buffer.from(o).toString("hex");
const octets = (s: string) => Uint8Array.from(Buffer.from(s, "hex"));

const OWNER = "_imaps._tcp.example.com";
const SRV = encodeData({
  type: "SRV",
  priority: 0,
  weight: 1,
  port: 993,
  target: "mail.example.com",
});

Deno.test("encodeUpdate() and signMessage() V-3: the message and the MAC of the ledger", () => {
  const message = encodeUpdate(0x1234, "example.com", [], [
    line.deleteSet(OWNER, "SRV"),
    line.add(OWNER, "SRV", 300, SRV),
  ]);
  assert.equal(
    hex(message),
    "123428000001000000020000076578616d706c6503636f6d0000060001065f696d617073045f746370076578616d706c6503636f6d00002100ff000000000000065f696d617073045f746370076578616d706c6503636f6d00002100010000012c00180000000103e1046d61696c076578616d706c6503636f6d00",
  );
  const signed = signMessage(message, KEY, TIME);
  assert.equal(hex(signed.mac), "d7d390dbaf73c76f3cb1f2c29b835a4b45814f3f4980616d824ddd63556cc78d");
  assert.equal(signed.octets.length, 211);
  assert.equal(signed.octets[11], 1);
});

Deno.test("signMessage() V-3: the same with compressed names", () => {
  const message = octets(
    "123428000001000000020000076578616d706c6503636f6d0000060001065f696d617073045f746370c00c002100ff000000000000c01d002100010000012c000d0000000103e1046d61696cc00c",
  );
  assert.equal(
    hex(signMessage(message, KEY, TIME).mac),
    "89f3be6246fc5cdd3f9bb01621655f28c66c850208aabf177d9d9b1e25823323",
  );
});

Deno.test("line writes the classes of RFC 2136 §2.4 and §2.5", () => {
  const cls = (l: Uint8Array, data = 0) => hex(l.subarray(l.length - data - 10));
  assert.equal(cls(line.setExists("a", "SRV")), "002100ff000000000000");
  assert.equal(cls(line.setAbsent("a", "SRV")), "002100fe000000000000");
  assert.equal(cls(line.nameInUse("a")), "00ff00ff000000000000");
  assert.equal(cls(line.nameFree("a")), "00ff00fe000000000000");
  assert.equal(cls(line.deleteName("a")), "00ff00ff000000000000");
  assert.ok(cls(line.setHas("a", "A", octets("c0000201")), 4).startsWith("00010001000000000004"));
  assert.ok(cls(line.deleteValue("a", "A", octets("c0000201")), 4).startsWith("000100fe00000000"));
});

/** An answer signed as the server would: its MAC covers that of the request. RFC 8945 §5.3 */
const REQUEST = octets("00112233");

for (
  const { name, response, reason } of [
    { name: "no signature", response: octets("1234a8000000000000000000"), reason: /not signed/ },
    {
      name: "a signature that does not cover our request",
      response: signMessage(octets("1234a8000000000000000000"), KEY, TIME).octets,
      reason: /signature of the answer is wrong/,
    },
    {
      name: "another key",
      response:
        signMessage(octets("1234a8000000000000000000"), { ...KEY, name: "other" }, TIME).octets,
      reason: /another key/,
    },
    {
      name: "another algorithm",
      response: signMessage(
        octets("1234a8000000000000000000"),
        { ...KEY, algorithm: "hmac-sha512" },
        TIME,
      ).octets,
      reason: /another algorithm/,
    },
  ]
) {
  Deno.test(`checkResponse() TS-2, TS-3: ${name} is not believed`, () => {
    const checked = checkResponse(response, KEY, REQUEST, TIME);
    assert.equal(checked._tag, "Bad");
    assert.match(checked._tag === "Bad" ? checked.reason : "", reason);
  });
}

for (
  const { name, text, want } of [
    {
      name: "BIND's statement",
      text: 'key "msa-key." {\n  algorithm hmac-sha512; # comment\n  secret "AAECAwQFBgc=";\n};',
      want: ["msa-key", "hmac-sha512"],
    },
    {
      name: "TOML",
      text: 'name = "MSA-key"\nsecret = "AAECAwQFBgc="',
      want: ["msa-key", "hmac-sha256"],
    },
    {
      name: "MD5",
      text: 'key k { algorithm hmac-md5; secret "AAECAwQFBgc="; };',
      want: /algorithm hmac-md5: must be one of/,
    },
    { name: "no secret", text: 'name = "k"', want: /needs name and secret/ },
    { name: "no base64", text: 'name = "k"\nsecret = "?"', want: /must be base64/ },
    { name: "something else", text: "hello", want: /needs name and secret/ },
  ]
) {
  Deno.test(`parseTsigKey() TS-1, TS-5: ${name}`, () => {
    const read = parseTsigKey(text);
    if (want instanceof RegExp) assert.match("fault" in read ? read.fault : "", want);
    else assert.deepEqual("key" in read ? [read.key.name, read.key.algorithm] : null, want);
    assert.ok(!JSON.stringify(read).includes("AAECAwQ"));
  });
}
