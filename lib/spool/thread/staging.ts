/** A body on its way into the spool: in memory while it is small, then written to disk in chunks. */
import { Effect } from "effect";
import { joined, release } from "../../message/release.ts";
import type { SpoolError, Staging } from "../../ports/spool.ts";
import type { ReadPart } from "../database/protocol.ts";
import type { DatabaseThread } from "./group_commit.ts";

/** Octets of a chunk on disk, and what is held of a body before it goes there. */
export const CHUNK = 262_144;
/** The same where memory is scarce: less is not worth a write. */
const LEAST = 32_768;

export class DiskStaging implements Staging {
  readonly #thread: DatabaseThread;
  #held: Array<Uint8Array> = [];
  #heldOctets = 0;
  /** Octets in all. */
  #octets = 0;
  #number: number | null = null;
  /** Chunks on disk. */
  #flushed = 0;
  #finished = false;
  /** A commit has it, and says what becomes of it. */
  #handed = false;

  constructor(thread: DatabaseThread) {
    this.#thread = thread;
  }

  get octets(): number {
    return this.#octets;
  }

  /** Number of the staged message, null while all of it is held. */
  get number(): number | null {
    return this.#number;
  }

  readonly write = (chunk: Uint8Array, through = false): Effect.Effect<void, SpoolError> => {
    this.#held.push(chunk);
    this.#heldOctets += chunk.length;
    this.#octets += chunk.length;
    return this.#heldOctets < (through ? LEAST : CHUNK) ? Effect.void : this.#flush();
  };

  #flush(): Effect.Effect<void, SpoolError> {
    const held = this.#held;
    const chunks = [this.takeHeld()];
    held.forEach(release);
    this.#flushed++;
    return Effect.map(
      this.#thread.run("stage", { op: "stage", number: this.#number, chunks }),
      (number) => {
        this.#number = number as number;
        // it was given up while the disk was busy with it
        if (this.#finished) this.#drop();
      },
    );
  }

  readonly part = (index: number): Effect.Effect<Uint8Array | null, SpoolError> => {
    const number = this.#number;
    if (index < this.#flushed && number !== null) {
      return Effect.map(
        this.#thread.run("staged", { op: "staged", number, index }),
        (read) => (read as ReadPart).parts[0] ?? null,
      );
    }
    return Effect.succeed(this.#held[index - this.#flushed] ?? null);
  };

  /** What is held, copied into one array of its own: the pieces are views of larger read buffers. */
  takeHeld(): Uint8Array {
    const out = joined(this.#held);
    this.#held = [];
    this.#heldOctets = 0;
    return out;
  }

  /** To a commit: what is held, which goes along. Nobody else may drop it before `landed`. */
  hand(): Uint8Array {
    this.#handed = true;
    return this.takeHeld();
  }

  /** The commit has ended. `kept`: it is part of a message now; else it is used up, and goes. */
  landed(kept: boolean): void {
    this.#finished = true;
    this.#handed = false;
    if (kept) this.#number = null;
    else this.#drop();
  }

  readonly discard = (): void => {
    if (this.#finished || this.#handed) return;
    this.#finished = true;
    this.#held = [];
    this.#drop();
  };

  #drop(): void {
    if (this.#number === null) return;
    // should it fail, the purge finds the rest
    this.#thread.submit({ op: "discard", number: this.#number }, () => {});
    this.#number = null;
  }
}
