/** The port `Copies` over the thread that owns the database. */
import { Effect } from "effect";
import { Copies } from "../ports/copies.ts";
import { type SpoolError, SpoolFault } from "../ports/spool.ts";
import type { DatabaseThread } from "./group_commit.ts";
import type { Op } from "./protocol.ts";

export const copiesOn = (thread: DatabaseThread): Copies["Service"] => {
  /** What the thread answers to `op`. */
  const run = <A>(op: Op): Effect.Effect<A, SpoolError> =>
    thread.run(op.op, op) as Effect.Effect<A, SpoolError>;
  return Copies.of({
    list: (source, which, after, limit) => run({ op: "copies", source, which, after, limit }),
    update: (source, standing) => run({ op: "copiesStand", source, standing, yielded: [] }),
    yielded: (source, yielded) => run({ op: "copiesStand", source, standing: [], yielded }),
    heard: (source, last) => run({ op: "source", source, last }),
    own: run({ op: "ownSpool" }),
    standing: (ids) => run({ op: "standing", ids }),
    changed: run({ op: "changed" }),
    yield: (ids, by) => run({ op: "yield", ids, by }),
  });
};

const nothing = Effect.fail(new SpoolFault({ operation: "copies", cause: "there is no spool" }));

/** Where there is no spool. */
export const noCopies: Copies["Service"] = Copies.of({
  list: () => nothing,
  update: () => nothing,
  yielded: () => nothing,
  heard: () => nothing,
  own: nothing,
  standing: () => nothing,
  changed: nothing,
  yield: () => nothing,
});
