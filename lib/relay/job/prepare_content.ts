/** The content of a job, read from the spool and converted to what its hop offers. */
import { Effect } from "effect";
import { type Delivery, Spool, type SpoolError } from "../../ports/spool.ts";
import type { Offer } from "../../smtp/client/offer.ts";
import type { Verdict } from "../../smtp/client/verdict.ts";
import { type Content, prepare, prepareChunk, prepareHeld } from "../session/content.ts";
import { bodyMisfits, convert, headerMisfits } from "./convert.ts";
import { DAMAGED, unreadable } from "../../files/damaged.ts";
import type { Job, Shape } from "./job.ts";

/** A message that can be sent to this hop: its content and what that is like. */
export interface Prepared {
  readonly content: Content;
  readonly shape: Shape;
}

/** Reads the content from its beginning, each time. */
type Read = () => Effect.Effect<AsyncIterable<Uint8Array>, SpoolError>;

/** The message of a job as the hop can take it; a verdict where it cannot, or where the spool cannot give it. */
export const prepareContent: (
  job: Job,
  offer: Offer,
) => Effect.Effect<Prepared | Verdict, never, Spool> = Effect
  .fnUntraced(
    function* (job, offer) {
      const { delivery } = job;
      const { awaited } = job;
      const spool = yield* Spool;
      const { message, envelope, content, size, eightBit } = delivery;
      const read: Read = awaited === undefined
        ? () => spool.read(message)
        : () => Effect.succeed(awaited.content());
      const shape = { size, eightBit, eightBitHeader: false, binary: false };
      if (bodyMisfits(delivery, offer)) return yield* fitted(read, delivery, offer);
      if (envelope.body === "BINARYMIME") {
        const raw = prepareChunk(yield* read(), size);
        return { content: raw, shape: { ...shape, binary: true } };
      }
      const held = content === null ? null : prepareHeld(content, envelope.smtpUtf8);
      const prepared = held ?? (yield* Effect.flatMap(
        read(),
        (chunks) => Effect.tryPromise(() => prepare(chunks, envelope.smtpUtf8)),
      ));
      const { eightBitHeader } = prepared;
      if (headerMisfits(delivery, offer, eightBitHeader)) {
        return yield* fitted(read, delivery, offer);
      }
      return { content: prepared.content, shape: { ...shape, eightBitHeader } };
    },
    (effect, { delivery }) =>
      Effect.catch(effect, (fault) => {
        const verdict = unreadable(fault);
        // of damage the log hears once, when it is recorded
        return verdict === DAMAGED ? Effect.succeed(verdict) : Effect.as(
          Effect.logError("A message cannot be read", { id: delivery.message, fault }),
          verdict,
        );
      }),
  );

/** Converted for a hop that takes less than the message holds. RFC 6152 §3 */
const fitted = Effect.fnUntraced(
  function* (read: Read, delivery: Delivery, offer: Offer) {
    const open = () => Effect.runPromise(read());
    const made = yield* Effect.tryPromise(() => convert(open, delivery, offer));
    if ("kind" in made) return made;
    const { content, eightBitHeader } = yield* Effect.tryPromise(() =>
      prepare(made.chunks, offer.smtpUtf8, false)
    );
    const { size, eightBit } = made;
    return { content, shape: { size, eightBit, eightBitHeader, binary: false } };
  },
);
