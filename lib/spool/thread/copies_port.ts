/** The port `Copies` over the thread that owns the database. */
import { Buffer } from "node:buffer";
import { Effect } from "effect";
import { Copies, type StoredMessage } from "../../ports/copies.ts";
import { type SpoolError, SpoolFault, type Staging } from "../../ports/spool.ts";
import { readFacts } from "../database/claims.ts";
import type { DatabaseThread } from "./group_commit.ts";
import type { Op, Results, StoredRow } from "../database/protocol.ts";

export const copiesOn = (thread: DatabaseThread): Copies["Service"] => {
  /** What the thread answers to `op`. */
  const run = <O extends Op>(op: O): Effect.Effect<Results[O["op"]], SpoolError> =>
    thread.run(op.op, op);
  return Copies.of({
    list: (source, which, after, limit) => run({ op: "copies", source, which, after, limit }),
    update: (source, standing) => run({ op: "copiesStand", source, standing, yielded: [] }),
    yielded: (source, yielded) => run({ op: "copiesStand", source, standing: [], yielded }),
    heard: (source, last) => run({ op: "source", source, last }),
    own: run({ op: "ownSpool" }),
    standing: (ids) => run({ op: "standing", ids }),
    replicated: (after, limit) => run({ op: "replicated", after, limit }),
    stored: (id) =>
      Effect.map(
        run({ op: "stored", id }),
        (row) => row === null ? null : stored(row, (index) => run({ op: "bodyPart", id, index })),
      ),
    changed: run({ op: "changed" }),
    yield: (ids, by) => run({ op: "yield", ids, by }),
  });
};

const stored = (row: StoredRow, part: Staging["part"]): StoredMessage => {
  const { envelope, session, eightBit } = readFacts(row);
  return {
    message: {
      id: row.id,
      acceptedAt: row.at,
      account: row.account,
      session,
      envelope,
      eightBit,
      head: Buffer.from(row.head).toString("latin1"),
      trail: row.trail,
      body: { part, write: () => Effect.void, discard: () => {} },
      ...row.reason === null ? {} : {
        hold: {
          reason: row.reason,
          until: row.until,
          then: row.expires === 1 ? "expire" : "release",
          notify: false,
          token: null,
        },
      },
    },
    digest: row.digest,
  };
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
  replicated: () => nothing,
  stored: () => nothing,
  changed: nothing,
  yield: () => nothing,
});
