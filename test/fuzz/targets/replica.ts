/** Whoever connects where copies are kept: without the secret it moves nothing, with it no more than copies of its own. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Effect, Redacted } from "effect";
import { Copies } from "../../../lib/ports/copies.ts";
import { type NewMessage, Spool } from "../../../lib/ports/spool.ts";
import { frame, FrameReader } from "../../../lib/replica/frames.ts";
import { Keeper } from "../../../lib/replica/keeper.ts";
import { answered } from "../../../lib/replica/words.ts";
import { pieces, type Target } from "../target.ts";

const latin1 = (said: unknown, text = ""): string =>
  Buffer.from(frame(said, Buffer.from(text, "latin1"))).toString("latin1");

const hello = (secret: string) =>
  latin1({ t: "hello", version: 1, node: "one.example.com", secret });
const open = [{ address: "b@x.test", hop: "mx", via: null, held: false, due: 1, attempts: 0 }];
const message = {
  id: "1",
  acceptedAt: 1,
  account: "alice",
  session: null,
  envelope: { returnPath: null, recipients: [], body: "7BIT", smtpUtf8: false },
  eightBit: false,
  trail: "{}",
  open,
  hold: null,
};

const KEEP = latin1({ t: "keep", n: 2, octets: 7, message }, "A: b\r\n\r\n");
const PART = latin1({ t: "part", n: 2 }, "hello\r\n");

export const replica: Target = {
  name: "replica",
  tokens: [
    hello("right"),
    hello("wrong"),
    KEEP,
    PART,
    latin1({ t: "drop", n: 2 }),
    latin1({ t: "stand", n: 3, standing: [{ id: "1", open }] }),
    latin1({ t: "yielded", n: 4, ids: ["1"] }),
    latin1({ t: "list", n: 5, which: "kept", after: 0 }),
    latin1({ t: "ping", n: 6 }),
    "\0\0\0\x02\0\0\0\0{}",
    "\xff\xff\xff\xff",
    "\0\0\0\0",
    '"id":"\u0007"',
    "null",
  ],
  seeds: [hello("right") + PART + KEEP, hello("right") + KEEP + PART, hello("wrong") + KEEP],
  run: (input, random) => {
    const touched: Array<string> = [];
    const kept: Array<NewMessage> = [];
    const note = <A>(what: string, value: A) =>
      Effect.sync(() => {
        touched.push(what);
        return value;
      });
    const spool = {
      stage: () => ({
        write: () => Effect.void,
        part: () => Effect.succeed(null),
        discard: () => {},
      }),
      commit: (m: NewMessage) => {
        kept.push(m);
        return note("commit", { _tag: "Kept" } as const);
      },
    } as unknown as Spool["Service"];
    const copies = {
      list: () => note("list", []),
      update: () => note("update", []),
      yielded: () => note("yielded", undefined),
      heard: () => note("heard", undefined),
    } as unknown as Copies["Service"];
    let known = false;
    let ended = false;
    const keeper = new Keeper(
      {
        node: "two.example.com",
        nodes: ["one.example.com"],
        secret: Redacted.make("right"),
        messageBytes: 10_000,
      },
      { spool, copies },
      {
        send: (octets) => {
          assert.ok(!ended, "an answer behind the end");
          const reader = new FrameReader({ said: 100_000, octets: 0 });
          reader.feed(octets);
          assert.notEqual(answered(reader.next()?.said), null, "an answer that is none");
        },
        end: () => {
          ended = true;
        },
        pause: () => {},
        resume: () => {},
      },
      {
        known: () => {
          known = true;
        },
        warn: () => {},
      },
    );
    for (const piece of pieces(input, random)) keeper.feed(piece);
    if (!known) assert.deepEqual(touched, [], "a stranger moved something");
    for (const m of kept) {
      assert.equal(m.copyOf?.origin, "one.example.com");
      assert.deepEqual(m.recipients, []);
    }
    keeper.closed();
  },
};
