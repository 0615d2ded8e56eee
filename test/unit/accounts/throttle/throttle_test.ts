import assert from "node:assert/strict";
import { Duration, Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { failureMemory } from "../../../../lib/accounts/throttle/failure_memory.ts";
import { throttleLayer, type ThrottleOptions } from "../../../../lib/accounts/throttle/throttle.ts";
import { LoginThrottle } from "../../../../lib/ports/login_throttle.ts";

const OPTIONS = {
  maxDelay: Duration.seconds(30),
  lockFailures: 6,
  lock: Duration.minutes(15),
};

const HERE = "192.0.2.1";
const NEIGHBOUR = "192.0.2.200";
const ELSEWHERE = "198.51.100.1";

const layerOf = (o: ThrottleOptions) => throttleLayer(o).pipe(Layer.provide(failureMemory));

const it = (name: string, body: () => Effect.Effect<void, never, LoginThrottle>) =>
  Deno.test(name, () =>
    Effect.runPromise(
      Effect.provide(body(), layerOf(OPTIONS)).pipe(Effect.provide(TestClock.layer())),
    ));

/** Seconds to wait; "locked" where nothing helps for now. */
const admit = (address: string, name: string) =>
  LoginThrottle.use((t) => t.admit(address, name)).pipe(
    Effect.map((g) => g._tag === "Locked" ? "locked" : Duration.toSeconds(g.delay)),
  );
const failed = (address: string, name: string) => LoginThrottle.use((t) => t.failed(address, name));
const succeeded = (address: string, name: string) =>
  LoginThrottle.use((t) => t.succeeded(address, name));

/** One wrong login, waited for as long as asked. */
const wrong = Effect.fnUntraced(function* (address: string, name: string) {
  const wait = yield* admit(address, name);
  if (typeof wait === "number") {
    yield* TestClock.adjust(Duration.seconds(wait));
    yield* failed(address, name);
  }
  return wait;
});

it("admit() lets a first login and a login after a success through at once", () =>
  Effect.gen(function* () {
    assert.equal(yield* admit(HERE, "alice"), 0);
    yield* failed(HERE, "alice");
    assert.equal(yield* admit(HERE, "alice"), 1);
    yield* succeeded(HERE, "alice");
    assert.equal(yield* admit(HERE, "alice"), 0);
  }));

it("admit() doubles the delay with each failure, then locks the account for that block: AUTH-13", () =>
  Effect.gen(function* () {
    const waits = [];
    for (let i = 0; i < 7; i++) waits.push(yield* wrong(HERE, "alice"));
    assert.deepEqual(waits, [0, 1, 2, 4, 8, 16, "locked"]);
    assert.equal(yield* admit(NEIGHBOUR, "alice"), "locked");
  }));

it("admit() never waits longer than the longest delay", () =>
  Effect.gen(function* () {
    const patient = { ...OPTIONS, lockFailures: 50 };
    yield* Effect.gen(function* () {
      for (let i = 0; i < 8; i++) yield* wrong(HERE, "alice");
      assert.equal(yield* admit(HERE, "alice"), 30);
    }).pipe(Effect.provide(layerOf(patient)));
  }));

it("a lock ends with its time, and half of the failures with it", () =>
  Effect.gen(function* () {
    for (let i = 0; i < 6; i++) yield* wrong(HERE, "alice");
    yield* TestClock.adjust("14 minutes");
    assert.equal(yield* admit(HERE, "alice"), "locked");
    yield* TestClock.adjust("1 minutes");
    assert.equal(yield* admit(HERE, "alice"), 4);
  }));

it("failures fade when nothing fails for as long as a lock", () =>
  Effect.gen(function* () {
    for (let i = 0; i < 5; i++) yield* wrong(HERE, "alice");
    yield* TestClock.adjust("15 minutes");
    assert.equal(yield* admit(HERE, "alice"), 0);
  }));

it("a stranger elsewhere cannot lock the owner out: threats.md row 12", () =>
  Effect.gen(function* () {
    for (let i = 0; i < 20; i++) yield* wrong(ELSEWHERE, "alice");
    assert.equal(yield* admit(ELSEWHERE, "alice"), "locked");
    assert.equal(yield* admit(HERE, "alice"), 0);
  }));

it("many names from one block are slowed down and locked out together", () =>
  Effect.gen(function* () {
    const waits = [];
    for (let i = 0; i < 40; i++) waits.push(yield* wrong(HERE, `name${i}@example.net`));
    assert.deepEqual(waits.slice(0, 4), [0, 0, 0, 0]);
    assert.deepEqual(waits.slice(4, 9), [1, 2, 4, 8, 16]);
    assert.equal(waits[30], "locked");
    assert.equal(yield* admit(NEIGHBOUR, "new@example.net"), "locked");
    assert.equal(yield* admit(ELSEWHERE, "new@example.net"), 0);
  }));

it("a neighbour in the block cannot lock out who signed in from there before", () =>
  Effect.gen(function* () {
    yield* succeeded(HERE, "alice");
    for (let i = 0; i < 40; i++) yield* wrong(NEIGHBOUR, `name${i}@example.net`);
    assert.equal(yield* admit(NEIGHBOUR, "bob"), "locked");
    assert.equal(yield* admit(HERE, "alice"), 0);
  }));

it("success resets its own account and block only", () =>
  Effect.gen(function* () {
    for (let i = 0; i < 3; i++) {
      yield* wrong(HERE, "alice");
      yield* wrong(HERE, "bob");
      yield* wrong(ELSEWHERE, "alice");
    }
    yield* succeeded(HERE, "alice");
    assert.equal(yield* admit(HERE, "alice"), 0);
    assert.notEqual(yield* admit(HERE, "bob"), 0);
    assert.notEqual(yield* admit(ELSEWHERE, "alice"), 0);
  }));

it("tries at the same moment queue behind each other, so that many connections guess no faster", () =>
  Effect.gen(function* () {
    for (let i = 0; i < 4; i++) yield* wrong(HERE, "alice");
    const waits = [];
    for (let i = 0; i < 5; i++) waits.push(yield* admit(HERE, "alice"));
    assert.deepEqual(waits, [8, 16, 24, "locked", "locked"]);
  }));

it("the spelling of a name makes no other account of it", () =>
  Effect.gen(function* () {
    for (let i = 0; i < 6; i++) yield* wrong(HERE, "Alice@Example.NET");
    assert.equal(yield* admit(HERE, "alice@example.net"), "locked");
  }));

it("neighbours that guess an owner's password neither lock out nor hold up the address it signed in from", () =>
  Effect.gen(function* () {
    yield* succeeded(HERE, "alice");
    const attackers = Array.from({ length: 6 }, (_, i) => `192.0.2.${10 + i}`);
    for (let round = 0; round < 18; round++) {
      for (const from of attackers) {
        if ((yield* admit(from, "alice")) !== "locked") yield* failed(from, "alice");
      }
      assert.equal(yield* admit(HERE, "alice"), 0);
      yield* succeeded(HERE, "alice");
    }
    // what was forgiven to the owner was not forgiven to them
    assert.equal(yield* admit("192.0.2.10", "alice"), "locked");
    assert.equal(yield* admit("192.0.2.99", "alice"), "locked");
  }));

it("an address of the owner is counted by itself: it slows down, locks, and a success resets it", () =>
  Effect.gen(function* () {
    yield* succeeded("::ffff:192.0.2.1", "alice");
    const waits = [];
    for (let i = 0; i < 3; i++) waits.push(yield* wrong(HERE, "alice"));
    assert.deepEqual(waits, [0, 1, 2]);
    assert.equal(yield* admit(NEIGHBOUR, "alice"), 0);
    yield* succeeded(HERE, "alice");
    for (let i = 0; i < 6; i++) yield* wrong(HERE, "alice");
    assert.equal(yield* admit(HERE, "alice"), "locked");
  }));

it("a day after the last login an address is one of its block again", () =>
  Effect.gen(function* () {
    yield* succeeded(HERE, "alice");
    yield* TestClock.adjust("25 hours");
    for (let i = 0; i < 6; i++) yield* wrong(NEIGHBOUR, "alice");
    assert.equal(yield* admit(HERE, "alice"), "locked");
  }));

it("a 454 takes as long as the longest delay", () =>
  Effect.gen(function* () {
    for (let i = 0; i < 6; i++) yield* wrong(HERE, "alice");
    const gate = yield* LoginThrottle.use((t) => t.admit(HERE, "alice"));
    assert.equal(gate._tag === "Locked" && Duration.toSeconds(gate.delay), 30);
  }));
