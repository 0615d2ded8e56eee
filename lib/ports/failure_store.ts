/**
 * Failed logins by key, apart from what the keys mean: in the memory of one process, or shared by nodes that serve
 * the same accounts. Every operation is atomic.
 */
import { Context, type Effect } from "effect";

/** All times in milliseconds. */
export interface FailureTerms {
  /** Failures that cost no delay. */
  readonly free: number;
  /** Failures at which the key is locked. */
  readonly lockAt: number;
  readonly maxDelay: number;
  /** Length of a lock, and memory of a failure. */
  readonly lock: number;
}

export interface FailureKey {
  readonly key: string;
  readonly terms: FailureTerms;
}

export interface FailureStoreService {
  /**
   * Milliseconds until a try may go on, by the strictest of the keys. Where that is within the longest
   * delay of the first one, the try takes its place: tries at the same moment queue behind each other.
   */
  readonly admit: (
    keys: readonly [FailureKey, ...ReadonlyArray<FailureKey>],
    now: number,
  ) => Effect.Effect<number>;
  readonly fail: (keys: ReadonlyArray<FailureKey>, now: number) => Effect.Effect<void>;
  /** As if nothing had failed under this key. */
  readonly forget: (key: FailureKey) => Effect.Effect<void>;
  /** Marks a name as in good standing until then. */
  readonly trust: (name: string, until: number) => Effect.Effect<void>;
  readonly trusted: (name: string, now: number) => Effect.Effect<boolean>;
}

const FailureStoreBase: Context.ServiceClass<
  FailureStore,
  "postern/FailureStore",
  FailureStoreService
> = Context.Service<FailureStore, FailureStoreService>()("postern/FailureStore");

/** The key under which an Effect asks for {@link FailureStoreService}. */
export class FailureStore extends FailureStoreBase {}
