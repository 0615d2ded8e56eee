/**
 * The side that keeps copies: one connection of one server. A copy is on stable storage before it is acknowledged.
 * Octets come in, frames go out; sockets are somebody else's.
 */
import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { Effect, Redacted } from "effect";
import { Cancellation } from "../ports/cancellation.ts";
import type { Copies } from "../ports/copies.ts";
import type { Source } from "../ports/copy_of.ts";
import type { Spool, SpoolError, Staging } from "../ports/spool.ts";
import { BadFrame, type Frame, frame, type FrameLimits, FrameReader } from "./frames.ts";
import { type Answered, type Told, told, VERSION } from "./words.ts";

export interface KeeperSettings {
  /** Our own host name. */
  readonly node: string;
  /** Host names of those whose copies are kept, in lower case. */
  readonly nodes: ReadonlyArray<string>;
  readonly secret: Redacted.Redacted<string>;
  /** Of a message with its header. */
  readonly messageBytes: number;
}

/** Where answers go. */
export interface KeeperWire {
  readonly send: (octets: Uint8Array) => void;
  readonly end: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
}

export interface KeeperEvents {
  /** It has shown who it is. */
  readonly known: (keeper: Keeper, origin: string) => void;
  /** Logs it for the operator. */
  readonly warn: (text: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** Of somebody who has not shown the secret yet, and then. */
const STRANGER: FrameLimits = { said: 4_096, octets: 0 };
const KNOWN: FrameLimits = { said: 64 * 1024 * 1024, octets: 16 * 1024 * 1024 };
/** What may wait here before nothing more is read. */
const HIGH = 4 * 1024 * 1024;
/** Silence for longer ends the connection; a ping comes every few seconds. */
export const SILENCE_MS = 20_000;
const PAGE = 500;

/** To tell it what is delivered would drop what it has forgotten. */
const RESTORED: Answered = {
  t: "refused",
  why:
    "its spool had more messages before, and was restored from a backup: take over here what is kept for it " +
    "(postern queue take-over), and it is welcome again",
};

interface Staged {
  readonly body: Staging;
  octets: number;
}

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();

export class Keeper {
  readonly #settings: KeeperSettings;
  readonly #spool: Spool["Service"];
  readonly #copies: Copies["Service"];
  readonly #wire: KeeperWire;
  readonly #events: KeeperEvents;
  readonly #reader = new FrameReader(STRANGER);
  readonly #staged = new Map<number, Staged>();
  /** Copies on their way to the disk. */
  readonly #keeping = new Set<Cancellation>();
  #source: Source | null = null;
  #pumping = false;
  #paused = false;
  #over = false;
  /** By the monotonic clock, ms. */
  deadline: number;

  constructor(
    settings: KeeperSettings,
    services: { readonly spool: Spool["Service"]; readonly copies: Copies["Service"] },
    wire: KeeperWire,
    events: KeeperEvents,
  ) {
    this.#settings = settings;
    this.#spool = services.spool;
    this.#copies = services.copies;
    this.#wire = wire;
    this.#events = events;
    this.deadline = performance.now() + SILENCE_MS;
  }

  /** Octets from the other side. */
  feed(chunk: Uint8Array): void {
    if (this.#over) return;
    this.deadline = performance.now() + SILENCE_MS;
    this.#reader.feed(chunk);
    this.#throttle();
    void this.#pump();
  }

  /** The connection is gone: what was not kept yet goes, since the other side takes it for refused. */
  closed(): void {
    if (this.#over) return;
    this.#over = true;
    for (const cancellation of this.#keeping) cancellation.request();
    for (const { body } of this.#staged.values()) body.discard();
    this.#staged.clear();
  }

  /** Ends it, and says why. */
  refuse(why: string): void {
    if (this.#over) return;
    this.#answer({ t: "refused", why });
    this.closed();
    this.#wire.end();
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let f = this.#reader.next(); f !== null && !this.#over; f = this.#reader.next()) {
        const waiting = this.#take(f);
        if (waiting !== null) await waiting;
      }
    } catch (e) {
      if (!(e instanceof BadFrame)) {
        this.#events.warn("a copy could not be read", { ...this.#source, fault: String(e) });
      }
      this.refuse(e instanceof BadFrame ? e.message : "an error of ours");
    } finally {
      this.#pumping = false;
    }
    this.#throttle();
  }

  /** A body that disk has to take, and nothing else, is waited for. */
  #throttle(): void {
    if (this.#over) return;
    const full = this.#reader.held > HIGH && this.#pumping;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#wire.pause();
    else this.#wire.resume();
  }

  #answer(a: Answered): void {
    if (!this.#over) this.#wire.send(frame(a));
  }

  /** Null: the next one may be taken at once. */
  #take({ said, octets }: Frame): Promise<void> | null {
    const word = told(said);
    if (word === null) this.refuse("this is nothing that a server of copies knows");
    else if (this.#source === null) this.#meet(word);
    else if (word.t === "part") return this.#part(word.n, octets);
    else this.#do(this.#source, word, octets);
    return null;
  }

  #do(source: Source, word: Exclude<Told, { readonly t: "part" }>, octets: Uint8Array): void {
    switch (word.t) {
      case "hello":
        return this.refuse("a second hello");
      case "keep":
        return this.#keep(source, word, octets);
      case "drop":
        this.#staged.get(word.n)?.body.discard();
        this.#staged.delete(word.n);
        return;
      case "stand":
        return this.#run(
          word.n,
          this.#copies.update(source, word.standing),
          (ids) => ({ t: "taken", n: word.n, ids }),
        );
      case "yielded":
        return this.#run(
          word.n,
          this.#copies.yielded(source, word.ids),
          () => ({ t: "ok", n: word.n }),
        );
      case "list":
        return this.#run(
          word.n,
          this.#copies.list(source, word.which, word.after, PAGE),
          (page) => ({
            t: "listed",
            n: word.n,
            ids: page.map((c) => c.id),
            last: page.length < PAGE ? null : page.at(-1)?.number ?? null,
          }),
        );
      case "ping":
        return this.#run(
          word.n,
          this.#copies.heard(source, word.last),
          (good) => good ? { t: "ok", n: word.n } : RESTORED,
        );
    }
  }

  /** Who does not know the secret, or is not named, is told nothing else. */
  #meet(word: Told): void {
    if (word.t !== "hello") return this.refuse("say hello first");
    const { nodes, secret, node } = this.#settings;
    const origin = word.node.toLowerCase();
    const right = timingSafeEqual(digest(word.secret), digest(Redacted.value(secret)));
    if (!right || !nodes.includes(origin)) {
      this.#events.warn("a server whose copies are not kept here was refused", {
        node: word.node.slice(0, 255),
        because: right ? "it is not in replica.nodes" : "it shows another secret",
      });
      return this.refuse("the secret is another one, or this node is not in replica.nodes");
    }
    if (word.version !== VERSION) {
      return this.refuse(`version ${VERSION} is spoken here, not ${word.version}`);
    }
    const source = { origin, spool: word.spool };
    this.#run(0, this.#copies.heard(source, word.last), (good) => {
      if (!good) return RESTORED;
      this.#source = source;
      this.#reader.allow(KNOWN);
      this.#events.known(this, origin);
      return { t: "hello", version: VERSION, node };
    });
  }

  #part(n: number, octets: Uint8Array): Promise<void> | null {
    const staged = this.#stagedAs(n);
    staged.octets += octets.length;
    // more is refused with the message
    if (staged.octets > this.#settings.messageBytes) return null;
    const writing = staged.body.write(octets);
    if (writing === Effect.void) return null;
    this.#throttle();
    return Effect.runPromise(Effect.match(writing, {
      onSuccess: () => {},
      // told when the message is to be kept
      onFailure: () => {
        staged.octets = Infinity;
      },
    }));
  }

  #stagedAs(n: number): Staged {
    const there = this.#staged.get(n);
    if (there !== undefined) return there;
    const made = { body: this.#spool.stage(), octets: 0 };
    this.#staged.set(n, made);
    return made;
  }

  #keep(
    source: Source,
    { n, octets, message }: Told & { readonly t: "keep" },
    head: Uint8Array,
  ): void {
    const staged = this.#stagedAs(n);
    const { body } = staged;
    this.#staged.delete(n);
    const why = staged.octets === Infinity
      ? "its body could not be stored"
      : staged.octets !== octets
      ? "its body did not come whole"
      : octets + head.length > this.#settings.messageBytes
      ? "it is larger than limits.message_bytes allows there"
      : null;
    if (why !== null) {
      body.discard();
      return this.#answer({ t: "failed", n, why });
    }
    const { open, hold, ...rest } = message;
    const cancellation = new Cancellation();
    this.#keeping.add(cancellation);
    const copy = {
      ...rest,
      recipients: [],
      head: Buffer.from(head).toString("latin1"),
      body,
      copyOf: { ...source, open, hold },
    };
    const kept = this.#spool.commit(copy, cancellation).pipe(
      Effect.onError(() => Effect.sync(() => body.discard())),
      // it could not be called off any more, and nobody hears that it is here
      Effect.tap(() => this.#over ? this.#forget(source, rest.id) : Effect.void),
      Effect.ensuring(Effect.sync(() => void this.#keeping.delete(cancellation))),
    );
    this.#run(n, kept, () => ({ t: "ok", n }));
  }

  #forget(source: Source, id: string): Effect.Effect<void, SpoolError> {
    return Effect.asVoid(this.#copies.update(source, [{ id, open: [] }]));
  }

  /** Not waited for: what follows shares its commit. */
  #run<A>(n: number, work: Effect.Effect<A, SpoolError>, then: (value: A) => Answered): void {
    const fiber = Effect.runFork(Effect.match(work, {
      onSuccess: then,
      onFailure: (e): Answered => {
        this.#events.warn("a copy could not be kept", { ...this.#source, fault: e });
        return { t: "failed", n, why: e._tag === "SpoolFull" ? "its disk is full" : "its disk" };
      },
    }));
    fiber.addObserver((exit) => {
      if (exit._tag === "Failure") this.refuse("an error of ours");
      else if (exit.value.t === "refused") this.refuse(exit.value.why);
      else this.#answer(exit.value);
    });
  }
}
