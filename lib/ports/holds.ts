/** Reasons to hold what is otherwise fit to leave: new company, unusual places, and second thoughts. */
import { Context, type Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { SessionFacts } from "../envelope/session.ts";
import type { Account, AccountsUnavailable } from "./accounts.ts";
import type { Hold } from "./spool.ts";

export interface HoldQuestion {
  readonly account: Account;
  readonly session: SessionFacts;
  readonly recipients: ReadonlyArray<Mailbox>;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface FoundHold {
  readonly rule: "hold.grace" | "hold.burst" | "hold.client";
  readonly hold: Hold;
  readonly facts: Readonly<Record<string, string | number>>;
}

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

/** Null: nothing is held by itself. */
export const Holds = Context.Reference<HoldService | null>("postern/Holds", {
  defaultValue: () => null,
});
