/**
 * The driver of one session: feeds octets to the pure machine and performs what it asks for. No Effect runs per
 * command, one runs per question (AUTH, MAIL, RCPT, end of data). Replies to pipelined commands leave in one write.
 * RFC 2920 §3.2
 */
import type { Socket } from "node:net";
import type { SessionFacts } from "../../envelope/session.ts";
import type { ProxiedClient } from "../../net/proxy_header.ts";
import { Wire } from "../../net/wire.ts";
import * as say from "../../reply/catalog.ts";
import { render, type Reply } from "../../reply/reply.ts";
import type { Channel } from "../../sasl/mechanism.ts";
import {
  closed,
  fresh,
  type Input,
  type Output,
  type Question,
  type State,
} from "../../smtp/server/state.ts";
import { lineLimit, step } from "../../smtp/server/step.ts";
import { HOLD } from "./incoming.ts";
import { Intake } from "./intake.ts";
import { SessionClient } from "./session_client.ts";
import type { OpenSession, SessionHost } from "./session_host.ts";
import { countClosing } from "../limits/throttled.ts";

const TLS_HANDSHAKE = 0x16;
/** States in which a message that comes in chunks is still on its way, or being judged. */
const CHUNKED: ReadonlySet<State["_tag"]> = new Set(["Chunk", "Chunks", "Asking"]);

export class Connection implements OpenSession {
  readonly #host: SessionHost;
  readonly #wire: Wire;
  readonly #client: SessionClient;
  readonly #intake: Intake;
  #state: State;
  /** What was fed last, and the state that met it. */
  #input: Input | null = null;
  #before: State;
  /** Replies not yet written. */
  #out = "";
  /** Waiting for an answer, a handshake or storage: no octet is read. */
  #busy = false;
  #pumping = false;
  #paused = false;
  /** The client does not take its replies: no octet is read. */
  #slow = false;
  /** Waits for memory: what has arrived stays unread, and no more is taken off the wire. */
  #scarce = false;
  #over = false;
  #heard = false;
  #stopping = false;
  /** When something must be heard, ms by the monotonic clock, as are all times here. */
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
    this.#state = this.#before = fresh(false);
    this.deadline = now + host.handshakeMs;
    this.#wire = new Wire(socket, client, host.certificates, {
      onData: (chunk) => this.#received(chunk),
      onClose: () => this.#gone(),
      onDrain: () => {
        this.#slow = false;
        this.#pump();
      },
    });
    this.#client = new SessionClient(host, this.#wire, listener, id);
    this.#intake = new Intake(host, id, {
      onInput: (input) => this.#feed(input),
      // our own disk is not the client's silence
      onStoring: () => this.#work(),
      onStored: (then) => {
        this.#busy = false;
        this.#scarce = false;
        this.#resume(host.dataMs, then);
      },
      onScarce: () => {
        this.#work();
        this.#scarce = true;
      },
      onFetched: (then) => this.#resume(host.idleMs, then),
    });
  }

  get id(): string {
    return this.#client.id;
  }

  /** The client's, which a trusted proxy may have named. */
  get remoteAddress(): string {
    return this.#client.address;
  }

  /** TLS first where the port asks for it, then the greeting. */
  open(): void {
    if (this.#client.listener === "submission") {
      this.#wire.open();
      this.#greet();
      return;
    }
    this.#startTls((channel) => {
      this.#state = fresh(true, channel);
      this.#greet();
    });
  }

  #startTls(then: (channel: Channel) => void): void {
    this.#busy = true;
    this.#wire.startTls("smtp", (secured) => {
      if (secured === null || this.#over) return;
      this.#client.secured(secured, (channel) => {
        if (this.#over) return;
        this.#busy = false;
        then(channel);
      });
    });
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
    this.deadline = this.#intake.fetching ? Infinity : performance.now() + ms;
  }

  /** We are at work: nothing is read, and it is not the client's silence. */
  #work(): void {
    this.#busy = true;
    this.deadline = Infinity;
  }

  /** What came in between is done: `then` is next, and what has arrived since. */
  #resume(ms: number, then: () => void): void {
    if (this.#over) return;
    this.#wait(ms);
    then();
    this.#pump();
  }

  #received(chunk: Uint8Array): void {
    if (this.#over) return;
    if (!this.#heard) {
      this.#heard = true;
      if (this.#client.listener === "submission" && chunk[0] === TLS_HANDSHAKE) {
        this.#perform([{ _tag: "Send", reply: say.TLS_ON_CLEAR_PORT }, { _tag: "Close" }]);
        this.#flush();
        return;
      }
    }
    // while we are at work, what comes says nothing of the client's silence
    if (!this.#busy) this.#wait(this.#intake.reading ? this.#host.dataMs : this.#host.idleMs);
    this.#intake.feed(chunk);
    this.#pump();
  }

  /** Reads on as far as it may. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#waiting && !this.#over) {
        if (this.#intake.inData) {
          if (!this.#intake.read()) break;
          continue;
        }
        if (this.#stopping && this.#state._tag !== "Closed") {
          this.#feed({ _tag: "Shutdown" });
          continue;
        }
        const line = this.#intake.line(lineLimit(this.#host.rules, this.#state));
        if (line === null) break;
        this.#feed(line);
      }
    } finally {
      this.#pumping = false;
    }
    this.#flush();
    if (this.#over) return;
    this.#throttle();
  }

  /** For an answer, a handshake, storage, a part or a slow reader. */
  get #waiting(): boolean {
    return this.#busy || this.#intake.fetching || this.#slow;
  }

  /** Reading stops once enough is held of what cannot be looked at yet; a question alone is no reason to. */
  #throttle(): void {
    const full = this.#scarce || (this.#waiting && this.#intake.pending >= HOLD);
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
    this.#input = input;
    this.#before = this.#state;
    this.#state = state;
    // RSET and the like between chunks: what came of the message is forgotten. RFC 3030 §2
    if (this.#intake.chunked && !CHUNKED.has(state._tag)) this.#intake.drop();
    this.#perform(outputs);
  }

  #perform(outputs: ReadonlyArray<Output>): void {
    for (const o of outputs) {
      switch (o._tag) {
        case "Send":
          this.#out += render(o.reply);
          if (o.reply.code >= 450) {
            this.#host.refused(this.#client, o.reply, this.#input, this.#before);
          }
          if (o.reply.code === 421) countClosing(o.reply);
          break;
        case "Ask":
          this.#ask(o.question);
          break;
        case "ReadData":
        case "ReadChunk":
        case "DropData":
          this.#intake.expect(o);
          this.#wait(this.#host.dataMs);
          break;
        case "Fetch":
          this.deadline = Infinity;
          this.#intake.fetch(o);
          break;
        case "StartTls":
          this.#upgrade();
          break;
        case "Client":
          if (!this.#rename({ address: o.address, port: o.port })) return;
          break;
        case "Close":
          this.#close();
          return;
      }
    }
  }

  /** A proxy names the client. False where the session is not wanted, and ends. */
  #rename(client: ProxiedClient): boolean {
    const unwanted = this.#host.renamed(this, client.address, () => this.#client.named(client));
    if (unwanted === null) return true;
    this.#out += render(unwanted);
    countClosing(unwanted);
    this.#state = closed;
    this.#close();
    return false;
  }

  #upgrade(): void {
    this.#flush();
    this.#wait(this.#host.handshakeMs);
    this.#startTls((channel) => {
      this.#wait(this.#host.idleMs);
      this.#feed({ _tag: "TlsUp", channel });
      this.#pump();
    });
  }

  #ask(question: Question): void {
    this.#work();
    const data = question._tag === "Submit" ? this.#intake.message : null;
    const facts = this.#client.facts(this.#state._tag === "Closed" ? null : this.#state.peer);
    this.#host.ask(facts, question, data, (answer) => {
      // refused or kept: what was staged and not kept goes
      if (data !== null) this.#intake.drop();
      this.#busy = false;
      // gone meanwhile: what the answer may have entered for this session is undone
      if (this.#over) return this.#host.closed(this);
      this.#wait(this.#host.idleMs);
      this.#feed(answer === null ? { _tag: "Defect" } : { _tag: "Answer", ...answer });
      this.#pump();
    });
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
    if (this.#intake.reading || this.#busy || this.#intake.fetching) return;
    this.#pump();
  }

  #close(): void {
    if (this.#over) return;
    this.#flush();
    this.#over = true;
    this.#intake.drop();
    this.#wire.end();
    this.#host.closed(this);
  }

  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    // an end of data that is being answered goes on; anything less is dropped. RFC 5321 §4.1.1.10
    if (this.#state._tag !== "Asking") this.#intake.drop();
    this.#host.closed(this);
  }

  destroy(): void {
    this.#wire.destroy();
    this.#gone();
  }
}
