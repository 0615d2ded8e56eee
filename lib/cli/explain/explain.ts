/** `postern explain`: what would become of a message, and why. Stores nothing, sends nothing. */
import { Effect, Layer, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { accountsLayer } from "../../accounts/sqlite.ts";
import type { Mailbox } from "../../address/mailbox.ts";
import { parseMailbox } from "../../address/path.ts";
import type { Config } from "../../config/config.ts";
import { plainFault } from "../../config/values/fault.ts";
import { resolverLayer } from "../../dns/resolver.ts";
import { Accounts } from "../../ports/accounts.ts";
import { AccountsAdmin } from "../../ports/accounts_admin.ts";
import { Ids } from "../../ports/ids.ts";
import { Resolver } from "../../ports/resolver.ts";
import { holdsLayer } from "../../accounts/usual/holds.ts";
import { idsLayer } from "../../server/ids.ts";
import { type Policies, policyLayer } from "../../stages/policy.ts";
import { explainMessage } from "../../app/explain_run.ts";
import { explanationJson, explanationLines } from "./explanation_view.ts";
import { Failure, misused, noAccounts } from "../../app/failure.ts";
import { holderOf } from "../find_account.ts";
import { readMessageFile } from "../../app/message_file.ts";
import { configOf, placeOf } from "../../app/config_file.ts";
import { json, root } from "../root.ts";
import type { SigningFault } from "../../ports/signer.ts";
import type { Sealer } from "../../trace/seal.ts";
import type { PolicyFileFault } from "../../site/file_fault.ts";
import { sealOf } from "../../app/seal_key.ts";
import { filtersOf } from "../../app/filters_of.ts";
import { badPolicy, siteOf } from "../../app/site_of.ts";
import { signerOf } from "../../app/signer_settings.ts";
import { resolverSettings } from "../../app/resolver_settings.ts";
import { colour, print, printJson, readStdin } from "../terminal.ts";

const options = {
  file: Argument.String("file").pipe(
    Argument.optional,
    Argument.withDescription("The message; standard input where none is given"),
  ),
  as: Flag.String("as").pipe(
    Flag.withDescription("The account that signs in: any of its addresses"),
  ),
  from: Flag.String("from").pipe(
    Flag.optional,
    Flag.withDescription('Return path, "<>" for none; default: the primary address of the account'),
  ),
  to: Flag.String("to").pipe(
    Flag.atLeast(0),
    Flag.withDescription("Recipient, may be given several times; default: To, Cc and Bcc"),
  ),
  credential: Flag.String("credential").pipe(
    Flag.optional,
    Flag.withDescription("Name of the credential that signs in, where grants depend on it"),
  ),
  resolve: Flag.Boolean("resolve").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Ask DNS for mail exchangers; without it there is no network"),
  ),
  filters: Flag.Boolean("filters").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Ask the content filters as well; by default they are not asked"),
  ),
  smtputf8: Flag.Boolean("smtputf8").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Give MAIL the SMTPUTF8 parameter, as few mail programs do"),
  ),
  json,
};

export const explainCommand = (policies: Policies) =>
  Command.make("explain", options, (a) =>
    Effect.gen(function* () {
      const config = yield* configOf((yield* root).config);
      const from = yield* Option.match(a.from, {
        onNone: () => Effect.succeed(undefined),
        onSome: returnPathOf,
      });
      const to = yield* Effect.forEach(a.to, mailboxOf);
      const seal = yield* sealOf(config);
      const message = readMessageFile(yield* octetsOf(a.file), config.limits);
      const explanation = yield* Effect.gen(function* () {
        const account = yield* accountOf(yield* mailboxOf(a.as));
        return yield* explainMessage({
          hostname: config.hostname,
          limits: config.limits,
          domains: config.headers.domains,
          account,
          credential: Option.getOrNull(a.credential),
          from: from === undefined ? account.primary : from,
          to,
          message,
          smtpUtf8: a.smtputf8,
        });
      }).pipe(
        Effect.provide(services(config, policies, a.resolve, a.filters, seal)),
        Effect.mapError((e) => explained(config, e)),
      );
      if (a.json) yield* printJson(explanationJson(explanation));
      else yield* print(...explanationLines(explanation, { colour: yield* colour }));
      if (!explanation.accepted) return yield* new Failure({ lines: [], exitCode: 1 });
    })).pipe(
      Command.withDescription(
        "Show what each stage would decide on a message; exit status 0 accepted, 1 refused, 2 usage",
      ),
    );

/** Everything but a refused message is wrong usage here: 1 means refused. */
const explained = (
  config: Config,
  e:
    | Failure
    | Parameters<ReturnType<typeof noAccounts>>[0]
    | SigningFault
    | PolicyFileFault
    | { readonly _tag: "NobodyToSendTo" },
): Failure => {
  if (e instanceof Failure) return e;
  if (e._tag === "PolicyFileFault") return badPolicy(e);
  if (e._tag === "SigningFault") return misused(e.message);
  return e._tag === "NobodyToSendTo"
    ? misused("no recipients: give --to, or a message with To, Cc or Bcc")
    : misused(...noAccounts(config.accounts.path)(e).lines);
};

const services = (
  config: Config,
  policies: Policies,
  resolve: boolean,
  filters: boolean,
  seal: Sealer["seal"] | null,
) =>
  Layer.mergeAll(
    Layer.provideMerge(
      holdsLayer(config.holds),
      accountsLayer({ ...config.accounts, readOnly: true }),
    ),
    policyLayer(policies, config, seal),
    explainIds,
    siteOf(config, false),
    filters ? filtersOf(config) : Layer.empty,
    Layer.provideMerge(
      signerOf(config, false),
      resolve ? resolverLayer(resolverSettings(config.dns)) : nobodyAsked,
    ),
  );

/** Message-IDs as ever; nothing is queued, so that there is no queue id. */
const explainIds = Layer.effect(
  Ids,
  Effect.map(Ids, (ids) => ({ ...ids, queueId: () => "explain" })),
).pipe(Layer.provide(idsLayer));

const NOT_ASKED = { _tag: "Trouble", kind: "unreachable", reason: "not asked" } as const;

/** DNS as it looks without a network. */
export const nobodyAsked = Layer.succeed(Resolver, {
  mailExchangers: () => Effect.succeed({ _tag: "NotAsked" }),
  addresses: () => Effect.succeed(NOT_ASKED),
  lookup: () => Effect.succeed(NOT_ASKED),
});

const mailboxOf = (text: string): Effect.Effect<Mailbox, Failure> => {
  const m = parseMailbox(text);
  return m === null
    ? Effect.fail(misused(`${JSON.stringify(text)} is no address`))
    : Effect.succeed(m);
};

const returnPathOf = (text: string): Effect.Effect<Mailbox | null, Failure> =>
  text === "" || text === "<>" ? Effect.succeed(null) : mailboxOf(text);

const accountOf = Effect.fnUntraced(function* (address: Mailbox) {
  const found = holderOf(yield* AccountsAdmin.use((admin) => admin.list), address);
  const account = found === undefined ? null : yield* Accounts.use((a) => a.find(found.id));
  return account === null
    ? yield* misused(`--as: there is no account ${address.local}@${address.domain.text}`)
    : account;
});

const octetsOf = (file: Option.Option<string>): Effect.Effect<Uint8Array, Failure> =>
  Effect.gen(function* () {
    if (Option.isNone(file) || file.value === "-") return yield* readStdin;
    const path = yield* placeOf(file.value);
    return yield* Effect.tryPromise({
      try: () => Deno.readFile(path),
      catch: (e) => misused(`${path}: ${plainFault(e)}`),
    });
  });
