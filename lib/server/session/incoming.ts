/**
 * One message on its way in: its reader, and its body, which goes to the spool's staging as it comes.
 *
 * Reads no socket and answers nothing. It may wait for storage only, and signals that to the reader of the session
 * by events.
 */
import { joined, release } from "../../message/release.ts";
import type { BodyDigest } from "../../ports/signer.ts";
import type { SpoolError, Staging } from "../../ports/spool.ts";
import type { MessageReader } from "../../smtp/syntax/message_reader.ts";
import type { DataShare } from "./data_memory.ts";
import type { ReceivedData, SessionHost } from "./session_host.ts";

export interface StorageEvents {
  /** Body text goes to storage: nothing is read until `onStored`. */
  readonly onStoring: () => void;
  /** It is there. `then` is what comes next, for a session that goes on. */
  readonly onStored: (then: () => void) => void;
  /** No memory is left for more of it: nothing is read until `onStored`. */
  readonly onScarce: () => void;
}

/** What is held of a body before it is handed to storage. */
export const HOLD = 65_536;
/** The same where memory is scarce. */
const SCARCE_HOLD = 32_768;
const readOn = (): void => {};

export class Incoming<Reader extends MessageReader = MessageReader> implements ReceivedData {
  readonly reader: Reader;
  readonly body: Staging;
  readonly digest: BodyDigest | null;
  readonly #write: SessionHost["write"];
  readonly #events: StorageEvents;
  readonly #share: DataShare;
  #fault: SpoolError | null = null;
  /** Read from the wire, all of it body text that is not stored yet. */
  #read: Array<Uint8Array> = [];
  #discarded = false;

  constructor(host: SessionHost, reader: Reader, events: StorageEvents) {
    this.reader = reader;
    this.body = host.stage();
    this.digest = host.digest();
    this.#write = host.write;
    this.#events = events;
    this.#share = host.share();
  }

  get fault(): SpoolError | null {
    return this.#fault;
  }

  /** Reads what came over the wire; returns how many of its octets belong to the message. */
  push(chunk: Uint8Array): number {
    const inBody = this.reader.hasBody;
    const used = this.#count(() => this.reader.push(chunk));
    if (inBody && used === chunk.length) this.#read.push(chunk);
    return used;
  }

  /** What the reader keeps of the body takes memory; headers are bounded by themselves. */
  #count(read: () => number): number {
    const before = this.reader.bodyPending;
    const used = read();
    this.#share.take(this.reader.bodyPending - before);
    return used;
  }

  /** Whether it waits for memory: whoever holds some goes on. */
  waits(): boolean {
    const waits = this.#share.mustWait(() => this.#events.onStored(readOn));
    if (waits) this.#events.onScarce();
    return waits;
  }

  /** Reads what an IMAP server has sent, and calls `done` once more of it may come. */
  take(octets: Uint8Array, done: () => void): void {
    this.#count(() => this.reader.push(octets));
    if (this.reader.bodyPending >= HOLD) this.#store([joined(this.reader.takeBody())], done);
    else done();
  }

  /** Of a large message that goes on: storage gets a copy, and what was read from the wire is given back. */
  storeSome(): void {
    const { bodyPending } = this.reader;
    const { held, scarce } = this.#share;
    // all that it holds, also what storage has put off writing
    const full = scarce ? bodyPending > 0 && held >= SCARCE_HOLD : bodyPending >= HOLD;
    if (full) {
      const copy = joined(this.reader.takeBody());
      this.#releaseRead();
      this.#store([copy], readOn);
    } else if (bodyPending === 0) this.#releaseRead();
  }

  #releaseRead(): void {
    this.#read.forEach(release);
    this.#read = [];
  }

  /** The data, or a chunk of it, has ended; `then` once all of it is stored. */
  storeRest(then: () => void): void {
    this.#read = [];
    this.#store(this.reader.takeBody(), then);
  }

  /** Hands body text to storage; waits where storage does. */
  #store(parts: ReadonlyArray<Uint8Array>, then: () => void): void {
    if (this.#discarded || this.#fault !== null || parts.length === 0) return then();
    let left = parts.length;
    this.#events.onStoring();
    const { scarce } = this.#share;
    const held = this.#share.held;
    const written = (fault: SpoolError | null, onDisk: boolean): void => {
      this.#fault ??= fault;
      if (onDisk) this.#share.giveBack(held);
      if (--left === 0) this.#events.onStored(then);
    };
    for (const part of parts) {
      this.digest?.update(part);
      this.#write(this.body, part, scarce, written);
    }
  }

  /** Forgets it, unless the spool has taken it. */
  discard(): void {
    this.#discarded = true;
    this.body.discard();
    this.#share.drop();
    this.#read = [];
  }
}
