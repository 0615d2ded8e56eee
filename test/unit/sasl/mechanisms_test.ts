import assert from "node:assert/strict";
import { Redacted } from "effect";
import fc from "fast-check";
import { decodeBase64, encodeBase64 } from "../../../lib/sasl/base64.ts";
import { login } from "../../../lib/sasl/login.ts";
import { NO_CHANNEL, type SaslStep } from "../../../lib/sasl/mechanism.ts";
import { plain } from "../../../lib/sasl/plain.ts";
import { octets, text } from "../../support/octets.ts";

const HERE = { ...NO_CHANNEL, plus: false };

/** What a step asks for, with the login spelled out. */
const told = (s: SaslStep): string => {
  if (s._tag === "Challenge") return `Challenge ${text(s.data)}`;
  if (s._tag !== "Check" || s.claim._tag !== "Password") return s._tag;
  const { mechanism, authzid, authcid, password } = s.claim.login;
  return JSON.stringify([mechanism, authzid, authcid, Redacted.value(password)]);
};

/** Feeds the responses in turn; stops where a step takes none. */
const run = (first: SaslStep, responses: ReadonlyArray<string>): ReadonlyArray<string> => {
  const out = [told(first)];
  let at = first;
  for (const r of responses) {
    if (at._tag !== "Challenge") break;
    at = at.next(octets(r));
    out.push(told(at));
  }
  return out;
};

for (
  const [message, want] of [
    ["\0alice\0secret", '["PLAIN","","alice","secret"]'],
    ["admin\0alice\0secret", '["PLAIN","admin","alice","secret"]'],
    ["\0gr\xc3\xbcn\0p\xc3\xa4ss", '["PLAIN","","grün","päss"]'],
    ["\0alice\0 pass word ", '["PLAIN","","alice"," pass word "]'],
    ["\0\0secret", "Refused"],
    ["\0alice\0", "Refused"],
    ["", "Malformed"],
    ["alice", "Malformed"],
    ["\0alice", "Malformed"],
    ["\0alice\0se\0cret", "Malformed"],
    ["\0alice\0\xff", "Refused"],
    ["\0gr\xfcn\0secret", "Refused"],
    ["\xff", "Malformed"],
  ] as const
) {
  Deno.test(`plain reads ${JSON.stringify(message)} as ${want}`, () => {
    assert.equal(told(plain.start(octets(message), HERE)), want);
    assert.deepEqual(run(plain.start(null, HERE), [message]), ["Challenge ", want]);
  });
}

for (
  const [name, initial, responses, want] of [
    ["asks for name and password", null, ["alice", "secret"], [
      "Challenge Username:",
      "Challenge Password:",
      '["LOGIN","","alice","secret"]',
    ]],
    ["takes the name as initial response", "alice", ["secret"], [
      "Challenge Password:",
      '["LOGIN","","alice","secret"]',
    ]],
    ["refuses an empty name only behind the password", "", ["secret"], [
      "Challenge Password:",
      "Refused",
    ]],
    ["refuses an empty password", "alice", [""], ["Challenge Password:", "Refused"]],
    ["refuses a name that is not UTF-8 only behind the password", "\xff", ["secret"], [
      "Challenge Password:",
      "Refused",
    ]],
    ["refuses a password that is not UTF-8", "alice", ["\xff"], [
      "Challenge Password:",
      "Refused",
    ]],
  ] as const
) {
  Deno.test(`login ${name}`, () => { // AUTH-07
    assert.deepEqual(
      run(login.start(initial === null ? null : octets(initial), HERE), responses),
      want,
    );
  });
}

Deno.test("plain reads the example of the ledger, and parts of 255 octets and more: SASL-01", () => {
  const example = decodeBase64("dGVzdAB0ZXN0ADEyMzQ=");
  assert.ok(example !== null);
  assert.equal(told(plain.start(example, HERE)), '["PLAIN","test","test","1234"]');
  const long = ["z", "n", "p"].map((c) => c.repeat(255));
  assert.equal(
    told(plain.start(octets(long.join("\0")), HERE)),
    JSON.stringify(["PLAIN", ...long]),
  );
});

Deno.test("plain and login take any octets", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (o) => {
    run(plain.start(o, HERE), []);
    run(login.start(o, HERE), [text(o)]);
  }));
});

// AUTH-07
for (
  const bad of [
    "A",
    "AA",
    "AAA",
    "AAAAA",
    "AAA=BBB",
    "=AAA",
    "A=AA",
    "AA=A",
    "====",
    "AA!A",
    "AA A",
    "AA\tA",
    "AAA-",
    "AAA_",
    "AAAA\n",
    "AAAÄ",
  ]
) {
  Deno.test(`decodeBase64() refuses ${JSON.stringify(bad)}`, () => {
    assert.equal(decodeBase64(bad), null);
  });
}

Deno.test("decodeBase64() gives back what encodeBase64() wrote", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (o) => {
    assert.deepEqual(decodeBase64(encodeBase64(o)), o);
  }));
});

Deno.test("decodeBase64() takes any text", () => {
  const near = fc.string({ unit: fc.constantFrom(..."Aa0+/=- "), maxLength: 9 });
  fc.assert(
    fc.property(fc.oneof(near, fc.string({ unit: "binary" })), (s) => {
      const o = decodeBase64(s);
      if (o !== null) assert.equal(o.length, s.length / 4 * 3 - (s.match(/=/g)?.length ?? 0));
    }),
    { numRuns: 1_000 },
  );
});
