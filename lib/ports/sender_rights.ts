/** The one decision over every address that a submission claims. */
import { Context, type Effect } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import type { Account } from "./accounts.ts";

/** `rule` names what granted or refused, for the trail: `primary`, `alias`, `subaddress`, `none`. */
export interface Right {
  readonly granted: boolean;
  readonly rule: string;
}

export class SenderRights extends Context.Service<SenderRights, {
  readonly maySendAs: (account: Account, mailbox: Mailbox) => Effect.Effect<Right>;
}>()("postern/SenderRights") {}
