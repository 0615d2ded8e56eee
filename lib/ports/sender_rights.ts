/** The one decision over every address that a submission claims. */
import { Context, type Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { Account } from "./accounts.ts";

/** `rule` names what granted or refused, for the trail: `primary`, `alias`, `subaddress`, `none`. */
export interface Right {
  readonly granted: boolean;
  readonly rule: string;
  /**
   * The account's own address by which it was granted: two mailboxes granted by the same one are one
   * and the same under the policy (case, subaddress). Absent: only the octets tell.
   */
  readonly address?: Mailbox;
}

export class SenderRights extends Context.Service<SenderRights, {
  readonly maySendAs: (account: Account, mailbox: Mailbox) => Effect.Effect<Right>;
}>()("postern/SenderRights") {}
