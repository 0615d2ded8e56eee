/** Operations on a spool's database, as the server's thread runs them. */
import assert from "node:assert/strict";
import type { SpoolDatabase } from "../../lib/spool/database/database.ts";
import type { CommitOp, Op } from "../../lib/spool/database/protocol.ts";
import { octets } from "./octets.ts";

/** Runs one, which must go well, and gives its value. */
export const one = (db: SpoolDatabase, op: Op) => {
  const [r] = db.run([op]);
  assert.ok(r?.ok, r?.ok === false ? r.message : "no result");
  return r.value;
};

/** A small message of alice's to bob, accepted `now`. */
export const message = (
  w: { readonly now: number },
  id: string,
  o: Partial<CommitOp> = {},
): CommitOp => ({
  op: "commit",
  id,
  acceptedAt: w.now,
  account: "alice",
  returnPath: "alice@example.net",
  facts: "{}",
  trail: "[]",
  head: octets("A: b\r\n\r\n"),
  staged: null,
  body: [octets("hello\r\n")],
  recipients: [{ address: "bob@example.org", hop: "mx" }],
  hold: null,
  due: w.now,
  lease: false,
  once: null,
  ...o,
});
