/** Reasons to hold a message that could otherwise leave: many new recipients, unusual clients, a time of grace. */
import { Context, type Effect, Layer } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { SessionFacts } from "../envelope/session.ts";
import type { Account, AccountsUnavailable } from "./accounts.ts";
import type { Hold } from "./hold.ts";

/** Who sends what to whom, for the rules that hold. */
export interface HoldQuestion {
  readonly account: Account;
  readonly session: SessionFacts;
  readonly recipients: ReadonlyArray<Mailbox>;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A rule that holds the message, and the facts that it goes by. */
export interface FoundHold {
  readonly rule: "hold.grace" | "hold.burst" | "hold.client";
  readonly hold: Hold;
  readonly facts: Readonly<Record<string, string | number>>;
}

/** Decides whether a message that could leave is held, and learns from those that were accepted. */
export interface HoldService {
  /** Looks only. */
  readonly consider: (
    q: HoldQuestion,
  ) => Effect.Effect<ReadonlyArray<FoundHold>, AccountsUnavailable>;
  /** A message was accepted; `rules` are those that held it, whose doubts do not become habits. */
  readonly note: (
    q: HoldQuestion,
    rules: ReadonlySet<string>,
  ) => Effect.Effect<void, AccountsUnavailable>;
}

/** `[holds]`: which messages wait for a person, and for how long. */
export interface HoldSettings {
  readonly grace: {
    readonly ms: number;
    /** By account key; those that differ. */
    readonly accounts: ReadonlyMap<string, number>;
    readonly notify: boolean;
  };
  /** First-time recipients within `withinMs` that are let go; null: any number. */
  readonly burst: { readonly recipients: number; readonly withinMs: number } | null;
  /** What makes a client unusual; neither: nothing does. */
  readonly unusual: {
    readonly address: boolean;
    readonly name: boolean;
    readonly withinMs: number;
  };
  /** For the two above. */
  readonly lastsMs: number;
  readonly then: Hold["then"];
  readonly notify: boolean;
}

const HoldsBase: Context.ServiceClass<Holds, "postern/Holds", HoldService | null> = Context.Service<
  Holds,
  HoldService | null
>()("postern/Holds");

/** Null: nothing is held by itself. */
export class Holds extends HoldsBase {}

/** Holds nothing by itself. */
export const noHolds: Layer.Layer<Holds> = Layer.succeed(Holds, null);
