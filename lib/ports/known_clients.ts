/** The clients by which an account has submitted before: the store behind holds of unusual clients. */
import { Context, type Effect } from "effect";
import type { AccountsUnavailable } from "./accounts.ts";

/** What marks a client. */
export interface ClientMarks {
  /** Textual IP address; its block counts. */
  readonly address: string;
  /** What EHLO said. */
  readonly name: string;
}

export interface Acquaintance {
  /** The account has submitted since then, from wherever. */
  readonly any: boolean;
  readonly address: boolean;
  readonly name: boolean;
}

export interface KnownClientsService {
  /** What of a client was seen at or after `since` (milliseconds). Notes nothing. */
  readonly seen: (
    account: string,
    client: ClientMarks,
    since: number,
  ) => Effect.Effect<Acquaintance, AccountsUnavailable>;
  readonly note: (
    account: string,
    client: ClientMarks,
    now: number,
  ) => Effect.Effect<void, AccountsUnavailable>;
}

const KnownClientsBase: Context.ServiceClass<
  KnownClients,
  "postern/KnownClients",
  KnownClientsService
> = Context.Service<KnownClients, KnownClientsService>()("postern/KnownClients");

/** The key under which an Effect asks for {@link KnownClientsService}. */
export class KnownClients extends KnownClientsBase {}
