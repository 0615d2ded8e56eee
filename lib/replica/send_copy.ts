/** One message on its way to the server that keeps copies. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Effect } from "effect";
import type { OpenRecipient } from "../ports/copy_of.ts";
import type { NewMessage, SpoolError } from "../ports/spool.ts";
import { ReplicaFault, type ReplicaLink } from "./link.ts";

/** On stable storage on the other side when it succeeds. `digest`: what head and body must come to. */
export const sendCopy = (
  link: ReplicaLink,
  m: Omit<NewMessage, "recipients">,
  open: ReadonlyArray<OpenRecipient>,
  digest: Uint8Array | null = null,
): Effect.Effect<void, ReplicaFault | SpoolError> => {
  const n = link.number();
  return Effect.gen(function* () {
    const head = Buffer.from(m.head, "latin1");
    const hash = digest === null ? null : createHash("sha256").update(head);
    let octets = 0;
    for (let index = 0;; index++) {
      const piece = yield* m.body.part(index);
      if (piece === null) break;
      octets += piece.length;
      hash?.update(piece);
      yield* link.part(n, piece);
    }
    const { id, acceptedAt, account, session, envelope, eightBit, trail, hold } = m;
    const message = {
      id,
      acceptedAt,
      account,
      session,
      envelope,
      eightBit,
      trail,
      open,
      hold: hold === undefined
        ? null
        : { reason: hold.reason, until: hold.until, then: hold.then, notify: false },
    };
    if (hash !== null && digest !== null && !hash.digest().equals(digest)) {
      return yield* new ReplicaFault({
        reason: `message ${id} is damaged: its checksum differs`,
      });
    }
    yield* link.ask({ t: "keep", octets, message }, head, n);
  }).pipe(Effect.onError(() => Effect.sync(() => link.tell({ t: "drop", n }))));
};
