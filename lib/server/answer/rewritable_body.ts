/** A body in the spool's staging, which can be read again and replaced before it is committed. */
import { Effect } from "effect";
import { BodyCounter } from "../../message/mime/body_counter.ts";
import type { BodyDigest } from "../../ports/signer.ts";
import type { SpoolError, Staging } from "../../ports/spool.ts";
import type { Rewrite, StoredBody } from "../../ports/stored_body.ts";

export class RewritableBody implements StoredBody {
  readonly #came: Staging;
  readonly #stage: () => Staging;
  readonly #digest: () => BodyDigest | null;
  readonly #validUtf8: boolean;
  #other: Staging | null = null;

  constructor(
    came: Staging,
    stage: () => Staging,
    digest: () => BodyDigest | null,
    validUtf8: boolean,
  ) {
    this.#came = came;
    this.#stage = stage;
    this.#digest = digest;
    this.#validUtf8 = validUtf8;
  }

  /** What is to be kept. */
  get current(): Staging {
    return this.#other ?? this.#came;
  }

  readonly each = (see: (chunk: Uint8Array) => void): Effect.Effect<void, SpoolError> =>
    Effect.gen({ self: this }, function* () {
      for (let i = 0;; i++) {
        const chunk = yield* this.current.part(i);
        if (chunk === null) return;
        see(chunk);
      }
    });

  readonly eachInTurn = (
    see: (chunk: Uint8Array) => Promise<void>,
  ): Effect.Effect<void, SpoolError> =>
    Effect.gen({ self: this }, function* () {
      for (let i = 0;; i++) {
        const chunk = yield* this.current.part(i);
        if (chunk === null) return;
        yield* Effect.promise(() => see(chunk));
      }
    });

  readonly replace = (r: Rewrite) =>
    Effect.gen({ self: this }, function* () {
      const from = this.current;
      const before = this.#other;
      const to = this.#other = this.#stage();
      const counter = new BodyCounter();
      const digest = this.#digest();
      for (let i = 0, open = true; open; i++) {
        const chunk = yield* from.part(i);
        open = chunk !== null;
        for (const part of chunk === null ? r.end() : r.push(chunk)) {
          counter.push(part);
          digest?.update(part);
          yield* to.write(part.slice());
        }
      }
      before?.discard();
      return counter.facts(this.#validUtf8, digest?.end() ?? null);
    });

  /** Forgets what took its place; what came is its owner's. */
  discard(): void {
    this.#other?.discard();
  }
}
