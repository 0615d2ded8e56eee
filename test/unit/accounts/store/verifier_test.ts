import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import {
  checkPassword,
  deriveKeys,
  fakeVerifier,
  makeVerifier,
} from "../../../../lib/accounts/store/verifier.ts";

const SECRET = new TextEncoder().encode("a secret of 32 octets or any num");

Deno.test("deriveKeys() makes the keys of the exchange in RFC 7677 §3", async () => {
  const keys = await deriveKeys("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), 4096);
  const auth = [
    "n=user,r=rOprNGfwEbeRWgbNEkqO",
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  ].join(",");
  const hmac = (key: Uint8Array) => createHmac("sha256", key).update(auth).digest();
  // v = ServerSignature
  assert.equal(
    hmac(keys.serverKey).toString("base64"),
    "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  );
  // H(proof XOR ClientSignature) = StoredKey
  const proof = Buffer.from("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "base64");
  const signature = hmac(keys.storedKey);
  const clientKey = proof.map((octet, i) => octet ^ (signature[i] ?? 0));
  assert.deepEqual(
    createHash("sha256").update(clientKey).digest(),
    Buffer.from(keys.storedKey),
  );
});

Deno.test("makeVerifier() salts every password anew and keeps no trace of it", async () => {
  const a = await makeVerifier("pencil", 4096);
  const b = await makeVerifier("pencil", 4096);
  assert.equal(a.salt.length, 16);
  assert.notDeepEqual(a.salt, b.salt);
  assert.notDeepEqual(a.storedKey, b.storedKey);
  for (const part of [a.salt, a.storedKey, a.serverKey]) {
    assert.ok(!Buffer.from(part).toString("latin1").includes("pencil"));
  }
});

Deno.test("checkPassword() accepts the password of a verifier and no other", async () => {
  const v = await makeVerifier("pencil", 4096);
  assert.equal(await checkPassword(v, "pencil"), true);
  assert.equal(await checkPassword(v, "Pencil"), false);
  assert.equal(await checkPassword(v, ""), false);
});

Deno.test("fakeVerifier() has the same salt for the same name only, and fits no password", async () => {
  const v = fakeVerifier(SECRET, "bob@example.net", 4096);
  assert.deepEqual(v, fakeVerifier(SECRET, "bob@example.net", 4096));
  assert.notDeepEqual(v.salt, fakeVerifier(SECRET, "eve@example.net", 4096).salt);
  assert.deepEqual([v.salt.length, v.storedKey.length, v.iterations], [16, 32, 4096]);
  assert.equal(await checkPassword(v, "pencil"), false);
});
