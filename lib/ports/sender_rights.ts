/** The one decision over every address that a submission claims, and over its recipients. */
import { Context, type Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { Account } from "./accounts.ts";

/** What a right may depend on besides the address. */
export interface Circumstances {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The credential that signed in, by its name; null: the account's only one. */
  readonly credential: string | null;
  /** Null: not known yet, as at MAIL; what depends on them is decided at the end of data. */
  readonly recipients: ReadonlyArray<Mailbox> | null;
}

/** `rule` names what granted or refused, for the trail: `primary`, `alias`, `subaddress`, `grant`, `none`. */
export interface Right {
  /** May be used everywhere: MAIL FROM, From, Sender. */
  readonly granted: boolean;
  readonly rule: string;
  /** Not granted, but allowed in From if Sender names the submitter. RFC 5322 §3.6.2 */
  readonly onBehalf?: boolean;
  /**
   * The account's own address by which it was granted: two mailboxes granted by the same one are one
   * and the same under the policy (case, subaddress). Absent: only the octets tell.
   */
  readonly address?: Mailbox;
  /** Who holds the grant, where it came by one: an account or a group. */
  readonly by?: string;
}

/** What cannot be said of one address. RFC 6854 §3, RFC 9989 */
export type SpecialRight = "group-from" | "several-domains";

/** How far the claims of a header are checked. */
export interface RightsChecks {
  /**
   * `every`: each author must be the account's. `one`: one suffices. `domain`: the domain of one suffices. `off`:
   * any address is allowed in From, with Sender beside it. RFC 6409 §6.3
   */
  readonly header: "every" | "one" | "domain" | "off";
  /** Whether messages of strangers may be passed on by Resent-From. RFC 5322 §3.6.6 */
  readonly resend: "any" | "own";
  /**
   * Addresses that a name shows, neither its mailbox's own nor the account's: refused where they are of a local
   * domain, always, or never.
   */
  readonly nameAddress: "local" | "any" | "off";
}

export const STANDARD_CHECKS: RightsChecks = {
  header: "every",
  resend: "any",
  nameAddress: "local",
};

export interface SenderRightsService {
  readonly checks: RightsChecks;
  /** A-labels of the domains that the site calls local, beside those of its accounts. */
  readonly localDomains: ReadonlySet<string>;
  readonly maySendAs: (
    account: Account,
    mailbox: Mailbox,
    circumstances: Circumstances,
  ) => Effect.Effect<Right>;
  /** Those of `recipients` that the account may not send to. RFC 6409 §6.2 */
  readonly notAllowed: (
    account: Account,
    recipients: ReadonlyArray<Mailbox>,
  ) => Effect.Effect<ReadonlyArray<Mailbox>>;
  readonly may: (account: Account, what: SpecialRight) => Effect.Effect<Right>;
  /** Addresses that would do instead of a refused one, the likeliest first; for the account's owner only. */
  readonly instead: (
    account: Account,
    of: Mailbox,
    circumstances: Circumstances,
  ) => Effect.Effect<ReadonlyArray<Mailbox>>;
}

const SenderRightsBase: Context.ServiceClass<
  SenderRights,
  "postern/SenderRights",
  SenderRightsService
> = Context.Service<SenderRights, SenderRightsService>()("postern/SenderRights");

/** The key under which an Effect asks for {@link SenderRightsService}. */
export class SenderRights extends SenderRightsBase {}
