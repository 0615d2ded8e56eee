/** Submissions, services and addresses for tests of the stages. Nothing here waits, asks DNS or draws lots. */
import { Effect, Layer } from "effect";
import type { Mailbox } from "../../lib/address/mailbox.ts";
import { parseMailbox } from "../../lib/address/path.ts";
import type { Envelope } from "../../lib/envelope/envelope.ts";
import type { SessionFacts } from "../../lib/envelope/session.ts";
import { type Account, Accounts, AccountsUnavailable } from "../../lib/ports/accounts.ts";
import { Ids } from "../../lib/ports/ids.ts";
import { type MxAnswer, Resolver } from "../../lib/ports/resolver.ts";
import type { RouteTable } from "../../lib/ports/routes.ts";
import type { PipelineServices } from "../../lib/stages/pipeline.ts";
import {
  headerLayer,
  type HeaderRules,
  rightsLayer,
  type RightsSettings,
  routesLayer,
} from "../../lib/stages/policy.ts";
import type { Received } from "../../lib/stages/submission.ts";
import { repairAll } from "../../policies/headers.ts";
import { standardLimits } from "../../policies/limits.ts";
import { ownAddresses } from "../../policies/rights.ts";
import { byRecipientDomain } from "../../policies/routes.ts";

export const mailbox = (text: string): Mailbox => {
  const m = parseMailbox(text);
  if (m === null) throw new Error(`not a mailbox: ${text}`);
  return m;
};

export const alice: Account = {
  id: "alice@example.net",
  primary: mailbox("alice@example.net"),
  aliases: [mailbox("a.smith@example.net")],
  disabled: false,
  revision: 1,
};

export const session: SessionFacts = {
  id: "s1",
  listener: "submissions",
  clientAddress: "192.0.2.7",
  clientPort: 40000,
  helo: "laptop.example.net",
  extended: true,
  tls: { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" },
};

/** What a test says of a submission; `head` with CRLF at the end of its lines. */
export interface Given {
  readonly head: string;
  readonly login?: string | null;
  readonly returnPath?: string | null;
  readonly recipients?: ReadonlyArray<string>;
  readonly smtpUtf8?: boolean;
  readonly hasBody?: boolean;
  readonly eightBit?: boolean;
  readonly validUtf8?: boolean;
  readonly session?: Partial<SessionFacts>;
}

/** Tue, 24 Nov 2026 05:25:51 +0000 */
export const NOW = Date.UTC(2026, 10, 24, 5, 25, 51);

const envelopeOf = (g: Given): Envelope => {
  const returnPath = g.returnPath === undefined ? "alice@example.net" : g.returnPath;
  return {
    returnPath: returnPath === null ? null : mailbox(returnPath),
    recipients: (g.recipients ?? ["bob@example.org"]).map((r) => ({ mailbox: mailbox(r) })),
    body: g.eightBit === true ? "8BITMIME" : "7BIT",
    smtpUtf8: g.smtpUtf8 ?? false,
    declaredSize: null,
  };
};

export const received = (g: Given): Received => ({
  _tag: "Received",
  id: "01TEST",
  receivedAt: NOW,
  session: { ...session, ...g.session },
  hostname: "msa.example.net",
  login: g.login === undefined ? "alice@example.net" : g.login,
  envelope: envelopeOf(g),
  head: g.head,
  hasBody: g.hasBody ?? true,
  body: {
    octets: 100,
    eightBit: g.eightBit ?? false,
    validUtf8: g.validUtf8 ?? true,
    longestLine: 40,
  },
  trail: [],
});

export interface World {
  readonly accounts?: ReadonlyArray<Account> | "unavailable";
  readonly rules?: Partial<HeaderRules>;
  readonly rights?: RightsSettings;
  readonly routes?: RouteTable;
  readonly mx?: (domain: string) => MxAnswer;
}

/** All recipients to one LMTP server. */
export const oneRoute: RouteTable = [{
  pattern: "*",
  hop: {
    _tag: "Smtp",
    host: "mta.example",
    port: 25,
    implicitTls: false,
    tls: "none",
    login: null,
  },
  credentials: null,
  ca: null,
}];

export const defaultRules: HeaderRules = repairAll({
  received: "none",
  date: "fix",
  messageId: "fix",
});

const accountsLayer = (accounts: NonNullable<World["accounts"]>): Layer.Layer<Accounts> =>
  Layer.succeed(Accounts, {
    verify: () => Effect.succeed({ _tag: "Rejected" as const }),
    find: (id) =>
      accounts === "unavailable"
        ? Effect.fail(new AccountsUnavailable({ cause: "down" }))
        : Effect.succeed(accounts.find((a) => a.id === id) ?? null),
  });

/** Services that answer at once, the same every time. */
export const world = (w: World = {}): Layer.Layer<PipelineServices> =>
  Layer.mergeAll(
    accountsLayer(w.accounts ?? [alice]),
    rightsLayer(ownAddresses(w.rights ?? { localDomains: ["example.net"], separator: "+" })),
    routesLayer(byRecipientDomain, w.routes ?? oneRoute),
    headerLayer({ ...defaultRules, ...w.rules }, standardLimits, () => 0),
    Layer.succeed(Ids, { queueId: () => "01TEST", messageIdLeft: () => "left-of-id" }),
    Layer.succeed(Resolver, {
      mailExchangers: (domain) => Effect.succeed(w.mx?.(domain) ?? { _tag: "NotAsked" }),
      addresses: () => Effect.succeed({ _tag: "NoAddress" as const }),
    }),
  );

/** Header lines to a header section. */
export const head = (...lines: ReadonlyArray<string>): string =>
  lines.map((l) => `${l}\r\n`).join("");
