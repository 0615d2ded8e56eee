/**
 * What a site decides, as types: `policies/` holds values of them, the stages see services.
 *
 * `Policies` is the whole of it; the functions at the end turn its parts into Layers.
 */
import { Context, Effect, Layer } from "effect";
import type { Grant, Permission } from "../address/grant.ts";
import { comparison, type LocalRules } from "../address/local_rules.ts";
import { compileRewrites, type Rewrites, type RewriteSettings } from "../address/rewrite.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Completions } from "../address/complete.ts";
import { domainKey } from "../address/domain.ts";
import { localOffset } from "../message/date.ts";
import type { HeaderLimits } from "../message/header.ts";
import type { ReceivedMode } from "../message/received.ts";
import type { Account } from "../ports/accounts.ts";
import type { TlsPolicy } from "../ports/certificates.ts";
import { type Route, type RouteFacts, Routes, type RouteTable } from "../ports/routes.ts";
import {
  type Circumstances,
  type Right,
  type RightsChecks,
  SenderRights,
  type SpecialRight,
  STANDARD_CHECKS,
} from "../ports/sender_rights.ts";

/** One thing that an account holds: an own address, what is below it, or a grant. */
export interface Held extends Omit<Grant, "principal"> {
  /** `primary`, `alias`, `subaddress`, `grant`. */
  readonly rule: string;
  /** Whom it was granted to: the account or a group; null for own addresses. */
  readonly by: string | null;
  readonly matches: (m: Mailbox) => boolean;
}

/** What an account may send. Pure; `as` is called for every address that a message claims. */
export interface RightsPolicy {
  /** May this account send as this mailbox? RFC 6409 §6.1 */
  readonly as: (account: Account, mailbox: Mailbox, circumstances: Circumstances) => Right;
  /** May it send to this recipient? RFC 6409 §6.2 */
  readonly to: (account: Account, recipient: Mailbox) => Right;
  readonly may: (account: Account, what: SpecialRight) => Right;
  /** All that the account holds, whatever the circumstances: for questions the other way round. */
  readonly held: (account: Account) => ReadonlyArray<Held>;
}

/** `[rights]`: how addresses compare, and grants of the configuration. */
export interface RightsSettings extends LocalRules {
  readonly grants?: ReadonlyArray<Grant>;
  readonly permissions?: ReadonlyArray<Permission>;
  readonly checks?: RightsChecks;
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
  /** No From at all: the account's primary address, or refused. RFC 5322 §3.6.2 */
  readonly from: Exclude<Repair, "off">;
  /** Subject and its like twice, both saying the same to the octet: one goes, or refused. RFC 5322 §3.6 */
  readonly duplicates: Exclude<Repair, "off">;
  /** 8-bit text in a header although MAIL had no SMTPUTF8: encoded words, or refused. RFC 2047 §5 */
  readonly rawUtf8: Exclude<Repair, "off">;
  /** Neither To nor Cc nor Bcc: a group of nobody, refused, or left, since it is legal. RFC 5322 §3.6.3 */
  readonly undisclosed: Repair;
  /** Body lines over 998 octets: a transfer encoding, or refused. RFC 5322 §2.1.1 */
  readonly longLines: Exclude<Repair, "off">;
  /** Text of 8-bit octets: left as it is, or encoded, so that no hop must do it later. RFC 6376 §5.3 */
  readonly eightBitBody: "keep" | "encode";
  /** By single label in lower case, the domain that it stands for. RFC 6409 §4.2 */
  readonly domains: Completions;
  /** Sender is needed where none of From is the account's (`rights`), or the return path is not in From (`envelope`). */
  readonly senderMatch: "envelope" | "rights";
  /** A Sender of another account although the submitter is in From: refuse, or drop the field. */
  readonly foreignSender: "reject" | "fix";
}

export type { TlsPolicy };

/**
 * Which route a recipient takes; null: none. Pure, and called for every recipient.
 *
 * `tell`, for `postern route test`: called for each route that was looked at, in order.
 */
export type RoutePolicy = (
  recipient: Mailbox,
  message: RouteFacts,
  tell?: RouteTeller,
) => Route | null;

/** Called for each route that is looked at, in order. */
export type RouteTeller = (step: {
  /** Which of the table, counted from 0. */
  readonly rule: number;
  readonly pattern: string;
  /** The first condition that did not hold; null where the route was taken. */
  readonly unmet: "recipient" | "from" | "account" | "size" | "priority" | null;
}) => void;

/** The switches of the configuration file. */
export type HeaderSettings = HeaderRules;

/** What the configuration says and policies judge by; a whole configuration is one too. */
export interface PolicyFacts {
  readonly rights: RightsSettings;
  readonly headers: HeaderSettings;
  readonly limits: HeaderLimits;
  readonly routes: RouteTable;
  /** Absent: there are no aliases and no rewrites. */
  readonly rewriting?: RewriteSettings;
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
export interface HeaderPolicyService {
  readonly rules: HeaderRules;
  readonly limits: HeaderLimits;
  /** Minutes east of UTC for dates that we write, at a time in ms. RFC 5321 §4.4 */
  readonly offset: (ms: number) => number;
  /** Makes a token that the site alone can open; null: Received is not sealed. */
  readonly seal: ((text: string) => string) | null;
  /** Null: there are no aliases and no rewrites. */
  readonly rewrites: Rewrites | null;
}

const HeaderPolicyBase: Context.ServiceClass<
  HeaderPolicy,
  "postern/HeaderPolicy",
  HeaderPolicyService
> = Context.Service<HeaderPolicy, HeaderPolicyService>()("postern/HeaderPolicy");

/** The key under which an Effect asks for {@link HeaderPolicyService}. */
export class HeaderPolicy extends HeaderPolicyBase {}

export const rightsLayer = (
  policy: RightsPolicy,
  checks: RightsChecks = STANDARD_CHECKS,
  localDomains: ReadonlyArray<string> | null = null,
): Layer.Layer<SenderRights> =>
  Layer.succeed(SenderRights, {
    checks,
    localDomains: new Set(localDomains),
    maySendAs: (account, mailbox, circumstances) =>
      Effect.sync(() => policy.as(account, mailbox, circumstances)),
    notAllowed: (account, recipients) =>
      Effect.sync(() => recipients.filter((r) => !policy.to(account, r).granted)),
    may: (account, what) => Effect.sync(() => policy.may(account, what)),
    instead: (account, of, circumstances) =>
      Effect.sync(() => likeliest(policy, account, of, circumstances)),
  });

/** What would do instead: exact addresses that the account may use now, those of the same domain or name first. */
const likeliest = (
  policy: RightsPolicy,
  account: Account,
  of: Mailbox,
  circumstances: Circumstances,
): ReadonlyArray<Mailbox> => {
  const worth = (m: Mailbox): number =>
    (domainKey(m.domain) === domainKey(of.domain) ? 2 : 0) +
    (m.local.toLowerCase() === of.local.toLowerCase() ? 1 : 0);
  return policy.held(account)
    .flatMap(({ address }) => address._tag === "Exact" ? [address.mailbox] : [])
    .filter((m) => policy.as(account, m, circumstances).granted)
    .sort((a, b) => worth(b) - worth(a));
};

export const routesLayer = (
  policy: Policies["routes"],
  table: RouteTable,
): Layer.Layer<Routes> => {
  const find = policy(table);
  return Layer.succeed(Routes, {
    find: (recipient, message) => Effect.sync(() => find(recipient, message)),
  });
};

/** `offset`: see `HeaderPolicy`. */
export const headerLayer = (
  rules: HeaderRules,
  limits: HeaderLimits,
  offset: (ms: number) => number = localOffset,
  seal: ((text: string) => string) | null = null,
  rewrites: Rewrites | null = null,
): Layer.Layer<HeaderPolicy> =>
  Layer.succeed(HeaderPolicy, { rules, limits, offset, seal, rewrites });

/** Everything that the stages ask of a site. `seal`: see `HeaderPolicy`. */
export const policyLayer = (
  policies: Policies,
  facts: PolicyFacts,
  seal: ((text: string) => string) | null = null,
): Layer.Layer<SenderRights | Routes | HeaderPolicy> =>
  Layer.mergeAll(
    rightsLayer(policies.rights(facts.rights), facts.rights.checks, facts.rights.localDomains),
    routesLayer(policies.routes, facts.routes),
    headerLayer(
      policies.headers(facts.headers),
      policies.limits(facts.limits),
      localOffset,
      seal,
      facts.rewriting === undefined
        ? null
        : compileRewrites(facts.rewriting, comparison(facts.rights)),
    ),
  );
