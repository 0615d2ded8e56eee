/** Submissions, services and addresses for tests of the stages. Nothing here waits, asks DNS or draws lots. */
import { Effect, Layer } from "effect";
import { domainKey } from "../../lib/address/domain.ts";
import type { Mailbox } from "../../lib/address/mailbox.ts";
import { parseMailbox } from "../../lib/address/path.ts";
import type { Rewrites } from "../../lib/address/rewrite.ts";
import type { Envelope } from "../../lib/envelope/envelope.ts";
import { type Header, isFault, parseHeader, printFault } from "../../lib/message/header.ts";
import type { BodyFacts } from "../../lib/message/mime/body.ts";
import { BodyCounter } from "../../lib/message/mime/body_counter.ts";
import { decodeUtf8 } from "../../lib/message/text.ts";
import type { Rewrite, StoredBody } from "../../lib/ports/stored_body.ts";
import type { SessionFacts } from "../../lib/envelope/session.ts";
import { type Account, Accounts, AccountsUnavailable } from "../../lib/ports/accounts.ts";
import { Ids } from "../../lib/ports/ids.ts";
import type { Circumstances } from "../../lib/ports/sender_rights.ts";
import { type MxAnswer, Resolver } from "../../lib/ports/resolver.ts";
import type { RouteTable } from "../../lib/ports/routes.ts";
import { summary } from "../../lib/reply/reply.ts";
import { pipeline, type PipelineServices } from "../../lib/stages/pipeline.ts";
import {
  headerLayer,
  type HeaderRules,
  rightsLayer,
  type RightsSettings,
  routesLayer,
} from "../../lib/stages/policy.ts";
import { noSigner, type Signer } from "../../lib/ports/signer.ts";
import type { Received, Signed } from "../../lib/stages/submission.ts";
import type { Trail } from "../../lib/stages/trail.ts";
import { standardRepairs } from "../../policies/headers.ts";
import { standardLimits } from "../../policies/limits.ts";
import { ownAddresses } from "../../policies/rights.ts";
import { byRecipient } from "../../policies/routes.ts";
import { stubResolver } from "./resolver_stub.ts";

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
  minimum: "plain",
  certificates: [],
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
  readonly credential?: string | null;
  readonly returnPath?: string | null;
  readonly recipients?: ReadonlyArray<string>;
  readonly smtpUtf8?: boolean;
  readonly hasBody?: boolean;
  readonly eightBit?: boolean;
  readonly validUtf8?: boolean;
  /** The body itself; without it there is nothing to encode. */
  readonly text?: string;
  readonly session?: Partial<SessionFacts>;
  /** What MAIL said besides. */
  readonly envelope?: Partial<Envelope>;
}

/** Tue, 24 Nov 2026 05:25:51 +0000 */
export const NOW = Date.UTC(2026, 10, 24, 5, 25, 51);

/** Now, with the only credential there is, before any recipient is known. */
export const usual: Circumstances = { at: NOW, credential: null, recipients: null };

const envelopeOf = (g: Given): Envelope => {
  const returnPath = g.returnPath === undefined ? "alice@example.net" : g.returnPath;
  return {
    returnPath: returnPath === null ? null : mailbox(returnPath),
    recipients: (g.recipients ?? ["bob@example.org"]).map((r) => ({ mailbox: mailbox(r) })),
    body: g.eightBit === true ? "8BITMIME" : "7BIT",
    smtpUtf8: g.smtpUtf8 ?? false,
    declaredSize: null,
    ...g.envelope,
  };
};

const octetsOf = (latin1: string): Uint8Array => Uint8Array.from(latin1, (c) => c.charCodeAt(0));

const factsOf = (text: string): BodyFacts => {
  const counter = new BodyCounter();
  counter.push(octetsOf(text));
  return counter.facts(decodeUtf8(text) !== null, null);
};

/** A body in memory, in chunks of odd lengths. */
export class MemoryBody implements StoredBody {
  text: string;

  constructor(text: string) {
    this.text = text;
  }

  readonly each = (see: (chunk: Uint8Array) => void) =>
    Effect.sync(() => {
      const all = octetsOf(this.text);
      for (let i = 0; i < all.length; i += 77) see(all.subarray(i, i + 77));
    });

  readonly eachInTurn = (see: (chunk: Uint8Array) => Promise<void>) =>
    Effect.promise(async () => {
      const all = octetsOf(this.text);
      for (let i = 0; i < all.length; i += 77) await see(all.subarray(i, i + 77));
    });

  readonly replace = (r: Rewrite) =>
    Effect.map(
      Effect.suspend(() => {
        const out: Array<Uint8Array> = [];
        return Effect.as(this.each((c) => out.push(...r.push(c).map((p) => p.slice()))), out);
      }),
      (out) => {
        this.text = [...out, ...r.end()].map((p) => String.fromCharCode(...p)).join("");
        return factsOf(this.text);
      },
    );
}

export const received = (g: Given): Received => ({
  _tag: "Received",
  id: "01TEST",
  receivedAt: NOW,
  session: { ...session, ...g.session },
  hostname: "msa.example.net",
  login: g.login === undefined ? "alice@example.net" : g.login,
  credential: g.credential ?? null,
  envelope: envelopeOf(g),
  head: g.head,
  hasBody: g.hasBody ?? true,
  body: g.text === undefined
    ? {
      octets: 100,
      eightBit: g.eightBit ?? false,
      validUtf8: g.validUtf8 ?? true,
      longestLine: 40,
    }
    : factsOf(g.text),
  ...(g.text === undefined ? {} : { stored: new MemoryBody(g.text) }),
  trail: [],
});

export interface World {
  readonly accounts?: ReadonlyArray<Account> | "unavailable";
  readonly rules?: Partial<HeaderRules>;
  readonly rights?: Partial<RightsSettings>;
  readonly routes?: RouteTable;
  readonly mx?: (domain: string) => MxAnswer;
  readonly rewrites?: Rewrites;
  readonly seal?: (text: string) => string;
  readonly signer?: Layer.Layer<Signer>;
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

export const defaultRules: HeaderRules = standardRepairs;

export const accountsLayer = (accounts: NonNullable<World["accounts"]>): Layer.Layer<Accounts> =>
  Layer.succeed(Accounts, {
    verify: () => Effect.succeed({ _tag: "Rejected" as const }),
    identify: () => Effect.succeed({ _tag: "Rejected" as const }),
    keys: () => Effect.succeed(null),
    certified: () => Effect.succeed(null),
    find: (id) =>
      accounts === "unavailable"
        ? Effect.fail(new AccountsUnavailable({ cause: "down" }))
        : Effect.succeed(accounts.find((a) => a.id === id) ?? null),
    hasDomain: (domain) =>
      accounts === "unavailable"
        ? Effect.fail(new AccountsUnavailable({ cause: "down" }))
        : Effect.succeed(
          accounts.some((a) =>
            [a.primary, ...a.aliases].some((m) => domainKey(m.domain) === domain)
          ),
        ),
  });

const LOCAL: RightsSettings = { localDomains: ["example.net"], separator: "+" };

/** Services that answer at once, the same every time. */
export const world = (w: World = {}): Layer.Layer<PipelineServices> =>
  Layer.mergeAll(
    accountsLayer(w.accounts ?? [alice]),
    rightsLayer(
      ownAddresses({ ...LOCAL, ...w.rights }),
      w.rights?.checks,
      { ...LOCAL, ...w.rights }.localDomains,
    ),
    routesLayer(byRecipient, w.routes ?? oneRoute),
    headerLayer(
      { ...defaultRules, ...w.rules },
      standardLimits,
      () => 0,
      w.seal ?? null,
      w.rewrites ?? null,
    ),
    w.signer ?? noSigner,
    Layer.succeed(Ids, { queueId: () => "01TEST", messageIdLeft: () => "left-of-id" }),
    Layer.succeed(
      Resolver,
      stubResolver({
        mailExchangers: (domain) => Effect.succeed(w.mx?.(domain) ?? { _tag: "NotAsked" }),
        addresses: () => Effect.succeed({ _tag: "NoAddress" as const }),
      }),
    ),
  );

/** Header lines to a header section. */
export const head = (...lines: ReadonlyArray<string>): string =>
  lines.map((l) => `${l}\r\n`).join("");

/** How a submission ended: the header that leaves, or the reply; the trail in both cases. */
export type Ending =
  | {
    readonly _tag: "Accepted";
    readonly signed: Signed;
    readonly header: Header;
    readonly trail: Trail;
  }
  | { readonly _tag: "Refused"; readonly reply: string; readonly trail: Trail };

/** Runs all stages over a submission. A fault or a bug throws. */
export const submit = (given: Given, w: World = {}): Promise<Ending> => run(received(given), w);

/** The same for what a test put together itself. */
export const run = (r: Received, w: World = {}): Promise<Ending> =>
  Effect.runPromise(
    pipeline(r).pipe(
      Effect.map((signed): Ending => {
        const header = parseHeader(signed.leaving.slice(0, -2), standardLimits, true);
        if (isFault(header)) throw new Error(printFault(header));
        return { _tag: "Accepted", signed, header, trail: signed.trail };
      }),
      Effect.catchTag("Refusal", (r) => {
        const ending: Ending = { _tag: "Refused", reply: summary(r.reply), trail: r.trail };
        return Effect.succeed(ending);
      }),
      Effect.provide(world(w)),
    ),
  );

/** Header lines that leave, without our Received field; throws where the submission is refused. */
export const leaving = async (given: Given, w: World = {}): Promise<ReadonlyArray<string>> => {
  const end = await submit(given, w);
  if (end._tag === "Refused") throw new Error(`refused: ${end.reply}`);
  const [top, ...rest] = end.header.fields;
  if (top?.key !== "received") throw new Error("no Received on top");
  return rest.flatMap((f) => f.raw.slice(0, -2).split("\r\n"));
};

/** Code and rule of a refusal: `550 5.7.1 RGT-5`; throws where the submission is accepted. */
export const refusedFor = async (given: Given, w: World = {}): Promise<string> => {
  const end = await submit(given, w);
  if (end._tag === "Accepted") throw new Error("accepted");
  const last = end.trail.at(-1);
  if (last?.verdict !== "refused") throw new Error("the trail does not end with the refusal");
  return `${end.reply.split(" ").slice(0, 2).join(" ")} ${last.rule}`;
};

/** Rules of the decisions that changed something, Received aside. */
export const changes = async (given: Given, w: World = {}): Promise<ReadonlyArray<string>> =>
  (await submit(given, w)).trail.filter((d) => d.verdict === "changed" && d.rule !== "TRC-1")
    .map((d) => d.rule);
