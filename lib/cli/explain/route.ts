/** `postern route test`: which route a recipient takes, step by step, and why. Sends nothing. */
import { Effect, Layer, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { printMailbox } from "../../address/mailbox.ts";
import { parseMailbox } from "../../address/path.ts";
import type { Config } from "../../config/config.ts";
import { resolverLayer } from "../../dns/resolver.ts";
import { hopKey, type HopLimits, type Route, type RouteFacts } from "../../ports/routes.ts";
import { hostsOf } from "../../relay/hosts/hosts.ts";
import { protect } from "../../relay/hosts/tls_evidence.ts";
import { standsFor } from "../../stages/durability.ts";
import type { Policies, RouteTeller } from "../../stages/policy.ts";
import { Failure, misused } from "../../app/failure.ts";
import { limitWords } from "../queue/hop_limits.ts";
import { configOf } from "../../app/config_file.ts";
import { relaySettingsOf, stsOf } from "../../app/relay_settings.ts";
import { resolverSettings } from "../../app/resolver_settings.ts";
import { json, root } from "../root.ts";
import { print, printJson } from "../terminal.ts";

const options = {
  address: Argument.String("address").pipe(Argument.withDescription("The recipient")),
  from: Flag.String("from").pipe(
    Flag.optional,
    Flag.withDescription("Return path; default: the null return path"),
  ),
  account: Flag.String("account").pipe(
    Flag.optional,
    Flag.withDescription("Account that submits; default: none, as for our own reports"),
  ),
  size: Flag.Int("size").pipe(Flag.withDefault(0), Flag.withDescription("Octets")),
  priority: Flag.Int("priority").pipe(
    Flag.withDefault(0),
    Flag.withDescription("MT-PRIORITY, -9 to 9"),
  ),
  resolve: Flag.Boolean("resolve").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Ask DNS for hosts and TLSA records; without it there is no network"),
  ),
  json,
};

type Step = Parameters<RouteTeller>[0];

/** One host that would be tried, with the TLS that it would get. */
interface Tried {
  readonly host: string;
  readonly at: string;
  readonly policy: string;
}

const NOT_FITTING: Readonly<Record<NonNullable<Step["unmet"]>, string>> = {
  recipient: "the recipient is an address that leads back to this machine",
  from: "the return path is none of those in from",
  account: "the account is none of those in account",
  size: "the size is not between min_size and max_size",
  priority: "the priority is not between min_priority and max_priority",
};

const mailboxOf = (text: string) => {
  const m = parseMailbox(text);
  return m === null
    ? Effect.fail(misused(`${JSON.stringify(text)} is no address`))
    : Effect.succeed(m);
};

const test = (policies: Policies) =>
  Command.make("test", options, (a) =>
    Effect.gen(function* () {
      const config = yield* configOf((yield* root).config);
      const recipient = yield* mailboxOf(a.address);
      const from = Option.getOrElse(a.from, () => "<>");
      const facts: RouteFacts = {
        sender: from === "<>" || from === "" ? null : yield* mailboxOf(from),
        account: Option.getOrNull(a.account),
        size: a.size,
        priority: a.priority,
      };
      const steps: Array<Step> = [];
      const route = policies.routes(config.routes)(recipient, facts, (s) => steps.push(s));
      const tried = route === null || !a.resolve ? null : yield* hostsFor(config, route);
      const limits = route?.rule === undefined ? null : config.routes[route.rule]?.limits ?? null;
      const found = { recipient: printMailbox(recipient), steps, route, limits, tried };
      if (a.json) yield* printJson(asJson(found));
      else yield* print(...asLines(found));
      if (route === null) return yield* new Failure({ lines: [], exitCode: 1 });
    })).pipe(
      Command.withDescription(
        "Show which route a recipient takes, and why; exit status 0 one was found, 1 none",
      ),
    );

const hostsFor = (config: Config, route: Route): Effect.Effect<ReadonlyArray<Tried> | string> => {
  const { hop } = route;
  if (hop._tag === "Maildir") return Effect.succeed([]);
  const settings = relaySettingsOf(config, () => false);
  return Effect.gen(function* () {
    const found = yield* hostsOf(hop, settings);
    if (found._tag === "None") return `${found.verdict.status} ${found.verdict.text}`;
    return yield* Effect.forEach(found.hosts, (host) => {
      const to = { access: settings.access(route), mustHaveTls: false, tlsOptional: false };
      const { target } = host;
      return Effect.map(protect(to, host, settings), ({ how: p }): Tried => ({
        host: host.name,
        at: target._tag === "Unix" ? target.path : `${target.address}:${target.port}`,
        policy: "of" in p ? `not used: ${p.reason}` : p.why,
      }));
    });
  }).pipe(
    Effect.provide(
      Layer.provideMerge(
        stsOf(config, null) ?? Layer.empty,
        resolverLayer(resolverSettings(config.dns)),
      ),
    ),
  );
};

interface Found {
  readonly recipient: string;
  readonly steps: ReadonlyArray<Step>;
  readonly route: Route | null;
  readonly limits: HopLimits | null;
  readonly tried: ReadonlyArray<Tried> | string | null;
}

const asJson = ({ recipient, steps, route, limits, tried }: Found) => ({
  recipient,
  steps: steps.map((s) => ({ route: s.rule + 1, to: s.pattern, unmet: s.unmet })),
  route: route === null || route.rule === undefined ? null : route.rule + 1,
  to: route?.pattern ?? null,
  hop: route === null ? null : hopKey(route.hop),
  tls: route !== null && "tls" in route.hop ? route.hop.tls : null,
  limits,
  durability: route === null ? null : standsFor(route),
  forwardLogin: route?.passThrough?.login ?? false,
  ...tried === null ? {} : typeof tried === "string" ? { trouble: tried } : { hosts: tried },
});

const asLines = ({ recipient, steps, route, limits, tried }: Found): ReadonlyArray<string> => [
  recipient,
  ...steps.map(({ rule, pattern, unmet }) =>
    `  route ${rule + 1} (to = ${JSON.stringify(pattern)}): ${
      unmet === null ? "taken" : NOT_FITTING[unmet]
    }`
  ),
  ...(route === null ? ["  no route takes it: refused at RCPT with 550 5.7.1"] : [
    `  next hop ${hopKey(route.hop)}${"tls" in route.hop ? `, tls = ${route.hop.tls}` : ""}`,
    `  250 stands for ${inWords(route)}`,
  ]),
  ...(limits === null ? [] : [`  ${limitWords(limits)}`]),
  ...(tried === null
    ? []
    : typeof tried === "string"
    ? [`  no host: ${tried}`]
    : tried.map((t) => `    ${t.host} (${t.at}): ${t.policy}`)),
];

/** What a message to this recipient alone is kept by. */
const inWords = ({ passThrough, replicated }: Route): string =>
  passThrough === undefined
    ? replicated === true ? "the spool, and a copy on the server in [replica]" : "the spool"
    : passThrough.login
    ? "the next hop's own, signed in there as the client; nothing is kept here"
    : `the next hop's own${
      passThrough.spool ? "; the spool has what needs a queue" : "; nothing is kept here"
    }`;

export const routeCommand = (policies: Policies) =>
  Command.make("route").pipe(
    Command.withDescription("Where messages go"),
    Command.withSubcommands([test(policies)]),
  );
