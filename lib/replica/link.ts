/**
 * The side whose messages are copied: one connection to the server that keeps the copies, made again when it breaks.
 * What is asked while there is none fails at once.
 */
import { setImmediate } from "node:timers";
import { Data, Deferred, Effect, Redacted, type Scope } from "effect";
import { joined, release } from "../message/release.ts";
import type { Copies } from "../ports/copies.ts";
import type { Dialer, Link } from "../ports/dialer.ts";
import type { SpoolError } from "../ports/spool.ts";
import { frame, FrameReader } from "./frames.ts";
import { type Answered, answered, type Told, VERSION } from "./words.ts";

export interface ReplicaLinkSettings {
  /** A host name or an address; its certificate must be for it. */
  readonly host: string;
  readonly port: number;
  /** PEM file with the authorities that may vouch for it; null: the system's. */
  readonly ca: string | null;
  readonly secret: Redacted.Redacted<string>;
  /** Our own host name. */
  readonly node: string;
  /** All in milliseconds. */
  readonly connectMs: number;
  readonly pingMs: number;
  /** An answer is due within this time, else the connection is given up. */
  readonly answerMs: number;
  readonly retryMs: { readonly first: number; readonly most: number };
}

/** The copy is not safe: no connection, or the other side could not keep it. */
export class ReplicaFault extends Data.TaggedError("ReplicaFault")<{ readonly reason: string }> {
  override get message(): string {
    return this.reason;
  }
}

const ANSWERS = { said: 1024 * 1024, octets: 0 };

type Numbered = Exclude<Told, { readonly t: "hello" | "part" | "drop" }>;
/** What is asked, before it has its number. */
export type Asked = Numbered extends infer T ? T extends Numbered ? Omit<T, "n"> : never : never;

interface Waiting {
  readonly since: number;
  readonly done: (answer: Answered | null) => void;
}

/** One connection, greeted. */
interface Up {
  readonly link: Link;
  readonly peer: string;
}

export class ReplicaLink {
  readonly #dialer: Dialer["Service"];
  readonly #settings: ReplicaLinkSettings;
  readonly #own: Copies["Service"]["own"];
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;
  #up: Up | null = null;
  #out: Array<Uint8Array> = [];
  #scheduled = false;

  /** `own`: what our spool goes by. */
  constructor(
    dialer: Dialer["Service"],
    settings: ReplicaLinkSettings,
    own: Copies["Service"]["own"],
  ) {
    this.#dialer = dialer;
    this.#settings = settings;
    this.#own = own;
  }

  /** Host name of the other side, as it gives it; null: there is no connection. */
  get peer(): string | null {
    return this.#up?.peer ?? null;
  }

  /** A number that no other question has. */
  number(): number {
    return ++this.#number;
  }

  /** Without an answer. */
  tell(word: Told, octets?: Uint8Array): void {
    if (this.#up === null) return;
    this.#out.push(frame(word, octets));
    if (this.#scheduled) return;
    this.#scheduled = true;
    // what one turn of the event loop has to say goes in one write
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const out = this.#out;
    if (out.length === 0 || this.#up === null) return;
    this.#out = [];
    const [only] = out;
    this.#up.link.write(out.length === 1 && only !== undefined ? only : joined(out));
  }

  /** A piece of a body: sent at once, and waited for while the other side is slow. */
  part(n: number, octets: Uint8Array): Effect.Effect<void> {
    return Effect.suspend(() => {
      const up = this.#up;
      if (up === null) return Effect.void;
      this.#flush();
      const piece = frame({ t: "part", n } as Told, octets);
      // a large body would pile up until the collector comes
      const done = (): void => {
        if (up.link.flushed()) release(piece);
      };
      return up.link.write(piece)
        ? Effect.sync(done)
        : Effect.promise(() => up.link.drained().then(done));
    });
  }

  /** `n`: the number that its parts had. */
  ask(word: Asked, octets?: Uint8Array, n = this.number()): Effect.Effect<Answered, ReplicaFault> {
    return Effect.callback<Answered, ReplicaFault>((resume) => {
      if (this.#up === null) {
        return resume(Effect.fail(new ReplicaFault({ reason: "there is no connection to it" })));
      }
      this.#waiting.set(n, {
        since: performance.now(),
        done: (a) =>
          resume(
            a === null
              ? Effect.fail(new ReplicaFault({ reason: "the connection to it broke" }))
              : a.t === "failed" || a.t === "refused"
              ? Effect.fail(new ReplicaFault({ reason: a.why }))
              : Effect.succeed(a),
          ),
      });
      this.tell({ ...word, n } as Told, octets);
      return Effect.sync(() => {
        this.#waiting.delete(n);
      });
    });
  }

  #hear(a: Answered): void {
    if (a.t === "hello" || a.t === "refused") return;
    const waiting = this.#waiting.get(a.n);
    this.#waiting.delete(a.n);
    waiting?.done(a);
  }

  #down(): void {
    this.#up = null;
    this.#out = [];
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const w of waiting) w.done(null);
  }

  /** Whether something was asked too long ago. */
  #stalled(): boolean {
    const since = performance.now() - this.#settings.answerMs;
    for (const w of this.#waiting.values()) if (w.since < since) return true;
    return false;
  }

  /**
   * Keeps a connection until interrupted. `greeted` runs each time there is a new one, and may use it; `lost` is told
   * why there is none, once until there is one again.
   */
  keep(
    greeted: (peer: string) => Effect.Effect<void>,
    lost: (reason: string) => Effect.Effect<void>,
  ): Effect.Effect<never> {
    const { first, most } = this.#settings.retryMs;
    let pause = first;
    let told = false;
    return Effect.forever(Effect.gen({ self: this }, function* () {
      const reason = yield* Effect.scoped(this.#once((peer) => {
        pause = first;
        told = false;
        return greeted(peer);
      }));
      this.#down();
      if (!told) yield* lost(reason);
      told = true;
      yield* Effect.sleep(pause);
      pause = Math.min(2 * pause, most);
    }));
  }

  /** A sign of life every so often, and an end to a connection where nothing is answered. */
  #beat(end: (reason: string) => void): Effect.Effect<void> {
    return Effect.forever(Effect.gen({ self: this }, function* () {
      yield* Effect.sleep(this.#settings.pingMs);
      if (this.#stalled()) return end("it does not answer in time");
      yield* this.ping;
    })).pipe(Effect.ignore({ log: "Error" }));
  }

  /** Reports the state of our spool. The check for overdue answers awaits the reply. */
  get ping(): Effect.Effect<void, SpoolError> {
    return Effect.map(this.#own, ({ last }) => {
      if (this.#up === null) return;
      const n = this.number();
      this.#waiting.set(n, { since: performance.now(), done: () => {} });
      this.tell({ t: "ping", n, last });
      this.#flush();
    });
  }

  /** From dialling to the end; yields why it ended. */
  #once(
    greeted: (peer: string) => Effect.Effect<void>,
  ): Effect.Effect<string, never, Scope.Scope> {
    const { host, port, ca, connectMs, secret, node } = this.#settings;
    return Effect.gen({ self: this }, function* () {
      const { spool, last } = yield* this.#own;
      const over = yield* Deferred.make<string>();
      const hello = yield* Deferred.make<string>();
      const end = (reason: string): void => {
        Deferred.doneUnsafe(over, Effect.succeed(reason));
      };
      const reader = new FrameReader(ANSWERS);
      const onData = (chunk: Uint8Array): void => {
        reader.feed(chunk);
        try {
          for (let f = reader.next(); f !== null; f = reader.next()) {
            const a = answered(f.said);
            if (a === null) return end("it says what is not understood");
            if (a.t === "refused") return end(`it refuses: ${a.why}`);
            if (a.t === "hello") Deferred.doneUnsafe(hello, Effect.succeed(a.node));
            else this.#hear(a);
          }
        } catch (e) {
          end(e instanceof Error ? e.message : String(e));
        }
      };
      const link = yield* Effect.acquireRelease(
        this.#dialer.dial({ _tag: "Tcp", address: host, port }, { onData, onClose: end }, {
          timeoutMs: connectMs,
          tls: { name: host, verify: true, ca, timeoutMs: connectMs },
        }),
        (l) => Effect.sync(() => l.destroy()),
      );
      link.write(
        frame(
          {
            t: "hello",
            version: VERSION,
            node,
            secret: Redacted.value(secret),
            spool,
            last,
          } satisfies Told,
        ),
      );
      const peer = yield* Effect.raceFirst(
        Effect.timeoutOption(Deferred.await(hello), connectMs),
        Effect.map(Deferred.await(over), () => null),
      );
      if (peer === null) return yield* Deferred.await(over);
      if (peer._tag === "None") return "it does not answer";
      this.#up = { link, peer: peer.value };
      yield* Effect.forkScoped(this.#beat(end));
      yield* Effect.forkScoped(greeted(peer.value));
      return yield* Deferred.await(over);
    }).pipe(
      Effect.catch((e) =>
        Effect.succeed("reason" in e ? e.reason : "our own spool cannot be read")
      ),
    );
  }
}
