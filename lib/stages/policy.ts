/**
 * What a site decides, as types: `policies/` holds values of them, the stages see services.
 *
 * `Policies` is the whole of it; the functions at the end turn its parts into Layers.
 */
import { Context, Effect, Layer } from "effect";
import type { Mailbox } from "../address/mailbox.ts";
import { localOffset } from "../message/date.ts";
import type { HeaderLimits } from "../message/header.ts";
import type { ReceivedMode } from "../message/received.ts";
import type { Account } from "../ports/accounts.ts";
import type { TlsPolicy } from "../ports/certificates.ts";
import { type Route, Routes, type RouteTable } from "../ports/routes.ts";
import { type Right, SenderRights } from "../ports/sender_rights.ts";

/** May this account send as this mailbox? Pure; called for every address that a message claims. */
export type RightsPolicy = (account: Account, mailbox: Mailbox) => Right;

export interface RightsSettings {
  /** A-label names; null: the domains of the account's own addresses. */
  readonly localDomains: ReadonlyArray<string> | null;
  /** Between user and detail, where a local domain has no own entry; null: no subaddresses. RFC 5233 §4 */
  readonly separator: string | null;
  /** By A-label name, for local domains that differ. */
  readonly separators?: Readonly<Record<string, string | null>>;
}

/** What to do about a repairable fault: repair it, refuse the message, or leave it as it is. */
export type Repair = "fix" | "reject" | "off";

/** RFC 6409 §8; each line is a repair that can be switched. */
export interface HeaderRules {
  readonly received: ReceivedMode;
  /** Absent, not valid or obsolete. */
  readonly date: Repair;
  /** Absent or not valid. */
  readonly messageId: Repair;
  /** Several To or Cc fields. */
  readonly severalLists: Repair;
  /** To, Cc or Reply-To without an address. */
  readonly emptyLists: Repair;
  /** Address fields in obsolete syntax. */
  readonly obsoleteAddresses: Repair;
  /** 8-bit body without MIME-Version. */
  readonly mimeVersion: Repair;
  /** Lines that may not be sent as they are; they cannot be left alone. */
  readonly layout: Exclude<Repair, "off">;
  /** Sender is needed where the return path is not in From (`envelope`), or none of From is the account's (`rights`). */
  readonly senderMatch: "envelope" | "rights";
  /** A Sender of somebody else although the submitter is in From: refuse, or drop what it says. */
  readonly foreignSender: "reject" | "fix";
}

export type { TlsPolicy };

/** Which route a recipient takes; null: none. */
export type RoutePolicy = (recipient: Mailbox) => Route | null;

/** The switches of the configuration file. */
export type HeaderSettings = Pick<HeaderRules, "received" | "date" | "messageId">;

/** What the configuration says and policies judge by; a whole configuration is one too. */
export interface PolicyFacts {
  readonly rights: RightsSettings;
  readonly headers: HeaderSettings;
  readonly limits: HeaderLimits;
  readonly routes: RouteTable;
}

/** All that a site decides. Each part takes its part of the configuration and yields the policy. */
export interface Policies {
  readonly rights: (settings: RightsSettings) => RightsPolicy;
  readonly headers: (settings: HeaderSettings) => HeaderRules;
  readonly limits: (configured: HeaderLimits) => HeaderLimits;
  readonly tls: TlsPolicy;
  readonly routes: (table: RouteTable) => RoutePolicy;
}

/** How headers are read and repaired. */
export class HeaderPolicy extends Context.Service<HeaderPolicy, {
  readonly rules: HeaderRules;
  readonly limits: HeaderLimits;
  /** Minutes east of UTC for dates that we write, at a time in ms. RFC 5321 §4.4 */
  readonly offset: (ms: number) => number;
}>()("postern/HeaderPolicy") {}

export const rightsLayer = (policy: RightsPolicy): Layer.Layer<SenderRights> =>
  Layer.succeed(SenderRights, {
    maySendAs: (account, mailbox) => Effect.sync(() => policy(account, mailbox)),
  });

export const routesLayer = (
  policy: Policies["routes"],
  table: RouteTable,
): Layer.Layer<Routes> => {
  const find = policy(table);
  return Layer.succeed(Routes, { find: (recipient) => Effect.sync(() => find(recipient)) });
};

/** `offset`: see `HeaderPolicy`. */
export const headerLayer = (
  rules: HeaderRules,
  limits: HeaderLimits,
  offset: (ms: number) => number = localOffset,
): Layer.Layer<HeaderPolicy> => Layer.succeed(HeaderPolicy, { rules, limits, offset });

/** Everything that the stages ask of a site. */
export const policyLayer = (
  policies: Policies,
  facts: PolicyFacts,
): Layer.Layer<SenderRights | Routes | HeaderPolicy> =>
  Layer.mergeAll(
    rightsLayer(policies.rights(facts.rights)),
    routesLayer(policies.routes, facts.routes),
    headerLayer(policies.headers(facts.headers), policies.limits(facts.limits)),
  );
