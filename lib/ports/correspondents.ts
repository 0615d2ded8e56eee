/**
 * The recipients that an account has written to before: the store behind the limit of first-time recipients. RFC
 * 5321 §7.8
 */
import { Context, type Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { AccountsUnavailable } from "./accounts.ts";

export interface CorrespondentsService {
  /**
   * Notes the recipients of a message of `account`. False, and nothing noted, where more than `mostNew` would
   * be new within the day up to `now` (milliseconds). All of it or nothing, even between processes.
   */
  readonly admit: (
    account: string,
    recipients: ReadonlyArray<Mailbox>,
    mostNew: number,
    now: number,
  ) => Effect.Effect<boolean, AccountsUnavailable>;
  /** How many of `recipients` are new, and how many others became known after `since`. Notes nothing. */
  readonly newcomers: (
    account: string,
    recipients: ReadonlyArray<Mailbox>,
    since: number,
  ) => Effect.Effect<{ readonly fresh: number; readonly before: number }, AccountsUnavailable>;
  /** From now on they are known. */
  readonly note: (
    account: string,
    recipients: ReadonlyArray<Mailbox>,
    now: number,
  ) => Effect.Effect<void, AccountsUnavailable>;
}

const CorrespondentsBase: Context.ServiceClass<
  Correspondents,
  "postern/Correspondents",
  CorrespondentsService
> = Context.Service<Correspondents, CorrespondentsService>()("postern/Correspondents");

/** The key under which an Effect asks for {@link CorrespondentsService}. */
export class Correspondents extends CorrespondentsBase {}
