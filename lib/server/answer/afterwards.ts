/** What follows an acceptance. */
import { Duration, Effect, Fiber } from "effect";

/** The client waits for it at most so long. */
const NOTED_WITHIN = Duration.seconds(5);

/**
 * Does it before the client hears, for as long as a client may be kept waiting; beyond that it goes on by itself. The
 * message is taken: neither a fault, a bug nor a slow disk may make anything else of the reply.
 */
export const afterwards = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<void, never, R> =>
  Effect.gen(function* () {
    const told = Effect.ignoreCause(work, { log: "Error" });
    const fiber = yield* Effect.forkDetach(told, { startImmediately: true });
    if (fiber.pollUnsafe() !== undefined) return;
    yield* Effect.timeoutOption(Fiber.await(fiber), NOTED_WITHIN);
  });
