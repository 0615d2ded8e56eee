/**
 * The driver of one session: feeds octets to the pure machine and performs what it asks for. No Effect runs per
 * command, one runs per question (AUTH, MAIL, RCPT, end of data). Replies to pipelined commands leave in one write.
 * RFC 2920 §3.2
 */
import type { Socket } from "node:net";
import type { ScramKeys } from "../envelope/login.ts";
import type { SessionFacts, TlsFacts } from "../envelope/session.ts";
import type { ProxiedClient } from "../net/proxy_header.ts";
import { joined, release } from "../message/release.ts";
import { type Secured, Wire } from "../net/wire.ts";
import type { ClientCertificate } from "../ports/accounts.ts";
import type { Certificates } from "../ports/certificates.ts";
import type { BodyDigest } from "../ports/signer.ts";
import type { SpoolError, Staging } from "../ports/spool.ts";
import * as say from "../reply/catalog.ts";
import { render, type Reply } from "../reply/reply.ts";
import type { Channel } from "../sasl/mechanism.ts";
import type { Rules } from "../smtp/server/rules.ts";
import {
  closed,
  fresh,
  type Input,
  type Output,
  type Question,
  type State,
} from "../smtp/server/state.ts";
import { lineLimit, step } from "../smtp/server/step.ts";
import { ChunkReader } from "../smtp/syntax/chunk.ts";
import { DataReader } from "../smtp/syntax/dot.ts";
import { LineReader } from "../smtp/syntax/line.ts";
import type { DataLimits, MessageReader } from "../smtp/syntax/message_reader.ts";
import type { FetchPart } from "./fetch_part.ts";
import { countClosing } from "./throttled.ts";

/** What was received with the question `Submit`. */
export interface ReceivedData {
  readonly reader: MessageReader;
  readonly body: Staging;
  /** Null where no key could sign. */
  readonly digest: BodyDigest | null;
  /** Set where the body could not be written as it came. */
  readonly fault: SpoolError | null;
}

export interface Answer {
  readonly reply: Reply;
  readonly account: string | null;
  readonly keys?: ScramKeys;
}

/** An answer that is a reply and nothing else. */
export const just = (reply: Reply): Answer => ({ reply, account: null });

/** What a session needs of the server. */
export interface SessionHost {
  readonly rules: Rules;
  readonly certificates: Certificates["Service"];
  readonly headerBytes: number;
  /** All in milliseconds. */
  readonly idleMs: number;
  readonly dataMs: number;
  readonly handshakeMs: number;
  readonly stage: () => Staging;
  /** Hashes the body while it comes in; null where no key could sign. */
  readonly digest: () => BodyDigest | null;
  /** Octets to storage; the session reads on when `done` is called. */
  readonly write: (
    body: Staging,
    chunk: Uint8Array,
    done: (fault: SpoolError | null) => void,
  ) => void;
  /** Answers a question; `done` may be called at once. Never throws; null: a bug showed. */
  readonly ask: (
    session: SessionFacts,
    question: Question,
    data: ReceivedData | null,
    done: (answer: Answer | null) => void,
  ) => void;
  /** Fetches a part for BURL. */
  readonly fetch: FetchPart;
  /** The account that a verified client certificate stands for. */
  readonly certified: (
    certificate: ClientCertificate,
    done: (account: string | null) => void,
  ) => void;
  readonly closed: (connection: Connection) => void;
  /** A proxy names the client: `take` makes it so. A reply: the session is not wanted. */
  readonly renamed: (connection: Connection, address: string, take: () => void) => Reply | null;
}

/** What is held of a body before it is handed to storage. */
const HOLD = 65_536;
const TLS_HANDSHAKE = 0x16;
/** States in which a message that comes in chunks is still on its way, or being judged. */
const CHUNKED: ReadonlySet<State["_tag"]> = new Set(["Chunk", "Chunks", "Asking"]);

export class Connection {
  readonly #host: SessionHost;
  readonly #wire: Wire;
  readonly #listener: SessionFacts["listener"];
  readonly id: string;
  readonly #lines = new LineReader();
  #state: State;
  /** As a proxy has named it on the way. */
  #client: ProxiedClient | null = null;
  #tls: TlsFacts | null = null;
  /** Replies not yet written. */
  #out = "";
  #data: MessageReader | null = null;
  /** Reads the chunks of the message on its way. */
  #chunks: ChunkReader | null = null;
  /** Octets that are to be dropped before anything is read. */
  #drop = 0;
  #body: Staging | null = null;
  #digest: BodyDigest | null = null;
  #fault: SpoolError | null = null;
  /** Read from the wire, all of it body text that is not stored yet. */
  #read: Array<Uint8Array> = [];
  /** Waiting for an answer, a handshake, storage or a slow reader: no octet is read. */
  #busy = false;
  /** An IMAP server sends a part: the client waits. */
  #fetching = false;
  /** Gives the part up. */
  #giveUp: (() => void) | null = null;
  #pumping = false;
  #paused = false;
  #slow = false;
  #over = false;
  #heard = false;
  #stopping = false;
  /** When something must be heard, ms by a clock that nobody sets, as are all times here. */
  deadline: number;

  constructor(
    host: SessionHost,
    socket: Socket,
    client: ProxiedClient | null,
    listener: SessionFacts["listener"],
    id: string,
    now: number,
  ) {
    this.#host = host;
    this.#listener = listener;
    this.id = id;
    this.#state = fresh(false);
    this.deadline = now + host.handshakeMs;
    this.#wire = new Wire(socket, client, host.certificates, {
      onData: (chunk) => this.#received(chunk),
      onClose: () => this.#gone(),
      onDrain: () => {
        this.#slow = false;
        this.#pump();
      },
    });
  }

  /** The client's, which a trusted proxy may have named. */
  get remoteAddress(): string {
    return this.#client?.address ?? this.#wire.remoteAddress;
  }

  /** TLS first where the port asks for it, then the greeting. */
  open(): void {
    if (this.#listener === "submission") {
      this.#wire.open();
      this.#greet();
      return;
    }
    this.#busy = true;
    this.#wire.startTls((secured) =>
      this.#secured(secured, (channel) => {
        this.#state = fresh(true, channel);
        this.#greet();
      })
    );
  }

  /** TLS is up: whose certificate was it, if there was one, and on with the session. */
  #secured(secured: Secured | null, then: (channel: Channel) => void): void {
    if (secured === null || this.#over) return;
    this.#tls = secured.facts;
    const go = (certificate: string | null): void => {
      if (this.#over) return;
      this.#busy = false;
      const { hostname } = this.#host.rules;
      const hosts = [hostname, secured.serverName ?? hostname, this.#wire.localAddress];
      then({
        endPoint: secured.endPoint,
        certificate,
        hosts: hosts.map((name) => name.toLowerCase()),
        port: this.#wire.localPort,
      });
    };
    if (secured.certificate === null) go(null);
    else this.#host.certified(secured.certificate, go);
  }

  #greet(): void {
    this.#wait(this.#host.idleMs);
    this.#out += render(say.greeting(this.#host.rules.hostname));
    this.#pump();
  }

  /** A connection that is refused: the reason, and the end. RFC 5321 §3.1 */
  refuse(reply: Reply): void {
    this.#over = true;
    countClosing(reply);
    this.#wire.open();
    this.#wire.write(render(reply));
    this.#wire.end();
    this.#host.closed(this);
  }

  #wait(ms: number): void {
    // what an IMAP server keeps us waiting for is not the client's silence
    this.deadline = this.#fetching ? Infinity : performance.now() + ms;
  }

  #received(chunk: Uint8Array): void {
    if (this.#over) return;
    if (!this.#heard) {
      this.#heard = true;
      if (this.#listener === "submission" && chunk[0] === TLS_HANDSHAKE) {
        this.#perform([{ _tag: "Send", reply: say.TLS_ON_CLEAR_PORT }, { _tag: "Close" }]);
        this.#flush();
        return;
      }
    }
    this.#wait(this.#data === null ? this.#host.idleMs : this.#host.dataMs);
    this.#lines.feed(chunk);
    this.#pump();
  }

  /** Reads on as far as it may. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#busy && !this.#fetching && !this.#over && !this.#slow) {
        if (this.#data !== null) {
          if (!this.#readData(this.#data)) break;
          continue;
        }
        if (this.#state._tag === "Dropping") {
          if (!this.#dropData()) break;
          continue;
        }
        if (this.#stopping && this.#state._tag !== "Closed") {
          this.#feed({ _tag: "Shutdown" });
          continue;
        }
        const line = this.#lines.next(lineLimit(this.#host.rules, this.#state));
        if (line === null) break;
        this.#feed({ _tag: "Line", line, more: this.#lines.pending > 0 });
      }
    } finally {
      this.#pumping = false;
    }
    this.#flush();
    if (this.#over) return;
    this.#throttle();
  }

  /** Reading stops once enough is held of what cannot be looked at yet; a question alone is no reason to. */
  #throttle(): void {
    const waits = this.#busy || this.#fetching || this.#slow;
    const full = waits && this.#lines.pending >= HOLD;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#wire.pause();
    else this.#wire.resume();
  }

  #flush(): void {
    if (this.#out === "") return;
    const text = this.#out;
    this.#out = "";
    if (!this.#wire.write(text)) this.#slow = true;
  }

  #feed(input: Input): void {
    const [state, ...outputs] = step(this.#host.rules, this.#state, input);
    this.#state = state;
    // RSET and the like between chunks: what came of the message is forgotten. RFC 3030 §2
    if (this.#chunks !== null && !CHUNKED.has(state._tag)) this.#dropBody();
    this.#perform(outputs);
  }

  #perform(outputs: ReadonlyArray<Output>): void {
    for (const o of outputs) {
      switch (o._tag) {
        case "Send":
          this.#out += render(o.reply);
          if (o.reply.code === 421) countClosing(o.reply);
          break;
        case "Ask":
          this.#ask(o.question);
          break;
        case "ReadData":
          this.#beginData(new DataReader(this.#limits));
          break;
        case "ReadChunk":
          this.#readChunk(o);
          break;
        case "Fetch":
          this.#fetch(o);
          break;
        case "DropData":
          this.#drop = o.octets;
          this.#wait(this.#host.dataMs);
          break;
        case "StartTls":
          this.#startTls();
          break;
        case "Client": {
          const { address, port } = o;
          const unwanted = this.#host.renamed(
            this,
            address,
            () => this.#client = { address, port },
          );
          if (unwanted === null) break;
          this.#out += render(unwanted);
          this.#state = closed;
          this.#close();
          return;
        }
        case "Close":
          this.#close();
          return;
      }
    }
  }

  get #limits(): DataLimits {
    return { messageBytes: this.#host.rules.messageBytes, headerBytes: this.#host.headerBytes };
  }

  /** The reader of the message that comes in chunks. */
  #chunksOf(first: boolean, binary: boolean): ChunkReader {
    if (!first && this.#chunks !== null) return this.#chunks;
    const reader = this.#chunks = new ChunkReader(this.#limits, binary);
    this.#beginData(reader);
    return reader;
  }

  #readChunk({ octets, first, last, binary }: Output & { readonly _tag: "ReadChunk" }): void {
    const reader = this.#chunksOf(first, binary);
    reader.expect(octets, last);
    this.#data = reader;
    this.#wait(this.#host.dataMs);
  }

  /** What an IMAP server sends is read as a chunk of the client's. RFC 4468 §3.5 */
  #fetch({ url, origin, first, last, binary }: Output & { readonly _tag: "Fetch" }): void {
    const reader = this.#chunksOf(first, binary);
    this.#data = null;
    this.#fetching = true;
    this.#wait(Infinity);
    const sink = {
      begin: (octets: number) => reader.expect(octets, last),
      take: (octets: Uint8Array, done: () => void) => {
        reader.push(octets);
        if (reader.bodyPending >= HOLD) this.#store([joined(reader.takeBody())], done);
        else done();
      },
    };
    const request = { url, origin, mostOctets: this.#host.rules.messageBytes };
    const giveUp = this.#host.fetch(this.id, request, sink, (refusal) => {
      this.#fetching = false;
      this.#giveUp = null;
      if (this.#over) return;
      this.#wait(this.#host.idleMs);
      if (refusal === null) this.#data = reader; // ends as the client's own would
      else this.#feed({ _tag: "NotFetched", reply: refusal });
      this.#pump();
    });
    // it may have ended at once
    if (this.#fetching) this.#giveUp = giveUp;
  }

  #beginData(reader: MessageReader): void {
    this.#data = reader;
    this.#body = this.#host.stage();
    this.#digest = this.#host.digest();
    this.#fault = null;
    this.#wait(this.#host.dataMs);
  }

  #startTls(): void {
    this.#flush();
    this.#busy = true;
    this.#wait(this.#host.handshakeMs);
    this.#wire.startTls((secured) =>
      this.#secured(secured, (channel) => {
        this.#wait(this.#host.idleMs);
        this.#feed({ _tag: "TlsUp", channel });
        this.#pump();
      })
    );
  }

  get #facts(): SessionFacts {
    const peer = this.#state._tag === "Closed" ? null : this.#state.peer;
    return {
      id: this.id,
      listener: this.#listener,
      clientAddress: this.remoteAddress,
      clientPort: this.#client?.port ?? this.#wire.remotePort,
      helo: peer?.helo ?? "",
      extended: peer?.extended ?? false,
      tls: this.#tls,
    };
  }

  #ask(question: Question): void {
    this.#busy = true;
    const data = question._tag === "Submit" && this.#endedReader !== null && this.#body !== null
      ? { reader: this.#endedReader, body: this.#body, digest: this.#digest, fault: this.#fault }
      : null;
    // our own work is not the client's silence
    this.deadline = Infinity;
    this.#host.ask(this.#facts, question, data, (answer) => {
      // refused or kept: what was staged and not kept goes
      if (data !== null) this.#dropBody();
      this.#busy = false;
      // gone meanwhile: what the answer may have entered for this session is undone
      if (this.#over) return this.#host.closed(this);
      this.#wait(this.#host.idleMs);
      this.#feed(
        answer === null ? { _tag: "Defect" } : { _tag: "Answer", ...answer },
      );
      this.#pump();
    });
  }

  #endedReader: MessageReader | null = null;

  /** Octets of a refused chunk. True where there may be more to do at once. RFC 3030 §2 */
  #dropData(): boolean {
    const chunk = this.#lines.takeRest();
    if (this.#drop > 0 && chunk.length === 0) return false;
    const used = Math.min(chunk.length, this.#drop);
    this.#drop -= used;
    if (used < chunk.length) this.#lines.feed(chunk.subarray(used));
    if (this.#drop === 0) this.#feed({ _tag: "DataEnd", verdict: "complete" });
    return true;
  }

  /** True where there may be more to do at once. */
  #readData(reader: MessageReader): boolean {
    if (!reader.done) { // a chunk of no octets is complete as it begins
      const chunk = this.#lines.takeRest();
      if (chunk.length === 0) return false;
      const inBody = reader.hasBody;
      const used = reader.push(chunk);
      if (used < chunk.length) this.#lines.feed(chunk.subarray(used));
      else if (inBody) this.#read.push(chunk);
    }
    if (reader.done) {
      this.#data = null;
      this.#read = [];
      this.#endedReader = reader;
      this.#store(reader.takeBody(), () => {
        const verdict = reader.verdict();
        if (verdict !== "complete") this.#dropBody();
        this.#feed({ _tag: "DataEnd", verdict });
      });
      return true;
    }
    if (reader.bodyPending >= HOLD) this.#storeSome(reader);
    else if (reader.bodyPending === 0) this.#releaseRead();
    return true;
  }

  /** Of a large message that goes on: storage gets a copy, and what was read from the wire is given back. */
  #storeSome(reader: MessageReader): void {
    const copy = joined(reader.takeBody());
    this.#releaseRead();
    this.#store([copy], () => {});
  }

  #releaseRead(): void {
    this.#read.forEach(release);
    this.#read = [];
  }

  /** Hands body text to storage; waits where storage does. */
  #store(parts: ReadonlyArray<Uint8Array>, then: () => void): void {
    const body = this.#body;
    if (body === null || this.#fault !== null || parts.length === 0) return then();
    let left = parts.length;
    this.#busy = true;
    // our own disk is not the client's silence
    this.deadline = Infinity;
    for (const part of parts) {
      this.#digest?.update(part);
      this.#host.write(body, part, (fault) => {
        this.#fault ??= fault;
        if (--left > 0) return;
        this.#busy = false;
        if (this.#over) return;
        this.#wait(this.#host.dataMs);
        then();
        this.#pump();
      });
    }
  }

  #dropBody(): void {
    this.#body?.discard();
    this.#body = null;
    this.#digest = null;
    this.#read = [];
    this.#chunks = null;
    this.#endedReader = null;
    this.#giveUp?.();
  }

  /** Called by the server's timer once the deadline has passed. */
  expire(): void {
    if (this.#over) return;
    if (this.#busy && this.#state._tag !== "Asking") {
      // a handshake that stalls: no falling back to clear
      this.#wire.destroy();
      this.#gone();
      return;
    }
    this.#feed({ _tag: "Timeout" });
    this.#flush();
  }

  /** The server stops: a running transaction's end of data is finished, everything else gets its 421. */
  stop(): void {
    this.#stopping = true;
    if (this.#data !== null || this.#busy || this.#fetching) return;
    this.#pump();
  }

  #close(): void {
    if (this.#over) return;
    this.#flush();
    this.#over = true;
    this.#dropBody();
    this.#wire.end();
    this.#host.closed(this);
  }

  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    // an end of data that is being answered goes on; anything less is dropped. RFC 5321 §4.1.1.10
    if (this.#state._tag !== "Asking") this.#dropBody();
    this.#host.closed(this);
  }

  destroy(): void {
    this.#wire.destroy();
    this.#gone();
  }
}
