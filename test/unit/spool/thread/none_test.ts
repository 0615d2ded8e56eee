import assert from "node:assert/strict";
import { Effect } from "effect";
import { Spool } from "../../../../lib/ports/spool.ts";
import { noSpoolLayer } from "../../../../lib/spool/thread/none.ts";

const withSpool = <A>(octets: number, work: (s: Spool["Service"]) => Effect.Effect<A, unknown>) =>
  Effect.runPromise(Effect.provide(Effect.flatMap(Spool, work), noSpoolLayer(octets, null)));

const octets = (n: number): Uint8Array => new Uint8Array(n).fill(120);

Deno.test("noSpoolLayer() gives back what was written, in its order", () =>
  withSpool(100, (spool) =>
    Effect.gen(function* () {
      const body = spool.stage();
      const piece = octets(3);
      yield* body.write(piece.subarray(1));
      piece.fill(0);
      yield* body.write(octets(1));
      assert.deepEqual(yield* body.part(0), octets(2));
      assert.deepEqual(yield* body.part(1), octets(1));
      assert.equal(yield* body.part(2), null);
    })));

Deno.test("noSpoolLayer() holds so much together, and has room again when it is given back", () =>
  withSpool(10, (spool) =>
    Effect.gen(function* () {
      const [one, two] = [spool.stage(), spool.stage()];
      yield* one.write(octets(6));
      assert.equal((yield* Effect.flip(two.write(octets(5))))._tag, "SpoolFull");
      one.discard();
      one.discard();
      yield* one.write(octets(6));
      yield* two.write(octets(10));
      assert.equal((yield* Effect.flip(two.write(octets(1))))._tag, "SpoolFull");
    })));

Deno.test("noSpoolLayer() keeps nothing", () =>
  withSpool(10, (spool) =>
    Effect.gen(function* () {
      assert.equal((yield* Effect.flip(spool.read("x")))._tag, "SpoolFault");
      assert.equal((yield* Effect.flip(spool.settle("x", [])))._tag, "SpoolFault");
    })));
