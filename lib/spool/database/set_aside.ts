/** Messages of which not even the envelope can be read: nobody can be told but the operator. */
import { Effect } from "effect";
import type { ClaimedRow, SettleOp } from "./protocol.ts";
import { STATE } from "./schema.ts";

export const NO_ENVELOPE = "The envelope cannot be read from the spool";

/** So that they are not tried again, and what is left of them stays. */
export const setAside = (rows: ReadonlyArray<ClaimedRow>): SettleOp => ({
  op: "settle",
  rows: rows.map(({ key }) => ({
    key,
    state: STATE.damaged,
    due: 0,
    status: "5.3.0",
    reply: NO_ENVELOPE,
    remote: null,
  })),
  bounce: null,
});

export const reportBroken = (rows: ReadonlyArray<ClaimedRow>): Effect.Effect<void> =>
  Effect.logError(
    "Messages were damaged in the spool beyond their envelope; they are not sent, and their senders cannot be told: check the disk",
    {
      messages: [...new Set(rows.map((r) => r.id))],
      recipients: rows.map((r) => r.address),
      todo: "tell the senders; `postern queue list --state damaged` lists what is left",
    },
  );
