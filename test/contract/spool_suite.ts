/**
 * What every store behind `Spool` and `SpoolAdmin` does. Run on each Layer there is, with `commitSuite`, which has
 * what comes between a commit and its outcome.
 */
import assert from "node:assert/strict";
import { Effect, type Layer, Option } from "effect";
import type { Envelope } from "../../lib/envelope/envelope.ts";
import { parseMailbox } from "../../lib/address/path.ts";
import {
  type Delivery,
  type LeasedRecipient,
  type NewMessage,
  type Outcome,
  Spool,
} from "../../lib/ports/spool.ts";
import type { Hold } from "../../lib/ports/hold.ts";
import { attemptJson, contactText } from "../../lib/ports/attempt.ts";
import { type Change, type Selection, SpoolAdmin } from "../../lib/ports/spool_admin.ts";
import { octets, text } from "../support/octets.ts";

const envelope = (to: ReadonlyArray<string>): Envelope => ({
  returnPath: parseMailbox("alice@example.net"),
  recipients: to.map((a) => ({ mailbox: parseMailbox(a)! })),
  body: "8BITMIME",
  smtpUtf8: false,
  declaredSize: null,
});

export const HEAD = "Subject: gr\xfc\xdfe\r\n\r\n";

/** A message whose body is `body`, written in pieces of `step` octets. */
export const newMessage = (
  id: string,
  o: {
    readonly body?: string;
    readonly to?: ReadonlyArray<string>;
    readonly step?: number;
    readonly due?: number;
    readonly once?: string;
    readonly acceptedAt?: number;
  } = {},
) =>
  Effect.gen(function* () {
    const spool = yield* Spool;
    const { body = "hello\r\n", to = ["bob@example.org"], step = 65_536 } = o;
    const staging = spool.stage();
    for (let at = 0; at < body.length; at += step) {
      yield* staging.write(octets(body.slice(at, at + step)));
    }
    const message: NewMessage = {
      id,
      acceptedAt: o.acceptedAt ?? Date.now(),
      account: "alice",
      session: null,
      envelope: envelope(to),
      recipients: to.map((address) => ({ address, hop: `mx ${address.split("@")[1]}` })),
      head: HEAD,
      body: staging,
      eightBit: false,
      trail: '{"version":1,"trail":[{"stage":"parse"}]}',
      ...(o.once === undefined ? {} : { once: { key: o.once, note: '{"stage":"submit"}' } }),
      ...(o.due === undefined ? {} : { due: o.due }),
    };
    return message;
  });

export const accept = (...a: Parameters<typeof newMessage>) =>
  Effect.flatMap(newMessage(...a), (m) => Spool.use((s) => s.commit(m)));

/** Accepted and held. */
export const acceptHeld = (
  id: string,
  o: Pick<Hold, "until" | "then">,
  token: string | null = null,
  to: ReadonlyArray<string> = ["bob@example.org"],
) =>
  Effect.flatMap(
    newMessage(id, { to }),
    (m) =>
      Spool.use((s) =>
        s.commit({ ...m, hold: { ...o, reason: "why not", notify: token !== null, token } })
      ),
  );

/** Deliveries that come within 5 seconds, as many as asked for. */
export const takeAll = (n: number) =>
  Effect.gen(function* () {
    const spool = yield* Spool;
    const out: Array<Delivery> = [];
    while (out.length < n) out.push(...(yield* spool.take(10)));
    return out;
  }).pipe(Effect.timeout("5 seconds"));

export const takeOne = Effect.map(takeAll(1), (found) => {
  assert.equal(found.length, 1);
  return found[0]!;
});

/** Nothing is due: `take` still waits after so long. */
export const nothing = (ms: number) =>
  Effect.gen(function* () {
    const spool = yield* Spool;
    const got = yield* Effect.timeoutOption(spool.take(10), `${ms} millis`);
    assert.ok(Option.isNone(got), JSON.stringify(Option.getOrNull(got)));
  });

/** The content as text, one char per octet. */
export const contentOf = (id: string) =>
  Effect.gen(function* () {
    const chunks = yield* (yield* Spool).read(id);
    return yield* Effect.promise(async () => {
      let out = "";
      for await (const c of chunks) out += text(c);
      return out;
    });
  });

const settle = (d: Delivery, outcome: Outcome, bounce?: NewMessage) =>
  Spool.use((s) =>
    s.settle(d.message, d.recipients.map((recipient) => ({ recipient, outcome })), bounce)
  );

const DELIVERED: Outcome = { _tag: "Delivered", reply: "250 2.0.0 OK", remote: "mx.example.org" };
const FAILED: Outcome = { _tag: "Failed", status: "5.1.1", reply: "550 5.1.1 who?", remote: null };
const deferred = (until: number): Outcome => ({
  _tag: "Deferred",
  until,
  status: "4.4.1",
  reply: "no route",
  remote: null,
});

/** How many recipients it touched. */
const change = (_tag: Exclude<Change["_tag"], "Reroute" | "Edit">, selection: Selection = {}) =>
  Effect.map(SpoolAdmin.use((a) => a.change({ _tag }, selection)), (c) => c.recipients);

const list = (all: boolean) => SpoolAdmin.use((a) => a.list({ all }));

const withdrawnSoon = (r: LeasedRecipient) =>
  Effect.gen(function* () {
    const spool = yield* Spool;
    while (!spool.withdrawn(r)) yield* Effect.sleep("50 millis");
  }).pipe(Effect.timeout("5 seconds"));

/** `layer` makes a fresh, empty store each time it is built. */
export const spoolSuite = <E>(
  name: string,
  layer: () => Layer.Layer<Spool | SpoolAdmin, E>,
): void => {
  const it = (title: string, body: () => Effect.Effect<void, unknown, Spool | SpoolAdmin>) =>
    Deno.test(`${name}: ${title}`, () => Effect.runPromise(Effect.provide(body(), layer())));

  it("commit() of the same key and body again keeps nothing, and names the first", () =>
    Effect.gen(function* () {
      const large = "x".repeat(700_000);
      for (const body of ["hello\r\n", large]) {
        const name = body.length > 10 ? "large" : "small";
        assert.deepEqual(yield* accept(`${name}1`, { body, once: "k" }), { _tag: "Kept" });
        assert.deepEqual(
          yield* accept(`${name}2`, { body, once: "k" }),
          { _tag: "Known", id: `${name}1` },
        );
      }
      assert.deepEqual((yield* list(true)).map((e) => e.id).sort(), ["large1", "small1"]);
      assert.equal((yield* takeAll(2)).length, 2);
    }));

  it("commit() of another key or another body is another message", () =>
    Effect.gen(function* () {
      yield* accept("m1", { once: "k" });
      assert.deepEqual(yield* accept("m2", { once: "other" }), { _tag: "Kept" });
      assert.deepEqual(yield* accept("m3", { once: "k", body: "bye\r\n" }), { _tag: "Kept" });
      assert.deepEqual(yield* accept("m4"), { _tag: "Kept" });
      assert.deepEqual(yield* accept("m5"), { _tag: "Kept" });
    }));

  it("commit() of the same after its time is another message", () =>
    Effect.gen(function* () {
      const now = Date.now();
      yield* accept("m1", { once: "k", acceptedAt: now - 3_600_001 });
      assert.deepEqual(yield* accept("m2", { once: "k", acceptedAt: now }), { _tag: "Kept" });
      assert.deepEqual(yield* accept("m3", { once: "k", acceptedAt: now + 1 }), {
        _tag: "Known",
        id: "m2",
      });
    }));

  it("take() gives what commit() kept, once, a delivery for each next hop", () =>
    Effect.gen(function* () {
      const to = ["bob@example.org", "carol@example.com", "dave@example.org"];
      yield* accept("m1", { to });
      const got = yield* takeAll(2);
      assert.deepEqual(
        got.map((d) => [d.message, d.hop, d.recipients.map((r) => r.address)]).sort(),
        [
          ["m1", "mx example.com", ["carol@example.com"]],
          ["m1", "mx example.org", ["bob@example.org", "dave@example.org"]],
        ],
      );
      for (const d of got) {
        assert.deepEqual(d.envelope, envelope(to));
        assert.equal(d.size, HEAD.length + "hello\r\n".length);
        assert.deepEqual(d.recipients.map((r) => r.attempts), d.recipients.map(() => 0));
      }
      yield* nothing(50);
    }));

  it("take() wakes for a commit that comes while it waits", () =>
    Effect.gen(function* () {
      const [found] = yield* Effect.all([takeOne, Effect.delay(accept("m1"), "20 millis")], {
        concurrency: 2,
      });
      assert.equal(found.message, "m1");
    }));

  it("read() gives head and body, octet for octet", () =>
    Effect.gen(function* () {
      const body = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
      yield* accept("m1", { body, step: 7 });
      assert.equal(yield* contentOf("m1"), HEAD + body);
      assert.equal(yield* contentOf("m1"), HEAD + body);
    }));

  it("read() gives an empty body", () =>
    Effect.gen(function* () {
      yield* accept("m1", { body: "" });
      assert.equal(yield* contentOf("m1"), HEAD);
    }));

  it("read() fails for a message that is not there", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(Spool.use((s) => s.read("none")));
      assert.equal(failure._tag, "SpoolFault");
    }));

  it("commit() keeps a body of 3 MB, and nothing of it shows before", () =>
    Effect.gen(function* () {
      const block = Array.from({ length: 1021 }, (_, i) => String.fromCharCode(i % 251)).join("");
      const body = block.repeat(3100);
      const message = yield* newMessage("big", { body });
      assert.deepEqual(yield* list(true), []);
      assert.equal(yield* SpoolAdmin.use((a) => a.show("big")), null);
      yield* Spool.use((s) => s.commit(message));
      const d = yield* takeOne;
      assert.equal(d.size, HEAD.length + body.length);
      assert.ok((yield* contentOf("big")) === HEAD + body);
    }));

  it("part() gives a staged body again, in order, before it is kept", () =>
    Effect.gen(function* () {
      for (const size of [0, 10, 300_000, 1_000_003]) {
        const staging = (yield* Spool).stage();
        const body = Uint8Array.from({ length: size }, (_, i) => i % 251);
        for (let i = 0; i < size; i += 60_000) yield* staging.write(body.slice(i, i + 60_000));
        const parts: Array<number> = [];
        for (let i = 0;; i++) {
          const part = yield* staging.part(i);
          if (part === null) break;
          for (const octet of part) parts.push(octet);
        }
        assert.ok(parts.length === size && parts.every((octet, i) => octet === body[i]));
        staging.discard();
      }
    }));

  it("stage() and discard() leave nothing, however large and whenever", () =>
    Effect.gen(function* () {
      for (const size of [0, 10, 1_000_000]) {
        const message = yield* newMessage("gone", { body: "x".repeat(size) });
        message.body.discard();
        message.body.discard();
      }
      assert.deepEqual(yield* list(true), []);
      yield* nothing(50);
    }));

  it("settle() of the last recipient finishes the message, whose history stays", () =>
    Effect.gen(function* () {
      yield* accept("m1");
      yield* settle(yield* takeOne, DELIVERED);
      assert.deepEqual(yield* list(false), []);
      const [entry, ...rest] = yield* list(true);
      assert.deepEqual(rest, []);
      const r = entry?.recipients[0];
      assert.deepEqual(
        [entry?.id, r?.state, r?.attempts, r?.lastReply, r?.lastRemote, r?.due],
        ["m1", "delivered", 1, "250 2.0.0 OK", "mx.example.org", null],
      );
      yield* nothing(50);
    }));

  it("settle() of one next hop leaves the other to be done, its content there", () =>
    Effect.gen(function* () {
      yield* accept("m1", { to: ["bob@example.org", "carol@example.com"] });
      const [first, second] = yield* takeAll(2);
      yield* settle(first!, DELIVERED);
      assert.equal((yield* list(false)).length, 1);
      assert.equal(yield* contentOf("m1"), `${HEAD}hello\r\n`);
      yield* settle(second!, FAILED);
      assert.deepEqual(yield* list(false), []);
    }));

  it("settleAll() records what became of several messages, and only of leases that are ours", () =>
    Effect.gen(function* () {
      for (const id of ["m1", "m2", "m3"]) yield* accept(id);
      const taken = yield* takeAll(3);
      yield* settle(taken[1]!, FAILED);
      yield* (yield* Spool).settleAll(taken.map(({ message, recipients }) => ({
        message,
        settlements: recipients.map((recipient) => ({ recipient, outcome: DELIVERED })),
      })));
      const states = (yield* list(true)).map((e) => [e.id, ...e.recipients.map((r) => r.state)]);
      assert.deepEqual(states.sort(), [
        [taken[0]!.message, "delivered"],
        [taken[1]!.message, "failed"],
        [taken[2]!.message, "delivered"],
      ]);
    }));

  it("settle() with Deferred brings the delivery back when it is due, one attempt older", () =>
    Effect.gen(function* () {
      yield* accept("m1");
      const until = Date.now() + 300;
      yield* settle(yield* takeOne, deferred(until));
      const again = yield* takeOne;
      assert.ok(Date.now() >= until);
      assert.deepEqual([again.message, again.recipients[0]?.attempts], ["m1", 1]);
      assert.equal(yield* contentOf("m1"), `${HEAD}hello\r\n`);
    }));

  it("settle() keeps the bounce in the same breath", () =>
    Effect.gen(function* () {
      yield* accept("m1");
      const d = yield* takeOne;
      yield* settle(d, FAILED, yield* newMessage("bounce", { body: "sorry\r\n" }));
      const [entry] = yield* list(false);
      assert.equal(entry?.id, "bounce");
      assert.equal((yield* takeOne).message, "bounce");
      assert.equal(yield* contentOf("bounce"), `${HEAD}sorry\r\n`);
      const old = (yield* list(true)).find((e) => e.id === "m1");
      assert.equal(old?.recipients[0]?.state, "failed");
    }));

  it("settle() remembers whom an attempt was with, and by which next hop it went", () =>
    Effect.gen(function* () {
      yield* accept("m1");
      const contact = { host: "mx.example.org", address: "192.0.2.1", policy: "TLS if offered" };
      const attempt = attemptJson({ ...contact, tls: "clear" }, { ms: 12 });
      const tell = (d: Delivery, outcome: Outcome) =>
        Spool.use((s) =>
          s.settle(d.message, [{ recipient: d.recipients[0]!, outcome, hop: "mx:new", attempt }])
        );
      const remote = contactText(contact);
      yield* tell(yield* takeOne, { ...deferred(Date.now()), remote });
      yield* tell(yield* takeOne, { ...DELIVERED, remote });
      const shown = yield* SpoolAdmin.use((s) => s.show("m1"));
      const want = { ...contact, tls: "clear", ms: 12 };
      const [r] = shown?.recipients ?? [];
      assert.deepEqual([r?.hop, r?.lastAttempt], ["mx:new", want]);
      assert.deepEqual(shown?.history.map((h) => [h.what, h.attempt]), [["deferred", want]]);
    }));

  it("settle() twice counts once", () =>
    Effect.gen(function* () {
      yield* accept("m1");
      const d = yield* takeOne;
      yield* settle(d, DELIVERED);
      yield* settle(d, FAILED);
      const r = (yield* list(true))[0]?.recipients[0];
      assert.deepEqual([r?.state, r?.attempts], ["delivered", 1]);
    }));

  it("settle() of a lease that was lost sends no bounce", () =>
    Effect.gen(function* () {
      yield* accept("m1");
      const d = yield* takeOne;
      yield* settle(d, DELIVERED);
      yield* settle(d, FAILED, yield* newMessage("bounce"));
      assert.deepEqual(yield* list(false), []);
    }));

  it("giveBack() makes a delivery due at once, no attempt counted", () =>
    Effect.gen(function* () {
      yield* accept("m1");
      yield* Spool.use((s) => Effect.flatMap(takeOne, s.giveBack));
      assert.equal((yield* takeOne).recipients[0]?.attempts, 0);
    }));

  it("show() tells everything that was kept", () =>
    Effect.gen(function* () {
      yield* accept("m1");
      const m = yield* SpoolAdmin.use((a) => a.show("m1"));
      assert.deepEqual(
        [m?.id, m?.account, m?.returnPath, m?.head, m?.trail, m?.envelope],
        [
          "m1",
          "alice",
          "alice@example.net",
          HEAD,
          '{"version":1,"trail":[{"stage":"parse"}]}',
          envelope(["bob@example.org"]),
        ],
      );
      assert.equal(yield* SpoolAdmin.use((a) => a.show("none")), null);
    }));

  it("EXT-FUT-2, EXT-FUT-3: what is not due waits, whoever asks, and counts for its account", () =>
    Effect.gen(function* () {
      const spool = yield* Spool;
      assert.equal(yield* spool.held("alice"), 0);
      const due = Date.now() + 1_500;
      yield* accept("later", { due });
      yield* accept("now");
      assert.equal((yield* takeOne).message, "now");
      assert.equal(yield* spool.held("alice"), 1);
      assert.equal(yield* spool.held("bob"), 0);
      assert.equal(yield* change("Retry"), 0);
      assert.equal(yield* change("Hold", { id: "later" }), 1);
      assert.equal(yield* change("Release", { id: "later" }), 1);
      assert.equal((yield* takeOne).message, "later");
      assert.ok(Date.now() >= due);
      assert.equal(yield* spool.held("alice"), 0);
    }));

  it("hold(), release(), retry() and remove() change what waits", () =>
    Effect.gen(function* () {
      yield* accept("m1");
      yield* settle(yield* takeOne, deferred(Date.now() + 3_600_000));
      assert.equal(yield* change("Hold", { id: "m1" }), 1);
      assert.equal(yield* change("Hold", { id: "m1" }), 0);
      assert.equal((yield* list(false))[0]?.recipients[0]?.state, "held");
      assert.equal(yield* change("Retry", { id: "m1" }), 0);
      assert.equal(yield* change("Release"), 1);
      const d = yield* takeOne;
      assert.equal(d.message, "m1");
      yield* settle(d, deferred(Date.now() + 3_600_000));
      assert.equal(yield* change("Retry"), 1);
      yield* settle(yield* takeOne, deferred(Date.now() + 3_600_000));
      assert.equal(yield* change("Remove", { id: "m1" }), 1);
      assert.equal(yield* change("Remove", { id: "none" }), 0);
      assert.deepEqual(yield* list(false), []);
      yield* nothing(50);
    }));

  it("a held message does not leave before its time, and tells why; then it is due", () =>
    Effect.gen(function* () {
      yield* acceptHeld("m1", { until: Date.now() + 1200, then: "release" });
      const entry = (yield* list(false))[0];
      assert.equal(entry?.recipients[0]?.state, "held");
      assert.equal(entry?.hold?.reason, "why not");
      yield* nothing(300);
      const d = yield* takeOne;
      assert.deepEqual([d.message, d.overdue ?? false], ["m1", false]);
      assert.equal((yield* list(false))[0]?.hold, null);
    }));

  it("a hold that expires hands the message over to go back, and again where that was not recorded", () =>
    Effect.gen(function* () {
      yield* acceptHeld("m1", { until: Date.now() - 1, then: "expire" });
      const d = yield* takeOne;
      assert.deepEqual([d.message, d.overdue], ["m1", true]);
      yield* Spool.use((s) => s.giveBack(d));
      const again = yield* takeOne;
      assert.equal(again.overdue, true);
      yield* settle(again, FAILED);
      assert.deepEqual(yield* list(false), []);
    }));

  it("redeem() takes a token once, and no other", () =>
    Effect.gen(function* () {
      const admin = yield* SpoolAdmin;
      yield* acceptHeld("m1", { until: null, then: "release" }, "hold-one");
      yield* acceptHeld("m2", { until: null, then: "expire" }, "hold-two");
      const redeem = (token: string, then: "release" | "cancel") =>
        Effect.map(admin.redeem(token, then), (c) => c.messages);
      assert.deepEqual(yield* redeem("hold-x", "release"), []);
      assert.equal(yield* admin.heldBy("hold-x"), null);
      assert.equal(yield* admin.heldBy("hold-one"), "m1");
      assert.deepEqual(yield* redeem("hold-one", "release"), ["m1"]);
      assert.deepEqual(yield* redeem("hold-one", "cancel"), []);
      assert.equal((yield* takeOne).message, "m1");
      assert.deepEqual(yield* redeem("hold-two", "cancel"), ["m2"]);
      assert.deepEqual(yield* redeem("hold-two", "release"), []);
      yield* nothing(50);
    }));

  it("release() by hand ends any hold, and its token with it", () =>
    Effect.gen(function* () {
      const admin = yield* SpoolAdmin;
      yield* acceptHeld("m1", { until: Date.now() + 60_000, then: "expire" }, "hold-one");
      assert.equal(yield* change("Release", { id: "m1" }), 1);
      const d = yield* takeOne;
      assert.equal(d.overdue ?? false, false);
      assert.equal((yield* admin.redeem("hold-one", "cancel")).recipients, 0);
      assert.equal((yield* list(false))[0]?.recipients[0]?.state, "leased");
    }));

  it("Remove of one recipient leaves the hold to the others, Remove of all ends it", () =>
    Effect.gen(function* () {
      const admin = yield* SpoolAdmin;
      const to = ["bob@example.org", "carol@example.com"];
      yield* acceptHeld("m1", { until: null, then: "release" }, "hold-one", to);
      assert.equal(yield* change("Remove", { recipient: "bob@*" }), 1);
      assert.equal((yield* list(false))[0]?.hold?.reason, "why not");
      assert.equal(yield* admin.heldBy("hold-one"), "m1");
      assert.equal(yield* change("Remove", { id: "m1" }), 1);
      assert.equal(yield* admin.heldBy("hold-one"), null);
      assert.equal((yield* list(true))[0]?.hold, null);
    }));

  it("Release that only tells leaves the hold and its token", () =>
    Effect.gen(function* () {
      const admin = yield* SpoolAdmin;
      yield* acceptHeld("m1", { until: null, then: "release" }, "hold-one");
      const told = yield* admin.change({ _tag: "Release" }, { id: "m1" }, { dryRun: true });
      assert.equal(told.recipients, 1);
      assert.equal(yield* admin.heldBy("hold-one"), "m1");
      assert.equal((yield* admin.redeem("hold-one", "release")).recipients, 1);
      assert.equal((yield* takeOne).message, "m1");
    }));

  it("Hold by hand takes the place of a hold that is over", () =>
    Effect.gen(function* () {
      yield* acceptHeld("m1", { until: Date.now() - 1, then: "expire" });
      yield* Spool.use((s) => Effect.flatMap(takeOne, s.giveBack));
      assert.equal(yield* change("Hold", { id: "m1" }), 1);
      yield* nothing(1_200);
      assert.equal(yield* change("Release", { id: "m1" }), 1);
      assert.equal((yield* takeOne).overdue ?? false, false);
    }));

  it("EXT-FUT-3: neither token nor release lets a held message leave before its time", () =>
    Effect.gen(function* () {
      const admin = yield* SpoolAdmin;
      const due = Date.now() + 1_500;
      const hold = { reason: "why not", until: null, then: "release", notify: true } as const;
      for (const id of ["m1", "m2"]) {
        const m = yield* newMessage(id, { due });
        yield* Spool.use((s) => s.commit({ ...m, hold: { ...hold, token: `hold-${id}` } }));
      }
      assert.equal((yield* admin.redeem("hold-m1", "release")).recipients, 1);
      assert.equal(yield* change("Release", { id: "m2" }), 1);
      yield* nothing(300);
      assert.deepEqual((yield* takeAll(2)).map((d) => d.overdue ?? false), [false, false]);
      assert.ok(Date.now() >= due);
    }));

  it("change() touches what every part of the selection means, and only tells so with dryRun", () =>
    Effect.gen(function* () {
      yield* accept("m1", { to: ["bob@example.org", "carol@sub.example.com"] });
      yield* accept("m2", { to: ["bob@example.com"] });
      const admin = yield* SpoolAdmin;
      const hold = (selection: Selection, dryRun = true) =>
        admin.change({ _tag: "Hold" }, selection, { dryRun });
      for (
        const [selection, recipients, messages] of [
          [{}, 3, ["m1", "m2"]],
          [{ id: "m1" }, 2, ["m1"]],
          [{ id: "none" }, 0, []],
          [{ sender: "Alice@Example.NET" }, 3, ["m1", "m2"]],
          [{ sender: "" }, 0, []],
          [{ account: "al*" }, 3, ["m1", "m2"]],
          [{ recipient: "bob@*" }, 2, ["m1", "m2"]],
          [{ recipient: "%@example.org" }, 0, []],
          [{ domain: ["example.com"] }, 1, ["m2"]],
          [{ domain: ["*.example.com"] }, 1, ["m1"]],
          [{ hop: "mx *example.com" }, 2, ["m1", "m2"]],
          [{ hop: "mx example.com", id: "m1" }, 0, []],
          [{ before: 1 }, 0, []],
          [{ after: 1 }, 3, ["m1", "m2"]],
          [{ states: ["held"] }, 0, []],
        ] as const
      ) {
        assert.deepEqual(
          yield* hold(selection),
          { recipients, messages, leased: 0 },
          JSON.stringify(selection),
        );
      }
      assert.ok(
        (yield* list(false)).every((m) =>
          m.recipients.every((r) => r.state === "queued" || r.state === "leased")
        ),
      );
      assert.equal((yield* hold({ domain: ["example.com"] }, false)).recipients, 1);
      assert.deepEqual(
        (yield* admin.list({ all: false, selection: { states: ["held"] } })).map((m) => m.id),
        ["m2"],
      );
      let seen = 0;
      assert.equal(yield* admin.walk({ all: true, limit: 1 }, () => seen++), 1);
      assert.equal(seen, 1);
    }));

  it("QUE-4: a message that is held or removed while it is leased is no longer ours to send", () =>
    Effect.gen(function* () {
      const spool = yield* Spool;
      for (const _tag of ["Hold", "Remove"] as const) {
        yield* accept(_tag);
        const d = yield* takeOne;
        const [recipient] = d.recipients;
        assert.equal(spool.withdrawn(recipient!), false);
        assert.equal(yield* change(_tag, { id: _tag }), 1);
        yield* withdrawnSoon(recipient!);
        // what had begun all the same ends as the truth has it
        yield* settle(d, _tag === "Hold" ? deferred(Date.now()) : DELIVERED);
        const state = (yield* SpoolAdmin.use((a) => a.show(_tag)))?.recipients[0]?.state;
        assert.equal(state, _tag === "Hold" ? "held" : "delivered");
        assert.equal(spool.withdrawn(recipient!), false);
      }
      yield* nothing(1_200);
      assert.equal(yield* change("Release", { id: "Hold" }), 1);
      assert.equal((yield* takeOne).message, "Hold");
    }));

  it("Reroute and Edit change where a recipient goes, now, and the history says so", () =>
    Effect.gen(function* () {
      const admin = yield* SpoolAdmin;
      yield* accept("m1");
      yield* settle(yield* takeOne, deferred(Date.now() + 3_600_000));
      const via = { text: "smtp://other:25", hop: "smtp://other:25" };
      assert.equal((yield* admin.change({ _tag: "Reroute", via }, { id: "m1" })).recipients, 1);
      const d = yield* takeOne;
      assert.deepEqual([d.hop, d.recipients[0]?.via], [via.hop, via.text]);
      yield* settle(d, deferred(Date.now() + 3_600_000));
      const to = parseMailbox("carol@example.com")!;
      yield* admin.change({ _tag: "Reroute", via: null }, {});
      yield* admin.change({ _tag: "Edit", to, hop: "mx example.com" }, {
        recipient: "bob@example.org",
      });
      const e = yield* takeOne;
      assert.deepEqual([e.recipients[0]?.address, e.recipients[0]?.via], [
        "carol@example.com",
        undefined,
      ]);
      const shown = yield* admin.show("m1");
      const told = shown?.history.map((h) => h.what);
      assert.deepEqual(told?.filter((w) => w === "deferred").length, 2);
    }));

  it("count tells how many wait for each next hop", () =>
    Effect.gen(function* () {
      yield* accept("m1", { to: ["bob@example.org", "carol@example.com"] });
      yield* accept("m2", { to: ["bob@example.com"] });
      yield* change("Hold");
      const counts = yield* Effect.flatMap(SpoolAdmin, (a) => a.count);
      assert.deepEqual(counts.map((c) => [c.hop, c.state, c.recipients, c.due]).sort(), [
        ["mx example.com", "held", 2, null],
        ["mx example.org", "held", 1, null],
      ]);
    }));

  it("suppressed() says to whom no mail goes, without regard to case", () =>
    Effect.gen(function* () {
      const [admin, spool] = [yield* SpoolAdmin, yield* Spool];
      const address = "Bob@Example.org";
      yield* admin.suppress({ address, since: 1, until: Date.now() + 60_000, reason: "no" });
      const known = yield* admin.suppressions;
      assert.deepEqual(known.map((s) => [s.address, s.reason]), [["bob@example.org", "no"]]);
      const soon = (want: boolean) =>
        Effect.gen(function* () {
          while (spool.suppressed("bOB@example.org") !== want) yield* Effect.sleep("50 millis");
        }).pipe(Effect.timeout("5 seconds"));
      yield* soon(true);
      assert.equal(spool.suppressed("carol@example.org"), false);
      assert.equal(yield* admin.unsuppress(address), true);
      assert.equal(yield* admin.unsuppress(address), false);
      yield* soon(false);
    }));
};
