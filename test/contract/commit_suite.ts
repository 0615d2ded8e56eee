/**
 * What every store behind `Spool` says of a commit is true, whatever comes in between: a message is refused and never
 * sent, or accepted and sent once, while its client repeats it. Run on each Layer there is, with `spoolSuite`.
 */
import assert from "node:assert/strict";
import { Effect, Fiber, type Layer } from "effect";
import { Cancellation } from "../../lib/ports/cancellation.ts";
import { type Committed, type NewMessage, Spool } from "../../lib/ports/spool.ts";
import { SpoolAdmin } from "../../lib/ports/spool_admin.ts";
import { CommitTrouble, type Trouble, TROUBLES } from "../../lib/testing/commit_trouble.ts";
import { contentOf, newMessage, nothing, takeAll, takeOne } from "./spool_suite.ts";

type Services = Spool | SpoolAdmin | CommitTrouble;

/** A client waits so long for its reply. */
const PATIENCE = "100 millis";
const SIZES = { small: 2_000, large: 400_000 } as const;
const CLIENTS = [0, 1, 2] as const;

/** What is submitted under `id`, the same each time it is tried. */
const message = (client: string, id: string, size: number) =>
  newMessage(id, {
    body: `${client}${"x".repeat(size)}`,
    to: [`${client}@example.org`],
    once: client,
  });

/** As the server does it: the deadline calls the commit off, and what that says is the reply. Null: refused. */
const submit = (m: NewMessage) =>
  Effect.gen(function* () {
    const cancellation = new Cancellation();
    const deadline = yield* Effect.forkChild(
      Effect.delay(Effect.sync(() => cancellation.request()), PATIENCE),
    );
    const told = yield* Effect.result(Spool.use((s) => s.commit(m, cancellation)));
    yield* Fiber.interrupt(deadline);
    // whatever comes behind it: the server's clean-up
    m.body.discard();
    return told._tag === "Success" ? acceptedAs(told.success, m.id) : null;
  });

const acceptedAs = (c: Committed, id: string): string => c._tag === "Known" ? c.id : id;

/** The id that it is accepted under, in the end; and those that it was refused under before. `first`: its first try. */
const persist = (client: string, size: number, first: NewMessage) =>
  Effect.gen(function* () {
    const refused: Array<string> = [];
    for (let i = 0; i < 60; i++) {
      const m = i === 0 ? first : yield* message(client, `${client}-${i}`, size);
      const accepted = yield* submit(m);
      if (accepted !== null) return { accepted, refused };
      refused.push(m.id);
      yield* Effect.sleep("20 millis");
    }
    return assert.fail(`${client} was never told that it is accepted`);
  });

/** One of each client, at its final dot. */
const ready = (what: string, size: number) =>
  Effect.forEach(CLIENTS, (i) => message(`c${i}`, `${what}-${i}`, size));

const begin = (t: Trouble) => Effect.flatMap(CommitTrouble, (trouble) => trouble.begin(t));

/** These stand in the spool and nothing else does, and the relay gets each of them once. */
const accepted = (ids: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const kept = yield* SpoolAdmin.use((a) => a.list({ all: true }));
    assert.deepEqual(kept.map((e) => e.id).sort(), [...ids].sort());
    const sent = yield* takeAll(ids.length);
    assert.deepEqual(sent.map((d) => d.message).sort(), [...ids].sort());
    for (const { message, size } of sent) {
      assert.equal((yield* contentOf(message)).length, size, "all of its content is there");
    }
    yield* nothing(100);
  });

export const commitSuite = <E>(name: string, layer: () => Layer.Layer<Services, E>): void => {
  const it = (title: string, body: () => Effect.Effect<void, unknown, Services>) =>
    Deno.test(`${name}: ${title}`, () => Effect.runPromise(Effect.provide(body(), layer())));

  for (const trouble of TROUBLES) {
    for (const [what, size] of Object.entries(SIZES)) {
      it(`commit() that ${trouble}: a ${what} message that is repeated until accepted is sent once`, () =>
        Effect.gen(function* () {
          // from now on what is accepted goes to the relay from memory
          yield* nothing(50);
          const first = yield* ready("first", size);
          const end = yield* begin(trouble);
          yield* Effect.forkChild(Effect.delay(end, "700 millis"));
          const told = yield* Effect.forEach(
            CLIENTS,
            (i) => persist(`c${i}`, size, first[i]!),
            { concurrency: "unbounded" },
          );
          yield* accepted(told.map((t) => t.accepted));
          const refused = told.filter((t) => t.refused.length > 0).length;
          // what was begun is awaited, and the others may wait behind it
          if (trouble === "slow") assert.ok(refused < CLIENTS.length);
          else assert.equal(refused, CLIENTS.length, "nothing stood in the way");
        }));

      it(`commit() that ${trouble}: a ${what} message that was refused is not sent when it is over`, () =>
        Effect.gen(function* () {
          const first = yield* ready("first", size);
          const end = yield* begin(trouble);
          const told = yield* Effect.forEach(first, submit, { concurrency: "unbounded" });
          yield* end;
          const kept = told.filter((id) => id !== null);
          assert.equal(kept.length > 0, trouble === "slow", "what was begun is awaited");
          yield* accepted(kept);
        }));

      it(`commit() that ${trouble}: a ${what} message whose client hung up is sent once, also where it comes again`, () =>
        Effect.gen(function* () {
          const again = yield* ready("again", size);
          const lost = yield* ready("unheard", size);
          const end = yield* begin(trouble);
          const unheard = yield* Effect.forEach(lost, (m) =>
            Effect.gen(function* () {
              const fiber = yield* Effect.forkDetach(
                Effect.onError(
                  Spool.use((s) => s.commit(m)),
                  () => Effect.sync(() => m.body.discard()),
                ),
                { startImmediately: true },
              );
              // whoever gives it up meanwhile, and cleans up behind it
              fiber.interruptUnsafe();
              m.body.discard();
              return fiber;
            }));
          yield* Effect.forkChild(Effect.delay(end, "300 millis"));
          const told = yield* Effect.forEach(
            CLIENTS,
            (i) => persist(`c${i}`, size, again[i]!),
            { concurrency: "unbounded" },
          );
          yield* Effect.forEach(unheard, Fiber.await, { discard: true });
          yield* accepted(told.map((t) => t.accepted));
        }));
    }
  }

  it("commit() of what came to nothing for a recipient is another message", () =>
    Effect.gen(function* () {
      const spool = yield* Spool;
      const first = yield* message("c", "m1", 10);
      yield* spool.commit(first);
      const [d] = yield* spool.take(1);
      assert.ok(d !== undefined);
      const failed = { status: "5.1.1", reply: "550 who?", remote: null };
      yield* spool.settle(
        d.message,
        d.recipients.map((recipient) => ({ recipient, outcome: { _tag: "Failed", ...failed } })),
      );
      const again = yield* message("c", "m2", 10);
      assert.deepEqual(yield* spool.commit(again), { _tag: "Kept" });
      assert.equal((yield* takeOne).message, "m2");
    }));

  it("take() that nobody waits for any more loses nothing", () =>
    Effect.gen(function* () {
      const spool = yield* Spool;
      yield* spool.commit(yield* message("c", "m1", 10));
      const fiber = yield* Effect.forkDetach(spool.take(1), { startImmediately: true });
      fiber.interruptUnsafe();
      // it may have had it before it was given up
      const exit = yield* Fiber.await(fiber);
      const had = exit._tag === "Success" ? exit.value.map((d) => d.message) : [];
      const sent = had.length > 0 ? had : [(yield* takeOne).message];
      assert.deepEqual(sent, ["m1"]);
      yield* nothing(100);
    }));
};
