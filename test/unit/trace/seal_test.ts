import assert from "node:assert/strict";
import fc from "fast-check";
import { newKeyLine, readSealer, type Sealer } from "../../../lib/trace/seal.ts";

const sealer = (...lines: ReadonlyArray<string>): Sealer => {
  const s = readSealer(lines.join("\n"));
  assert.ok(s !== null);
  return s;
};

Deno.test("unseal() gives back what seal() was given, through folding, and nothing else", () => {
  const s = sealer(newKeyLine());
  fc.assert(fc.property(fc.string(), (text) => {
    const token = s.seal(text);
    assert.match(token, /^[A-Za-z0-9_-]+$/);
    assert.equal(s.unseal(token.replace(/(.{20})/g, "$1\r\n ")), text.toWellFormed());
    assert.notEqual(s.seal(text), token);
  }));
  fc.assert(fc.property(fc.string(), (junk) => assert.equal(s.unseal(junk), null)));
});

Deno.test("unseal() refuses a token with any octet changed, and one of another key", () => {
  const s = sealer(newKeyLine());
  const token = s.seal("192.0.2.7");
  for (let i = 0; i < token.length - 1; i++) {
    const changed = token.slice(0, i) + (token[i] === "A" ? "B" : "A") + token.slice(i + 1);
    assert.equal(s.unseal(changed), null, String(i));
  }
  assert.equal(sealer(newKeyLine()).unseal(token), null);
});

Deno.test("readSealer() opens with older keys, and takes only keys", () => {
  const [old, fresh] = [newKeyLine(), newKeyLine()];
  const token = sealer(old).seal("x");
  assert.equal(sealer("# new", fresh, "", old).unseal(token), "x");
  assert.equal(sealer(fresh).unseal(token), null);
  for (const bad of ["", "short", `${old}\nshort`]) assert.equal(readSealer(bad), null);
});
