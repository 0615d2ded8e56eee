import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveKeys } from "../../../lib/accounts/store/verifier.ts";
import type { ScramKeys } from "../../../lib/envelope/login.ts";
import { decodeBase64 } from "../../../lib/sasl/base64.ts";
import { readGs2, readSaslName } from "../../../lib/sasl/gs2.ts";
import { type Exchange, NO_CHANNEL, type SaslStep } from "../../../lib/sasl/mechanism.ts";
import { scramSha1, scramSha1Plus, scramSha256, scramSha256Plus } from "../../../lib/sasl/scram.ts";
import { octets, text } from "../../support/octets.ts";
import { ScramClient } from "../../support/scram_client.ts";

const HERE: Exchange = { ...NO_CHANNEL, plus: false };
const BOUND: Exchange = { ...NO_CHANNEL, endPoint: octets("\x01\x02\xff"), plus: true };
const salt = octets("0123456789abcdef");
const ALL = [scramSha1, scramSha1Plus, scramSha256, scramSha256Plus];

const keysFor = async (password: string, hash: "SHA-1" | "SHA-256"): Promise<ScramKeys> => ({
  ...await deriveKeys(password, salt, 4096, hash),
  salt,
  iterations: 4096,
  revision: 7,
  nonce: "server-part-of-it-all",
});

/** Up to the server-first message. */
const challenge = (first: SaslStep, keys: ScramKeys) => {
  assert.equal(first._tag, "Keys");
  const step = first._tag === "Keys" ? first.next(keys) : first;
  if (step._tag !== "Challenge") assert.fail(step._tag);
  return step;
};

const proofOf = (step: SaslStep) => {
  if (step._tag !== "Check" || step.claim._tag !== "Proof") assert.fail(step._tag);
  return step.claim.proof;
};

for (const mechanism of ALL) {
  const plus = mechanism.name.endsWith("-PLUS");
  const exchange = plus ? BOUND : HERE;
  const hash = mechanism.name.includes("256") ? "SHA-256" : "SHA-1";

  Deno.test(`${mechanism.name} and a client written from the RFC prove themselves to each other: SASL-08, SASL-09`, async () => {
    const client = new ScramClient(hash, "al,i=ce", "pässword", plus ? BOUND.endPoint : null);
    const step = challenge(
      mechanism.start(octets(client.first()), exchange),
      await keysFor("pässword", hash),
    );
    const end = step.next(octets(await client.final(text(step.data))));
    assert.deepEqual(proofOf(end), {
      mechanism: mechanism.name,
      authzid: "",
      authcid: "al,i=ce",
      valid: true,
      revision: 7,
    });
    const last = end._tag === "Check" ? text(end.success ?? octets("")) : "";
    assert.ok(client.trusts(last), last);
  });

  Deno.test(`${mechanism.name} finds every altered final message wrong: SASL-07, threats.md row 16`, async () => {
    const keys = await keysFor("secret", hash);
    const client = new ScramClient(hash, "alice", "secret", plus ? BOUND.endPoint : null);
    const step = challenge(mechanism.start(octets(client.first()), exchange), keys);
    const good = await client.final(text(step.data));
    assert.equal(proofOf(step.next(octets(good))).valid, true);
    fc.assert(fc.property(fc.nat(good.length - 1), fc.nat(127), (at, code) => {
      const bad = good.slice(0, at) + String.fromCharCode(code) + good.slice(at + 1);
      // the last digit before a pad has bits that mean nothing
      const same = bad === good ||
        decodeBase64(bad.split(",p=")[1] ?? "")?.join() ===
          decodeBase64(good.split(",p=")[1]!)?.join();
      if (same) return;
      const end = step.next(octets(bad));
      assert.equal(proofOf(end).valid, false, bad);
      assert.equal(end._tag === "Check" ? end.success : null, undefined);
    }));
  });

  Deno.test(`${mechanism.name} takes no proof for a name that nobody has: SASL-11`, async () => {
    const keys = { ...await keysFor("secret", hash), revision: null };
    const client = new ScramClient(hash, "nobody", "secret", plus ? BOUND.endPoint : null);
    const step = challenge(mechanism.start(octets(client.first()), exchange), keys);
    assert.equal(proofOf(step.next(octets(await client.final(text(step.data))))).valid, false);
  });
}

Deno.test("scram does not take the binding of another connection: SASL-07, threats.md row 16", async () => {
  const client = new ScramClient("SHA-256", "alice", "secret", octets("another server"));
  const step = challenge(
    scramSha256Plus.start(octets(client.first()), BOUND),
    await keysFor("secret", "SHA-256"),
  );
  assert.equal(proofOf(step.next(octets(await client.final(text(step.data))))).valid, false);
});

Deno.test("scram does not take a final message a second time: threats.md row 16", async () => {
  const keys = await keysFor("secret", "SHA-256");
  const client = new ScramClient("SHA-256", "alice", "secret", null);
  const first = octets(client.first());
  const once = challenge(scramSha256.start(first, HERE), keys);
  const final = octets(await client.final(text(once.data)));
  assert.equal(proofOf(once.next(final)).valid, true);
  const again = challenge(scramSha256.start(first, HERE), { ...keys, nonce: "another-nonce" });
  assert.equal(proofOf(again.next(final)).valid, false);
});

Deno.test("scram takes any octets at any step", () => {
  const keys: ScramKeys = {
    salt,
    iterations: 4096,
    storedKey: octets("stored"),
    serverKey: octets("server"),
    revision: 1,
    nonce: "n",
  };
  const near = fc.string({ unit: fc.constantFrom(..."nyp=,acrmi=tls-2CD"), maxLength: 40 });
  fc.assert(
    fc.property(
      fc.constantFrom(...ALL),
      fc.oneof(near.map(octets), fc.uint8Array({ maxLength: 60 })),
      fc.oneof(near.map(octets), fc.uint8Array({ maxLength: 60 })),
      (mechanism, a, b) => {
        const step = mechanism.start(a, BOUND);
        if (step._tag !== "Keys") return assert.equal(step._tag, "Refused");
        const told = step.next(keys);
        if (told._tag === "Challenge") assert.equal(proofOf(told.next(b)).valid, false);
      },
    ),
    { numRuns: 2_000 },
  );
});

for (
  const [given, want] of [
    ["a=2Cb=3Dc", "a,b=c"],
    ["a=2cb", null],
    ["a=", null],
    ["=", null],
    ["a=3", null],
    ["", null],
    ["a\0b", null],
    ["=3D2C", "=2C"],
  ] as const
) {
  Deno.test(`readSaslName() reads ${JSON.stringify(given)} as ${JSON.stringify(want)}`, () => { // SASL-05
    assert.equal(readSaslName(given), want);
  });
}

Deno.test("readGs2() gives the header back as it was sent", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "=2C", "=3D", "ü"), minLength: 1 });
  fc.assert(
    fc.property(
      fc.constantFrom("n", "y", "p=tls-unique"),
      fc.option(name),
      fc.string(),
      (f, a, r) => {
        const header = `${f},${a === null ? "" : `a=${a}`},`;
        const read = readGs2(header + r);
        assert.equal(read?.text, header);
        assert.equal(read?.rest, r);
      },
    ),
  );
});
