/** The relay on real sockets, with the spool in memory and a scripted hop. */
import assert from "node:assert/strict";
import { type RetryCurve, STANDARD_CURVE } from "../../lib/relay/retry.ts";
import { Context, Effect, Exit, Layer, Logger, Scope } from "effect";
import type { Mailbox } from "../../lib/address/mailbox.ts";
import { parseMailbox } from "../../lib/address/path.ts";
import { dialerLayer } from "../../lib/net/dialer.ts";
import type { DnsAnswer } from "../../lib/ports/dns.ts";
import { type HandedOver, type Handing, HandOver } from "../../lib/ports/hand_over.ts";
import { noHopMemory } from "../../lib/ports/hop_memory.ts";
import { Ids } from "../../lib/ports/ids.ts";
import { type AddressAnswer, type MxAnswer, Resolver } from "../../lib/ports/resolver.ts";
import type { Envelope, Recipient } from "../../lib/envelope/envelope.ts";
import {
  type Credentials,
  hopKey,
  type NextHop,
  type PassThrough,
  Routes,
} from "../../lib/ports/routes.ts";
import type { QueueRecipient } from "../../lib/ports/spool.ts";
import { type RelaySettings, relaySettings, STANDARD_PATIENCE } from "../../lib/relay/settings.ts";
import { StsPolicies, type StsPolicy } from "../../lib/ports/sts_policies.ts";
import { type TlsNote, TlsNotes } from "../../lib/ports/tls_notes.ts";
import { relayLayer } from "../../lib/relay/worker.ts";
import { accountsLayer, alice } from "../support/submissions.ts";
import { MemorySpool } from "../../lib/testing/memory_spool.ts";
import { SERVFAIL, stubResolver } from "../support/resolver_stub.ts";

export const mailbox = (text: string): Mailbox => {
  const m = parseMailbox(text);
  assert.ok(m !== null, text);
  return m;
};

export const smtpHop = (
  port: number,
  more: Partial<Extract<NextHop, { readonly _tag: "Smtp" | "Lmtp" }>> = {},
): NextHop => ({
  _tag: "Smtp",
  host: "127.0.0.1",
  port,
  implicitTls: false,
  tls: "none",
  login: null,
  ...more,
});

export interface Given {
  /** One hop for all, or by recipient address. */
  readonly hop: NextHop | ((address: string) => NextHop | null);
  /** Of every route. */
  readonly passThrough?: PassThrough;
  readonly settings?: Partial<RelaySettings>;
  readonly spool?: MemorySpool;
  readonly mx?: Readonly<Record<string, MxAnswer>>;
  /** Accounts that may not send any more. */
  readonly disabled?: ReadonlySet<string>;
  /** In place of a stub that knows `mx`, `srv` and `addresses`. */
  readonly resolver?: Layer.Layer<Resolver>;
  /** Gets what is noted of TLS. */
  readonly notes?: (note: TlsNote) => void;
  readonly sts?: Readonly<Record<string, StsPolicy>>;
  readonly srv?: Readonly<Record<string, DnsAnswer<"SRV">>>;
  readonly addresses?: Readonly<Record<string, AddressAnswer>>;
}

/** Short where a test waits for it. */
export const HASTE = {
  connect: 500,
  handshake: 1_000,
  greeting: 500,
  command: 500,
  data: 500,
  block: 500,
  final: 500,
  idle: 200,
};

/** For peers that take their time. */
export const STANDARD = STANDARD_PATIENCE;

/** For tests that set a limit of their own. */
/** A lifetime has room for one attempt: what is older than it is given up at the first. */
export const RARE: RetryCurve = { ...STANDARD_CURVE, first: [], then: 2 * STANDARD_CURVE.lifetime };

export const LONG = { ...HASTE, greeting: 20_000, command: 20_000, data: 20_000, final: 20_000 };

let ids = 0;

export class Running {
  readonly spool: MemorySpool;
  readonly #scope: Scope.Closeable;
  readonly #given: Given;
  readonly #handOver: Handing | null;

  constructor(
    spool: MemorySpool,
    scope: Scope.Closeable,
    given: Given,
    handOver: Handing | null,
  ) {
    this.spool = spool;
    this.#scope = scope;
    this.#given = given;
    this.#handOver = handOver;
  }

  /** Hands a message over while its client waits. */
  async pass(m: {
    readonly to: ReadonlyArray<string>;
    readonly body?: string;
    readonly eightBit?: boolean;
    readonly envelope?: Partial<Envelope>;
    readonly wishes?: ReadonlyArray<Omit<Recipient, "mailbox">>;
    readonly login?: Credentials;
  }): Promise<HandedOver> {
    const [first = ""] = m.to;
    const hop = find(this.#given, first);
    if (hop === null || this.#handOver === null) throw new Error("nobody to hand over to");
    const body = this.spool.stage();
    const octets = Uint8Array.from(m.body ?? "Hello\r\n", (c) => c.charCodeAt(0));
    await Effect.runPromise(body.write(octets));
    const passing = this.#handOver.pass({
      id: `P${++ids}`,
      acceptedAt: Date.now(),
      account: "alice@example.net",
      envelope: {
        returnPath: mailbox("alice@example.net"),
        recipients: m.to.map((t, i) => ({ mailbox: mailbox(t), ...m.wishes?.[i] })),
        body: "7BIT",
        smtpUtf8: false,
        declaredSize: null,
        ...m.envelope,
      },
      recipients: m.to,
      route: { hop, pattern: "*", passThrough: { login: m.login !== undefined, spool: false } },
      head: "From: alice@example.net\r\nSubject: test\r\n\r\n",
      body,
      bodyOctets: octets.length,
      eightBit: m.eightBit ?? false,
      login: m.login ?? null,
    });
    return await Effect.runPromise(passing);
  }

  /** Commits a message; returns its id. */
  async send(m: {
    readonly from?: string | null;
    readonly to: ReadonlyArray<string>;
    readonly head?: string;
    readonly body?: string;
    readonly acceptedAt?: number;
    readonly smtpUtf8?: boolean;
    readonly eightBit?: boolean;
    readonly due?: number;
    /** What MAIL said besides. */
    readonly envelope?: Partial<Envelope>;
    /** What RCPT said besides, by recipient. */
    readonly wishes?: ReadonlyArray<Omit<Recipient, "mailbox">>;
  }): Promise<string> {
    const id = `M${++ids}`;
    const body = this.spool.stage();
    await Effect.runPromise(
      body.write(Uint8Array.from(m.body ?? "Hello\r\n", (c) => c.charCodeAt(0))),
    );
    const from = m.from === undefined ? "alice@example.net" : m.from;
    await Effect.runPromise(this.spool.commit({
      id,
      acceptedAt: m.acceptedAt ?? Date.now(),
      account: "alice@example.net",
      session: null,
      envelope: {
        returnPath: from === null ? null : mailbox(from),
        recipients: m.to.map((t, i) => ({ mailbox: mailbox(t), ...m.wishes?.[i] })),
        body: "7BIT",
        smtpUtf8: m.smtpUtf8 ?? false,
        declaredSize: null,
        ...m.envelope,
      },
      recipients: m.to.map((address) => ({ address, hop: hopKeyFor(this.#given, address) })),
      head: m.head ?? "From: alice@example.net\r\nSubject: test\r\n\r\n",
      body,
      eightBit: m.eightBit ?? false,
      trail: "[]",
      ...m.due === undefined ? {} : { due: m.due },
    }));
    return id;
  }

  async recipients(id: string): Promise<ReadonlyArray<QueueRecipient>> {
    return (await Effect.runPromise(this.spool.show(id)))?.recipients ?? [];
  }

  /** Waits until every recipient was tried `attempts` times; gives `state reply` of each. */
  async settled(id: string, attempts = 1): Promise<ReadonlyArray<string>> {
    await until(async () => (await this.recipients(id)).every((r) => r.attempts >= attempts));
    return (await this.recipients(id)).map((r) => `${r.state}: ${r.lastReply}`);
  }

  /** Messages without an account: what the relay wrote itself. */
  async bounces(): Promise<ReadonlyArray<{ readonly id: string; readonly text: string }>> {
    const all = await Effect.runPromise(this.spool.list({ all: true }));
    return all.filter((e) => e.account === null).map(({ id }) => ({
      id,
      text: this.spool.text(id),
    }));
  }

  stop(): Promise<void> {
    return Effect.runPromise(Scope.close(this.#scope, Exit.void));
  }
}

const find = (given: Given, address: string): NextHop | null =>
  typeof given.hop === "function" ? given.hop(address) : given.hop;

const hopKeyFor = (given: Given, address: string): string => {
  const hop = find(given, address);
  return hop === null ? "nowhere" : hopKey(hop);
};

/** Connections of a scripted hop, by the commands that it hears. */
export class Connections {
  open = 0;
  /** That were open at a time. */
  most = 0;

  hear(command: string): void {
    if (command.startsWith("EHLO")) this.most = Math.max(this.most, ++this.open);
    if (command.startsWith("QUIT")) this.open--;
  }
}

/** Waits, in small steps and not for ever. */
export const until = async (holds: () => boolean | Promise<boolean>, ms = 8_000): Promise<void> => {
  const end = performance.now() + ms;
  while (!(await holds())) {
    assert.ok(performance.now() < end, "waited in vain");
    await new Promise((r) => setTimeout(r, 5));
  }
};

/** Runs `body` with the relay up; stops it whatever happens. */
export const withRelay = async (
  given: Given,
  body: (relay: Running) => Promise<void>,
): Promise<void> => {
  const spool = given.spool ?? new MemorySpool();
  const routes = Layer.succeed(Routes, {
    find: (m) => {
      const hop = find(given, `${m.local}@${m.domain.text}`);
      const how = given.passThrough === undefined ? {} : { passThrough: given.passThrough };
      return Effect.succeed(hop === null ? null : { hop, pattern: "*", ...how });
    },
  });
  const resolver = given.resolver ?? Layer.succeed(
    Resolver,
    stubResolver({
      mailExchangers: (d) => Effect.succeed(given.mx?.[d] ?? { _tag: "NoSuchDomain" }),
      addresses: (h) => Effect.succeed(given.addresses?.[h] ?? { _tag: "NoSuchDomain" }),
      // the records of one kind are asked for by a test that lists them
      lookup: (name) => Effect.succeed((given.srv?.[name] ?? SERVFAIL) as never),
    }),
  );
  const accounts = accountsLayer([
    { ...alice, disabled: given.disabled?.has(alice.id) ?? false },
  ]);
  let n = 0;
  const testIds = Layer.succeed(Ids, {
    queueId: () => `B${++n}`,
    messageIdLeft: () => `left${++n}`,
  });
  const settings: RelaySettings = {
    ...relaySettings("msa.example.net"),
    loopbackExchangers: true,
    patience: HASTE,
    pauseMs: 300,
    graceMs: 1_000,
    ...given.settings,
  };
  const sts = Layer.succeed(StsPolicies, {
    find: (domain) => Effect.succeed(given.sts?.[domain] ?? null),
  });
  const notes = Layer.succeed(TlsNotes, given.notes ?? null);
  const scope = Effect.runSync(Scope.make());
  const layer = relayLayer(settings).pipe(
    Layer.provide(
      Layer.mergeAll(
        spool.layer,
        accounts,
        routes,
        resolver,
        testIds,
        dialerLayer,
        sts,
        notes,
        noHopMemory,
      ),
    ),
    Layer.provide(Logger.layer([])),
  );
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope));
  const running = new Running(spool, scope, given, Context.get(context, HandOver));
  try {
    await body(running);
  } finally {
    await running.stop();
  }
};
