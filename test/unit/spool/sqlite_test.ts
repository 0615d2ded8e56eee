import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Effect, Exit, Layer, Scope } from "effect";
import { Spool } from "../../../lib/ports/spool.ts";
import { isDamage } from "../../../lib/files/damaged.ts";
import { SpoolAdmin } from "../../../lib/ports/spool_admin.ts";
import { spoolLayer } from "../../../lib/spool/sqlite.ts";
import { adminLayer } from "../../../lib/spool/sqlite_admin.ts";
import {
  accept,
  contentOf,
  HEAD,
  newMessage,
  nothing,
  takeAll,
  takeOne,
} from "../../contract/spool_suite.ts";
import { canMount, SmallDisk } from "../../support/small_disk.ts";
import { temporaryDirectory } from "../../support/temporary_directory.ts";

/** A process with the spool at `path` open, until `close`. */
const open = (path: string) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make();
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void));
    const context = yield* Layer.buildWithScope(
      Layer.provideMerge(adminLayer(path), Layer.fresh(spoolLayer({ path, keepDays: 1 }))),
      scope,
    );
    return {
      run: <A, E>(e: Effect.Effect<A, E, Spool | SpoolAdmin>) => Effect.provide(e, context),
      close: Scope.close(scope, Exit.void),
    };
  });

const it = (
  title: string,
  body: (path: string) => Effect.Effect<void, unknown, Scope.Scope>,
  ignore = false,
) =>
  Deno.test({
    name: `SQLite spool: ${title}${ignore ? " (not here: no right to mount)" : ""}`,
    ignore,
    fn: () =>
      Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        const dir = yield* temporaryDirectory;
        yield* body(`${dir}/spool.db`);
      }))),
  });

const sql = (path: string, text: string) =>
  Effect.sync(() => {
    const db = new DatabaseSync(path, { timeout: 5_000 });
    try {
      return Number(db.prepare(text).run().changes);
    } finally {
      db.close();
    }
  });

it("a second process cannot take what the first has leased, and can once that has stopped", (path) =>
  Effect.gen(function* () {
    const first = yield* open(path);
    yield* first.run(accept("m1"));
    yield* first.run(takeOne);
    const second = yield* open(path);
    yield* second.run(nothing(1_500));
    yield* first.close;
    assert.equal((yield* second.run(takeOne)).message, "m1");
    assert.equal(yield* second.run(contentOf("m1")), `${HEAD}hello\r\n`);
  }));

it("QUE-4: what was held under way counts as such until the server lets go of it", (path) =>
  Effect.gen(function* () {
    const { run } = yield* open(path);
    yield* run(accept("m1"));
    const d = yield* run(takeOne);
    const hold = yield* run(SpoolAdmin.use((s) => s.change({ _tag: "Hold" }, { id: "m1" })));
    assert.equal(hold.leased, 1);
    const underWay = run(SpoolAdmin.use((s) => s.underWay(hold.messages)));
    assert.equal(yield* underWay, 1);
    yield* run(Spool.use((s) => s.giveBack(d)));
    assert.equal(yield* underWay, 0);
  }));

it("QUE-4: giving back what was leased once more meanwhile leaves the new lease alone", (path) =>
  Effect.gen(function* () {
    const { run } = yield* open(path);
    yield* run(accept("m1"));
    const old = yield* run(takeOne);
    const change = { _tag: "Reroute", via: { text: "smtp://new", hop: "smtp://new:25" } } as const;
    yield* run(SpoolAdmin.use((s) => s.change(change, { id: "m1" })));
    const again = yield* run(takeOne);
    assert.equal(again.hop, "smtp://new:25");
    assert.deepEqual(
      yield* run(
        Spool.use((s) => Effect.succeed([...old.recipients, ...again.recipients].map(s.withdrawn))),
      ),
      [true, false],
    );
    yield* run(Spool.use((s) => s.giveBack(old)));
    yield* run(nothing(1_500));
  }));

it("what was committed and never taken is there after a restart, oldest first", (path) =>
  Effect.gen(function* () {
    const first = yield* open(path);
    for (const id of ["m1", "m2", "m3"]) yield* first.run(accept(id));
    yield* first.close;
    const second = yield* open(path);
    const ids = (yield* second.run(takeAll(3))).map((d) => d.message);
    assert.deepEqual(ids, ["m1", "m2", "m3"]);
  }));

for (const size of [10, 1_000_000]) {
  it(`read() of ${size} damaged octets fails, and other messages go on`, (path) =>
    Effect.gen(function* () {
      const first = yield* open(path);
      yield* first.run(accept("bad", { body: "x".repeat(size) }));
      yield* first.run(accept("good", { body: "y".repeat(size) }));
      yield* first.close;
      const damaged = yield* sql(
        path,
        `UPDATE chunk SET octets = CAST(substr(octets, 1, 4) || x'21' || substr(octets, 6) AS BLOB)
         WHERE key = (SELECT min(key) FROM chunk)`,
      );
      assert.equal(damaged, 1);
      const second = yield* open(path);
      const [bad, good] = yield* second.run(takeAll(2));
      assert.deepEqual([bad?.message, good?.message], ["bad", "good"]);
      const chunks = yield* second.run(Effect.exit(Spool.use((s) => s.read("bad"))));
      // a small one is refused before its first chunk, a large one before its end
      const failed = Exit.isFailure(chunks) || (yield* Effect.promise(async () => {
        try {
          for await (const _ of chunks.value);
          return false;
        } catch (e) {
          return e instanceof Error && "_tag" in e && e._tag === "SpoolFault" && isDamage(e);
        }
      }));
      assert.equal(failed, true);
      assert.equal(Exit.isFailure(chunks), size === 10);
      if (size === 10) {
        const e = yield* second.run(Effect.flip(Spool.use((s) => s.read("bad"))));
        assert.equal(isDamage(e), true);
      }
      assert.ok((yield* second.run(contentOf("good"))) === HEAD + "y".repeat(size));
    }));
}

it(
  "commit() is SpoolFull on a full disk, keeps nothing, and works again once there is room",
  (path) =>
    Effect.gen(function* () {
      const mount = `${path}.mount`;
      yield* Effect.acquireRelease(
        Effect.sync(() => SmallDisk.mount(mount, 2 * 1024 * 1024)),
        (disk) => Effect.sync(() => disk.unmount()),
      );
      const p = yield* open(`${mount}/spool.db`);
      yield* p.run(accept("before"));
      const filler = `${mount}/filler`;
      yield* Effect.promise(() => Deno.writeFile(filler, new Uint8Array(1_000_000)));
      // in one piece, so that it fails at the commit; in pieces, so that it fails while it is staged
      for (const step of [200_000, 1_000]) {
        const failure = yield* p.run(Effect.flip(
          Effect.forEach(
            Array.from({ length: 20 }, (_, i) => i),
            (i) => accept(`m${step}-${i}`, { body: "z".repeat(200_000), step }),
            { discard: true },
          ),
        ));
        assert.equal(failure._tag, "SpoolFull");
      }
      const large = yield* p.run(Effect.flip(newMessage("large", { body: "z".repeat(3_000_000) })));
      assert.equal(large._tag, "SpoolFull");
      yield* Effect.promise(() => Deno.remove(filler));
      yield* p.run(accept("after"));
      const kept = yield* p.run(SpoolAdmin.use((a) => a.list({ all: true })));
      assert.ok(kept.some((m) => m.id === "before") && kept.some((m) => m.id === "after"));
      assert.ok(!kept.some((m) => m.id === "large"));
      for (const m of kept) {
        const length = (yield* p.run(contentOf(m.id))).length;
        assert.equal(length, m.size);
      }
    }),
  !canMount,
);
