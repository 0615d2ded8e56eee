/** Rights beyond an account's own addresses: who may send as what, to whom, and until when. */
import { addressKey } from "./account_key.ts";
import { type Mailbox, printMailbox } from "./mailbox.ts";
import { parseMailbox } from "./path.ts";
import type { AddressPattern } from "./pattern.ts";

/** Who holds a grant: an account, by any of its addresses, or a group. */
export type Principal =
  | { readonly _tag: "Account"; readonly mailbox: Mailbox }
  | { readonly _tag: "Group"; readonly name: string };

const GROUP = /^group:([a-z0-9][a-z0-9._-]{0,63})$/;

/** `alice@example.net` or `group:sales`; null where it is neither. */
export const parsePrincipal = (text: string): Principal | null => {
  const [, name] = GROUP.exec(text) ?? [];
  if (name !== undefined) return { _tag: "Group", name };
  const mailbox = parseMailbox(text);
  return mailbox === null ? null : { _tag: "Account", mailbox };
};

export const printPrincipal = (p: Principal): string =>
  p._tag === "Group" ? `group:${p.name}` : printMailbox(p.mailbox);

/** Equal for the same principal. */
export const principalKey = (p: Principal): string =>
  p._tag === "Group" ? `group:${p.name}` : addressKey(p.mailbox);

/**
 * `as`: like an address of one's own, in MAIL FROM, From and Sender. `on-behalf`: in From only, so that Sender
 * says who submits. RFC 5322 §3.6.2
 */
export type GrantMode = "as" | "on-behalf";

/** The right of an account or group to send as an address that is not its own. RFC 6409 §6.1 */
export interface Grant {
  readonly principal: Principal;
  readonly address: AddressPattern;
  readonly mode: GrantMode;
  /** Holds only for what was signed in with this credential; null: with any. */
  readonly credential: string | null;
  /** Applies only if every recipient matches one of these; null: to all recipients. */
  readonly recipients: ReadonlyArray<AddressPattern> | null;
  /** Milliseconds since the epoch from which on it holds no more; null: for ever. */
  readonly until: number | null;
}

/**
 * `group-from`: a From that names nobody (RFC 6854 §3). `several-domains`: authors in several domains.
 * `send-to`: who has any of these may send to nobody else.
 */
export type PermissionName = "group-from" | "several-domains" | "send-to";

/** A right of an account or group that names no sender address, such as whom it may send to. RFC 6409 §6.2 */
export interface Permission {
  readonly principal: Principal;
  readonly name: PermissionName;
  /** Of `send-to` only. */
  readonly address: AddressPattern | null;
}

/** A named set of accounts that grants and permissions may be given to. */
export interface Group {
  readonly name: string;
  readonly members: ReadonlyArray<Principal>;
}

/** What an account holds besides its own addresses, by itself and through its groups. */
export interface AccountRights {
  /** Names, without `group:`. */
  readonly groups: ReadonlyArray<string>;
  readonly grants: ReadonlyArray<Grant>;
  readonly permissions: ReadonlyArray<Permission>;
}
