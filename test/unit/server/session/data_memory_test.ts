import assert from "node:assert/strict";
import { DataMemory } from "../../../../lib/server/session/data_memory.ts";

Deno.test("DataMemory lets whoever holds some go on, and the others wait in the order they came", () => {
  const memory = new DataMemory(100);
  const [a, b, c] = [memory.share(), memory.share(), memory.share()];
  const turns: Array<string> = [];
  assert.equal(a.mustWait(() => turns.push("a")), false);
  a.take(100);
  assert.equal(memory.scarce, true);
  assert.equal(a.mustWait(() => turns.push("a")), false, "a holds some");
  assert.equal(b.mustWait(() => turns.push("b")), true);
  assert.equal(c.mustWait(() => turns.push("c")), true);
  a.giveBack(1);
  assert.deepEqual(turns, ["b", "c"]);
  assert.equal(memory.scarce, false);
});

Deno.test("DataMemory calls no more than there is room for, and whoever is called goes on", () => {
  const memory = new DataMemory(100);
  const a = memory.share();
  const waiting = [memory.share(), memory.share(), memory.share()];
  a.take(100);
  const went: Array<number> = [];
  const readOn = (i: number) => (): void => {
    const share = waiting[i];
    assert.equal(share?.mustWait(readOn(i)), false, "called, though others are in line");
    went.push(i);
    share?.take(60);
  };
  waiting.forEach((share, i) => assert.equal(share.mustWait(readOn(i)), true));
  a.drop();
  assert.deepEqual(went, [0, 1]);
  waiting[0]?.drop();
  assert.deepEqual(went, [0, 1, 2]);
});

Deno.test("DataMemory sends whoever comes again behind those that wait", () => {
  const memory = new DataMemory(10);
  const [a, b] = [memory.share(), memory.share()];
  a.take(10);
  const turns: Array<string> = [];
  b.mustWait(() => {
    b.mustWait(() => {});
    turns.push("b");
    b.take(10);
  });
  a.giveBack(10);
  assert.deepEqual(turns, ["b"]);
  assert.equal(a.mustWait(() => turns.push("a")), true, "all of a's is on disk, and b holds all");
  b.giveBack(10);
  assert.deepEqual(turns, ["b", "a"]);
});

Deno.test("DataMemory forgets who has gone, and takes back no more than was given", () => {
  const memory = new DataMemory(10);
  const [a, b, c] = [memory.share(), memory.share(), memory.share()];
  a.take(10);
  const turns: Array<string> = [];
  b.mustWait(() => turns.push("b"));
  c.mustWait(() => turns.push("c"));
  b.drop();
  a.giveBack(50);
  assert.deepEqual(turns, ["c"]);
  assert.equal(memory.held, 0);
  a.drop();
  assert.equal(memory.held, 0);
});
