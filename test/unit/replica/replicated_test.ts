/** Two spools and the link between them, which breaks when the test says so. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Effect, Layer, type Scope } from "effect";
import { Redacted } from "effect";
import { Cancellation } from "../../../lib/ports/cancellation.ts";
import { Copies, CopiesAdmin } from "../../../lib/ports/copies.ts";
import type { Source } from "../../../lib/ports/copy_of.ts";
import { Dialer, DialFailed, type Link, type LinkEvents } from "../../../lib/ports/dialer.ts";
import {
  type Delivery,
  type NewMessage,
  Spool,
  type SpoolError,
} from "../../../lib/ports/spool.ts";
import { SpoolAdmin } from "../../../lib/ports/spool_admin.ts";
import { FrameReader } from "../../../lib/replica/frames.ts";
import { Keeper } from "../../../lib/replica/keeper.ts";
import { replicatedLayer } from "../../../lib/replica/replicated_spool.ts";
import { spoolLayer } from "../../../lib/spool/sqlite.ts";
import { adminLayer } from "../../../lib/spool/sqlite_admin.ts";
import { copiesAdminLayer } from "../../../lib/spool/database/take_over.ts";
import { newMessage } from "../../contract/spool_suite.ts";
import { beginTrouble } from "../../support/sqlite_trouble.ts";

interface Two {
  readonly spool: Spool["Service"];
  readonly copies: Copies["Service"];
}

/** What the test does to the link. */
class Cable {
  up = true;
  /** The next answer of this kind is lost, and the link with it. */
  lose: string | null = null;
  readonly #two: Two;
  #close: (() => void) | null = null;
  dials = 0;

  constructor(two: Two) {
    this.#two = two;
  }

  cut(): void {
    this.up = false;
    this.#close?.();
  }

  readonly dialer: Dialer["Service"] = {
    dial: (_target, events) =>
      Effect.suspend(() =>
        this.up
          ? Effect.succeed(this.#open(events))
          : Effect.fail(new DialFailed({ reason: "Connection refused", cause: null }))
      ),
  };

  #open(events: LinkEvents): Link {
    this.dials++;
    let over = false;
    const close = (): void => {
      if (over) return;
      over = true;
      keeper.closed();
      events.onClose("Connection closed");
    };
    this.#close = close;
    const keeper: Keeper = new Keeper(
      {
        node: "two.example.com",
        nodes: ["one.example.com"],
        secret: Redacted.make("s"),
        messageBytes: 1_000_000,
      },
      this.#two,
      {
        send: (octets) => {
          if (over) return;
          const reader = new FrameReader({ said: 1e6, octets: 0 });
          reader.feed(octets);
          const said = reader.next()?.said as { readonly t: string };
          if (said.t === this.lose) {
            this.lose = null;
            this.up = false;
            return close();
          }
          queueMicrotask(() => events.onData(octets));
        },
        end: close,
        pause: () => {},
        resume: () => {},
      },
      { known: () => {}, warn: () => {} },
    );
    return {
      remote: "127.0.0.1",
      write: (data) => {
        // as a wire would: what was written is free again
        if (!over) keeper.feed((data as Uint8Array).slice());
        return true;
      },
      drained: () => Promise.resolve(),
      flushed: () => true,
      startTls: () => Effect.void,
      protection: () => null,
      end: close,
      destroy: close,
    };
  }
}

interface World {
  readonly cable: Cable;
  readonly one: Spool["Service"];
  readonly two: Two;
  /** What the spool of one goes by. */
  readonly own: Effect.Effect<Source, SpoolError>;
  /** Ids that stand on two for one. */
  readonly there: () => Promise<ReadonlyArray<string>>;
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>;
  readonly message: (
    id: string,
    o?: { readonly to?: ReadonlyArray<string> },
  ) => Promise<NewMessage>;
  readonly paths: { readonly one: string; readonly two: string };
}

const settle = async (probe: () => boolean | Promise<boolean>): Promise<void> => {
  for (let n = 0; n < 500; n++) {
    if (await probe()) return;
    await new Promise((r) => setTimeout(r, 10));
  }
  assert.fail("it did not happen");
};

const test = (
  name: string,
  body: (w: World) => Promise<void>,
  o: { readonly waitMs?: number; readonly commitMs?: number } = {},
): void =>
  Deno.test(`replicatedLayer() ${name}`, async () => {
    const dir = await Deno.makeTempDir();
    const paths = { one: join(dir, "one.db"), two: join(dir, "two.db") };
    try {
      const program = Effect.gen(function* () {
        const second = yield* Layer.build(
          Layer.fresh(spoolLayer({ path: paths.two, keepDays: 1 })),
        );
        const two = yield* Effect.provide(
          Effect.gen(function* () {
            return { spool: yield* Spool, copies: yield* Copies };
          }),
          second,
        );
        const cable = new Cable(two);
        const slow = Layer.effect(
          Spool,
          Effect.map(
            Spool,
            (s) => ({
              ...s,
              commit: (m: NewMessage) => Effect.delay(s.commit(m), o.commitMs ?? 0),
            }),
          ),
        );
        const disk = spoolLayer({ path: paths.one, keepDays: 1, onceMs: 60_000 });
        const beneath = Layer.merge(
          o.commitMs === undefined ? disk : Layer.provideMerge(slow, disk),
          Layer.succeed(Dialer, cable.dialer),
        );
        const first = yield* Layer.build(Layer.provideMerge(
          replicatedLayer({
            host: "two.example.com",
            port: 1,
            ca: null,
            secret: Redacted.make("s"),
            node: "one.example.com",
            connectMs: 1_000,
            pingMs: 1_000,
            answerMs: 5_000,
            retryMs: { first: 10, most: 20 },
            waitMs: o.waitMs ?? 60_000,
            lookMs: 50,
          }),
          beneath,
        ));
        const one = yield* Effect.provide(Spool, first);
        const copies = yield* Effect.provide(Copies, first);
        const own = Effect.map(
          copies.own,
          ({ spool }): Source => ({ origin: "one.example.com", spool }),
        );
        yield* Effect.promise(() =>
          body({
            cable,
            one,
            two,
            own,
            paths,
            run: Effect.runPromise,
            there: async () =>
              (await Effect.runPromise(Effect.flatMap(
                own,
                (source) => two.copies.list(source, "kept", 0, 100),
              )))
                .map((c) => c.id),
            message: async (id, more = {}) => ({
              ...await Effect.runPromise(Effect.provideService(newMessage(id, more), Spool, one)),
              replicated: true,
            }),
          })
        );
      });
      await Effect.runPromise(Effect.scoped(program as Effect.Effect<void, unknown, Scope.Scope>));
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

const linked = (w: World): Promise<void> => settle(() => w.cable.dials > 0);
const delivered = (d: Delivery) =>
  d.recipients.map((recipient) => ({
    recipient,
    outcome: { _tag: "Delivered", reply: "250 ok", remote: "hop" } as const,
  }));

test("keeps a copy, and drops it when the message is delivered", async (w) => {
  await linked(w);
  await settle(async () => {
    const r = await w.run(Effect.result(w.one.commit(await w.message("first"))));
    return r._tag === "Success";
  });
  assert.deepEqual(await w.there(), ["first"]);
  const [d] = await w.run(w.one.take(10));
  assert.equal(d?.message, "first");
  await w.run(w.one.settleAll([{ message: "first", settlements: delivered(d!) }]));
  await settle(async () => (await w.there()).length === 0);
});

test("accepts nothing while there is no link, and what it did not accept does not stay there", async (w) => {
  await linked(w);
  await settle(async () =>
    (await w.run(Effect.result(w.one.commit(await w.message("there")))))._tag === "Success"
  );
  w.cable.lose = "ok";
  const lost = await w.run(Effect.result(w.one.commit(await w.message("lost"))));
  assert.equal(lost._tag, "Failure");
  const none = await w.run(Effect.result(w.one.commit(await w.message("none"))));
  assert.equal(none._tag === "Failure" && none.failure._tag, "SpoolFault");
  assert.deepEqual(await w.there(), ["there", "lost"]);
  w.cable.up = true;
  await settle(async () => (await w.there()).join() === "there");
  await settle(async () =>
    (await w.run(Effect.result(w.one.commit(await w.message("again")))))._tag === "Success"
  );
  assert.deepEqual(await w.there(), ["there", "again"]);
});

/** The database at `path` is another's for as long as `during` takes. */
const locked = async <A>(path: string, during: () => Promise<A>): Promise<A> => {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    const free = beginTrouble(db, "waits");
    const result = await during();
    free();
    return result;
  } finally {
    db.close();
  }
};

/** Called off after a moment. */
const impatient = async (w: World, id: string) => {
  const m = await w.message(id);
  const cancellation = new Cancellation();
  const timer = setTimeout(() => cancellation.request(), 200);
  const result = await w.run(Effect.result(w.one.commit(m, cancellation)));
  clearTimeout(timer);
  return result._tag;
};

test("refuses what is called off while the copy waits for its disk, and neither side has it afterwards", async (w) => {
  await linked(w);
  await settle(async () => (await impatient(w, "there")) === "Success");
  const told = await locked(w.paths.two, () => impatient(w, "refused"));
  assert.equal(told, "Failure");
  assert.equal(await impatient(w, "after"), "Success");
  await settle(async () => (await w.there()).join() === "there,after");
  const sent = (await w.run(w.one.take(10))).map((d) => d.message);
  assert.deepEqual(sent.sort(), ["after", "there"]);
});

test("refuses what is called off while its own disk waits, and the copy goes", async (w) => {
  await linked(w);
  await settle(async () => (await impatient(w, "there")) === "Success");
  assert.equal(await locked(w.paths.one, () => impatient(w, "refused")), "Failure");
  await settle(async () => (await w.there()).join() === "there");
  assert.equal(await impatient(w, "after"), "Success");
  assert.deepEqual(await w.there(), ["there", "after"]);
});

test("a copy that is committed behind the end of its connection goes again", async (w) => {
  await linked(w);
  await settle(async () => (await impatient(w, "there")) === "Success");
  const db = new DatabaseSync(w.paths.two, { timeout: 5_000 });
  // what inserts a copy takes its time, once it is begun
  const free = beginTrouble(db, "slow", 1_000, "copy");
  const lost = w.run(Effect.result(w.one.commit(await w.message("lost"))));
  await new Promise((r) => setTimeout(r, 300));
  w.cable.cut();
  assert.equal((await lost)._tag, "Failure");
  // it does not hear of it by a new connection
  await settle(() => {
    try {
      free();
      return true;
    } catch {
      return false;
    }
  });
  db.close();
  await settle(async () => (await w.there()).join() === "there");
});

test("keeps none of what was submitted before", async (w) => {
  await linked(w);
  const once = { key: "k", note: '{"stage":"submit"}' };
  await settle(async () =>
    (await w.run(Effect.result(w.one.commit({ ...await w.message("a"), once }))))._tag === "Success"
  );
  const known = await w.run(w.one.commit({ ...await w.message("b"), once }));
  assert.deepEqual(known, { _tag: "Known", id: "a" });
  await settle(async () => (await w.there()).join() === "a");
});

test("tells what an operator has changed, and who is done with before a take-over", async (w) => {
  await linked(w);
  const to = ["bob@example.org", "carol@example.com", "dave@example.com"];
  await settle(async () =>
    (await w.run(Effect.result(w.one.commit(await w.message("m", { to })))))._tag === "Success"
  );
  const all = await w.run(w.one.take(10));
  const bob = all.find((d) => d.recipients[0]?.address.startsWith("bob"))!;
  await w.run(w.one.settle("m", delivered(bob)));
  const change = (c: Parameters<SpoolAdmin["Service"]["change"]>[0], recipient: string) =>
    w.run(Effect.scoped(
      SpoolAdmin.use((a) => a.change(c, { recipient })).pipe(
        Effect.provide(adminLayer(w.paths.one)),
      ),
    ));
  await change({ _tag: "Hold" }, "carol@*");
  await change({ _tag: "Remove" }, "dave@*");
  const open = async () => {
    const db = new (await import("node:sqlite")).DatabaseSync(w.paths.two);
    try {
      return JSON.parse(String(db.prepare("SELECT open FROM copy").get()?.["open"] ?? "[]"));
    } finally {
      db.close();
    }
  };
  await settle(async () => (await open()).length === 1);
  assert.deepEqual(
    (await open()).map((r: { address: string; held: boolean }) => [r.address, r.held]),
    [
      ["carol@example.com", true],
    ],
  );
  w.cable.cut();
  const admin = <A, E>(f: (c: CopiesAdmin["Service"]) => Effect.Effect<A, E>) =>
    w.run(Effect.scoped(CopiesAdmin.use(f).pipe(Effect.provide(copiesAdminLayer(w.paths.two)))));
  const o = { dryRun: false, force: false };
  assert.equal(await admin((c) => c.takeOver("one.example.com", o)), null);
  const dry = await admin((c) => c.takeOver("one.example.com", { dryRun: true, force: true }));
  assert.deepEqual(dry, { messages: ["m"], recipients: 1 });
  assert.equal((await admin((c) => c.kept))[0]?.messages, 1);
  await admin((c) => c.takeOver("one.example.com", { ...o, force: true }));
  const shown = await w.run(Effect.scoped(
    SpoolAdmin.use((a) => a.show("m")).pipe(Effect.provide(adminLayer(w.paths.two))),
  ));
  assert.deepEqual(shown?.recipients.map((r) => [r.address, r.state]), [
    ["carol@example.com", "held"],
  ]);
  // and it is not ours any more when the link is back
  w.cable.up = true;
  await settle(async () => {
    const ours = await w.run(Effect.scoped(
      SpoolAdmin.use((a) => a.show("m")).pipe(Effect.provide(adminLayer(w.paths.one))),
    ));
    return ours?.recipients.every((r) => r.state === "delivered" || r.state === "removed") === true;
  });
  await settle(async () =>
    (await w.run(Effect.flatMap(w.own, (source) => w.two.copies.list(source, "taken", 0, 10))))
      .length === 0
  );
});

test("sends nothing before the other side has said what it took over, or the wait is over", async (w) => {
  w.cable.cut();
  await w.run(w.one.commit({ ...await w.message("waits"), replicated: false }));
  const early = await w.run(Effect.timeoutOption(w.one.take(1), 50));
  assert.equal(early._tag, "None");
  w.cable.up = true;
  const [d] = await w.run(w.one.take(1));
  assert.equal(d?.message, "waits");
});

test("does not wait for ever for a server that is gone", async (w) => {
  w.cable.cut();
  await w.run(w.one.commit({ ...await w.message("waits"), replicated: false }));
  const [d] = await w.run(w.one.take(1));
  assert.equal(d?.message, "waits");
}, { waitMs: 100 });

test("copies a body that is staged on disk, and the report on a message that has a copy", async (w) => {
  await linked(w);
  const body = "line of text\r\n".repeat(40_000);
  await settle(async () => {
    const m = await Effect.runPromise(
      Effect.provideService(newMessage("large", { body }), Spool, w.one),
    );
    return (await w.run(Effect.result(w.one.commit({ ...m, replicated: true }))))._tag ===
      "Success";
  });
  const text = async (s: Spool["Service"], id: string) => {
    let out = "";
    for await (const c of await w.run(s.read(id))) out += new TextDecoder("latin1").decode(c);
    return out;
  };
  assert.equal(await text(w.two.spool, "large"), await text(w.one, "large"));
  const [d] = await w.run(w.one.take(10));
  const bounce = { ...await w.message("report"), account: null };
  await w.run(w.one.settle(
    "large",
    d!.recipients.map((recipient) => ({
      recipient,
      outcome: { _tag: "Failed", status: "5.1.1", reply: "550 no", remote: "hop" } as const,
    })),
    bounce,
  ));
  await settle(async () => (await w.there()).join() === "report");
});

test("refuses a message that the other side may not keep, with its reason", async (w) => {
  await linked(w);
  const m = await Effect.runPromise(
    Effect.provideService(newMessage("huge", { body: "x".repeat(1_100_000) }), Spool, w.one),
  );
  let told = "";
  await settle(async () => {
    const r = await w.run(Effect.result(w.one.commit({ ...m, replicated: true })));
    if (r._tag === "Failure" && r.failure._tag === "SpoolFault") {
      told = String(r.failure.cause);
    }
    return told.includes("message_bytes");
  });
  assert.deepEqual(await w.there(), []);
});

const pause = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

test("takes no body for whole of which a part went over a link that broke", async (w) => {
  await linked(w);
  await settle(async () =>
    (await w.run(Effect.result(w.one.commit(await w.message("there")))))._tag === "Success"
  );
  const m = await Effect.runPromise(
    Effect.provideService(newMessage("broken", { body: "x".repeat(600_000) }), Spool, w.one),
  );
  const part = m.body.part;
  const breaking: typeof part = (index) =>
    index !== 1 ? part(index) : Effect.andThen(
      Effect.promise(async () => {
        const before = w.cable.dials;
        w.cable.cut();
        w.cable.up = true;
        await settle(() => w.cable.dials > before);
        await pause(50);
      }),
      () => part(index),
    );
  Object.defineProperty(m.body, "part", { value: breaking });
  const r = await w.run(Effect.result(w.one.commit({ ...m, replicated: true })));
  assert.match(
    r._tag === "Failure" && r.failure._tag === "SpoolFault" ? String(r.failure.cause) : "",
    /did not come whole/,
  );
  await settle(async () => (await w.there()).join() === "there");
});

test("does not take for undelivered what is not committed yet", async (w) => {
  await linked(w);
  await settle(async () =>
    (await w.run(Effect.result(w.one.commit(await w.message("there")))))._tag === "Success"
  );
  const committing = w.run(w.one.commit(await w.message("late")));
  await pause(50);
  // another process changes something
  await w.run(Effect.scoped(
    SpoolAdmin.use((a) => a.suppress({ address: "x@example.org", since: 0, until: 1, reason: "" }))
      .pipe(Effect.provide(adminLayer(w.paths.one))),
  ));
  await committing;
  await pause(200);
  assert.deepEqual(await w.there(), ["there", "late"]);
  const all = await w.run(w.one.take(10));
  const late = all.find((d) => d.message === "late")!;
  await w.run(w.one.settleAll([{ message: "late", settlements: delivered(late) }]));
  await settle(async () => (await w.there()).join() === "there");
}, { commitMs: 200 });

test("copies once more what the other side has lost, as it stands now", async (w) => {
  await linked(w);
  const to = ["bob@example.org", "carol@example.com"];
  const body = "line of text\r\n".repeat(40_000);
  await settle(async () => {
    const m = await Effect.runPromise(
      Effect.provideService(newMessage("large", { to, body }), Spool, w.one),
    );
    return (await w.run(Effect.result(w.one.commit({ ...m, replicated: true }))))._tag ===
      "Success";
  });
  const hold = {
    reason: "burst",
    until: null,
    then: "expire",
    notify: false,
    token: null,
  } as const;
  await w.run(w.one.commit({ ...await w.message("held"), hold }));
  await w.run(w.one.commit({ ...await w.message("plain"), replicated: false }));
  w.cable.cut();
  await w.run(Effect.scoped(
    CopiesAdmin.use((c) => c.drop("one.example.com", { dryRun: false, force: true })).pipe(
      Effect.provide(copiesAdminLayer(w.paths.two)),
    ),
  ));
  assert.deepEqual(await w.there(), []);
  const all = await w.run(w.one.take(10));
  const bob = all.find((d) => d.recipients[0]?.address.startsWith("bob") && d.message === "large")!;
  await w.run(w.one.settle("large", delivered(bob)));
  w.cable.up = true;
  await settle(async () => (await w.there()).join() === "large,held");
  const text = async (s: Spool["Service"], id: string) => {
    let out = "";
    for await (const c of await w.run(s.read(id))) out += new TextDecoder("latin1").decode(c);
    return out;
  };
  assert.equal(await text(w.two.spool, "large"), await text(w.one, "large"));
  w.cable.cut();
  await w.run(Effect.scoped(
    CopiesAdmin.use((c) => c.takeOver("one.example.com", { dryRun: false, force: true })).pipe(
      Effect.provide(copiesAdminLayer(w.paths.two)),
    ),
  ));
  const [large, held] = await Promise.all(
    ["large", "held"].map((id) =>
      w.run(Effect.scoped(
        SpoolAdmin.use((a) => a.show(id)).pipe(Effect.provide(adminLayer(w.paths.two))),
      ))
    ),
  );
  assert.deepEqual(large?.recipients.map((r) => r.address), ["carol@example.com"]);
  assert.deepEqual(held?.hold, { reason: "burst", until: null, then: "expire" });
  assert.deepEqual(held?.recipients.map((r) => r.state), ["held"]);
});
