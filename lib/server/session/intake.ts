/**
 * The input of one session: command lines, a message (DATA, chunks of BDAT, parts that BURL names), or octets to
 * discard. The machine decides which comes next. RFC 5321 §4.1.1.4, RFC 3030 §2, RFC 4468 §3
 *
 * Knows neither the wire nor the machine: it turns octets into inputs of the machine.
 */
import type { Input, Output } from "../../smtp/server/state.ts";
import { ChunkReader } from "../../smtp/syntax/chunk.ts";
import { DataReader } from "../../smtp/syntax/dot.ts";
import { LineReader } from "../../smtp/syntax/line.ts";
import type { DataLimits, MessageReader } from "../../smtp/syntax/message_reader.ts";
import { Incoming, type StorageEvents } from "./incoming.ts";
import type { ReceivedData, SessionHost } from "./session_host.ts";

export interface IntakeEvents extends StorageEvents {
  /** Octets that are no lines have ended, well or badly. */
  readonly onInput: (input: Input) => void;
  /** An IMAP server has sent a part, or will not. `then` is what comes next, for a session that goes on. */
  readonly onFetched: (then: () => void) => void;
}

type NextOctets = Output & { readonly _tag: "ReadData" | "ReadChunk" | "DropData" };

export class Intake {
  readonly #host: SessionHost;
  readonly #session: string;
  readonly #events: IntakeEvents;
  readonly #lines = new LineReader();
  /** On its way, or being judged. */
  #message: Incoming | null = null;
  /** The same, where it comes in chunks. */
  #chunks: Incoming<ChunkReader> | null = null;
  /** The same, where the next octets are its. */
  #reading: Incoming | null = null;
  #dropping = false;
  /** Octets that are to be dropped before anything is read. */
  #drop = 0;
  /** An IMAP server sends a part: the client waits. */
  #fetching = false;
  /** Gives the part up. */
  #giveUp: (() => void) | null = null;

  constructor(host: SessionHost, session: string, events: IntakeEvents) {
    this.#host = host;
    this.#session = session;
    this.#events = events;
  }

  /** Takes the next octets, split anywhere. */
  feed(chunk: Uint8Array): void {
    this.#lines.feed(chunk);
  }

  /** Octets that have arrived and were not read. */
  get pending(): number {
    return this.#lines.pending;
  }

  get message(): ReceivedData | null {
    return this.#message;
  }

  /** A message that comes in chunks has not been judged, or dropped. */
  get chunked(): boolean {
    return this.#chunks !== null;
  }

  /** The next octets are a message's. */
  get reading(): boolean {
    return this.#reading !== null;
  }

  get fetching(): boolean {
    return this.#fetching;
  }

  /** The next octets are no line. */
  get inData(): boolean {
    return this.#reading !== null || this.#dropping;
  }

  /** The next line of at most `max` octets; null until it has arrived. */
  line(max: number): Input | null {
    const line = this.#lines.next(max);
    return line === null ? null : { _tag: "Line", line, more: this.#lines.pending > 0 };
  }

  /** Reads octets that are no line. True where there may be more to do at once. */
  read(): boolean {
    return this.#reading === null ? this.#dropOctets() : this.#readData(this.#reading);
  }

  /** What the next octets are. Those of a refused chunk are dropped. RFC 3030 §2 */
  expect(next: NextOctets): void {
    switch (next._tag) {
      case "ReadData":
        this.#begin(new DataReader(this.#limits));
        break;
      case "ReadChunk": {
        const message = this.#chunksOf(next.first, next.binary);
        message.reader.expect(next.octets, next.last);
        this.#reading = message;
        break;
      }
      case "DropData":
        this.#dropping = true;
        this.#drop = next.octets;
        break;
    }
  }

  /** What an IMAP server sends is read as a chunk of the client's; no octet of the client's comes meanwhile. RFC 4468 §3.5 */
  fetch({ url, origin, first, last, binary }: Output & { readonly _tag: "Fetch" }): void {
    const message = this.#chunksOf(first, binary);
    this.#reading = null;
    this.#fetching = true;
    const sink = {
      begin: (octets: number) => message.reader.expect(octets, last),
      take: (octets: Uint8Array, done: () => void) => message.take(octets, done),
    };
    const request = { url, origin, mostOctets: this.#host.rules.messageBytes };
    const giveUp = this.#host.fetch(this.#session, request, sink, (refusal) => {
      this.#fetching = false;
      this.#giveUp = null;
      this.#events.onFetched(() => {
        if (refusal === null) this.#reading = message; // ends as the client's own would
        else this.#events.onInput({ _tag: "NotFetched", reply: refusal });
      });
    });
    // it may have ended at once
    if (this.#fetching) this.#giveUp = giveUp;
  }

  /** The message is kept or refused, or will never be complete: what was staged and not kept goes. */
  drop(): void {
    this.#message?.discard();
    this.#message = null;
    this.#chunks = null;
    this.#reading = null;
    this.#giveUp?.();
  }

  get #limits(): DataLimits {
    return { messageBytes: this.#host.rules.messageBytes, headerBytes: this.#host.headerBytes };
  }

  #begin<Reader extends MessageReader>(reader: Reader): Incoming<Reader> {
    const message = new Incoming(this.#host, reader, this.#events);
    this.#message = message;
    this.#reading = message;
    return message;
  }

  /** The message that comes in chunks. */
  #chunksOf(first: boolean, binary: boolean): Incoming<ChunkReader> {
    if (!first && this.#chunks !== null) return this.#chunks;
    return this.#chunks = this.#begin(new ChunkReader(this.#limits, binary));
  }

  #dropOctets(): boolean {
    const chunk = this.#lines.takeRest();
    if (this.#drop > 0 && chunk.length === 0) return false;
    const used = Math.min(chunk.length, this.#drop);
    this.#drop -= used;
    if (used < chunk.length) this.#lines.feed(chunk.subarray(used));
    if (this.#drop === 0) {
      this.#dropping = false;
      this.#events.onInput({ _tag: "DataEnd", verdict: "complete" });
    }
    return true;
  }

  #readData(message: Incoming): boolean {
    const { reader } = message;
    if (!reader.done) { // a chunk of no octets is complete as it begins
      if (this.#lines.pending > 0 && message.waits()) return false;
      const chunk = this.#lines.takeRest();
      if (chunk.length === 0) return false;
      const used = message.push(chunk);
      if (used < chunk.length) this.#lines.feed(chunk.subarray(used));
    }
    if (!reader.done) {
      message.storeSome();
      return true;
    }
    this.#reading = null;
    message.storeRest(() => {
      const verdict = reader.verdict();
      if (verdict !== "complete") this.drop();
      this.#events.onInput({ _tag: "DataEnd", verdict });
    });
    return true;
  }
}
