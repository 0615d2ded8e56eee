/**
 * No spool: bodies are in memory while their clients wait, and nothing is ever stored. For nodes that pass every
 * message through. Their total is bounded; a body beyond that is refused for now.
 */
import { Effect, Layer } from "effect";
import { Copies } from "../../ports/copies.ts";
import { type Listeners, Outbox } from "../../ports/outbox.ts";
import { Spool, SpoolFault, SpoolFull, type Staging } from "../../ports/spool.ts";
import { noCopies } from "./copies_port.ts";
import { memoryOutbox } from "./outbox_memory.ts";

/** What all bodies together may take. */
class Room {
  #left: number;

  constructor(octets: number) {
    this.#left = octets;
  }

  take(octets: number): boolean {
    if (octets > this.#left) return false;
    this.#left -= octets;
    return true;
  }

  giveBack(octets: number): void {
    this.#left += octets;
  }
}

class HeldInMemory implements Staging {
  readonly #room: Room;
  #parts: Array<Uint8Array> = [];
  #octets = 0;
  #over = false;

  constructor(room: Room) {
    this.#room = room;
  }

  readonly write = (chunk: Uint8Array): Effect.Effect<void, SpoolFull> => {
    if (this.#over) return Effect.void;
    if (!this.#room.take(chunk.length)) {
      return Effect.fail(
        new SpoolFull({ cause: "the memory for messages in transit is used up" }),
      );
    }
    this.#octets += chunk.length;
    // the piece may be a view of a larger read buffer
    this.#parts.push(chunk.slice());
    return Effect.void;
  };

  readonly part = (index: number): Effect.Effect<Uint8Array | null> =>
    Effect.succeed(this.#parts[index] ?? null);

  readonly discard = (): void => {
    this.#over = true;
    this.#room.giveBack(this.#octets);
    this.#octets = 0;
    this.#parts = [];
  };
}

const nothingKept = (operation: string) =>
  Effect.fail(new SpoolFault({ operation, cause: "there is no spool" }));

const NOBODY: Listeners = { names: [], kinds: [], keepMs: 0, most: 0 };

/** `listeners`: who hears of events; null: nobody. */
export const noSpoolLayer = (
  memoryBytes: number,
  listeners: Listeners | null,
): Layer.Layer<Spool | Outbox | Copies> =>
  Layer.mergeAll(
    spoolless(memoryBytes),
    Layer.succeed(Copies, noCopies),
    Layer.sync(Outbox, () => memoryOutbox(listeners ?? NOBODY)),
  );

const spoolless = (memoryBytes: number): Layer.Layer<Spool> =>
  Layer.sync(Spool, () => {
    const room = new Room(memoryBytes);
    return {
      stage: () => new HeldInMemory(room),
      commit: () => nothingKept("commit"),
      take: () => Effect.never,
      read: () => nothingKept("read"),
      settle: () => nothingKept("settle"),
      settleAll: () => nothingKept("settle"),
      held: () => Effect.succeed(0),
      giveBack: () => Effect.void,
      withdrawn: () => false,
      suppressed: () => false,
    };
  });
