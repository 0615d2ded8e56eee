/** The flags of `postern discover`, and what they mean to discovery. */
import { Effect, Option } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import { TOOL_FORMAT_NAMES } from "../../discovery/discover/formats/all.ts";
import { type Method, METHODS } from "../../discovery/discover/result.ts";
import { DEFAULT_METHODS, type DiscoverOptions } from "../../discovery/discover/run.ts";
import { failed, reasonOf } from "../../app/failure.ts";
import { placeOf } from "../../app/config_file.ts";
import { json } from "../root.ts";

const yes = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDefault(false), Flag.withDescription(description));

export const discoverFlags = {
  subject: Argument.String("address|domain").pipe(
    Argument.withDescription("Whose services to find: name@example.com or example.com"),
  ),
  json,
  format: Flag.Literals("format", ["table", "json", ...TOOL_FORMAT_NAMES]).pipe(
    Flag.optional,
    Flag.withDescription("What to print: a table, JSON, or the configuration of a tool"),
  ),
  explain: yes("explain", "Print every attempt and its outcome to standard error"),
  probe: yes("probe", "Connect to the servers found: TLS, names, capabilities; no credentials"),
  acceptDomain: Flag.String("accept-domain").pipe(
    Flag.atLeast(0),
    Flag.withDescription("Registrable domain whose servers are agreed to; may be repeated"),
  ),
  yes: yes("yes", "Agree to everything"),
  only: Flag.Literals("only", METHODS).pipe(
    Flag.atLeast(0),
    Flag.withDescription("Use only this method; may be repeated"),
  ),
  guess: yes("guess", "Try usual host names where nothing is found"),
  allowHttp: yes("allow-http", "Also read configuration over plain HTTP"),
  allowPlaintext: yes("allow-plaintext", "Services without TLS may be used"),
  allowPrivate: yes("allow-private", "Connect to addresses of private networks too"),
  sendAddress: yes("send-address", "Send the address to the provider, not only its domain"),
  preferAutoconfig: yes("prefer-autoconfig", "Rank autoconfig files above SRV records"),
  force: yes("force", "Ask less trusted sources although a better one did not answer"),
  all: yes("all", "Ask every source, also those that are not needed"),
  file: Flag.String("file").pipe(
    Flag.optional,
    Flag.withDescription("An autoconfig file of your own, which comes first"),
  ),
} satisfies Command.Command.Config;

export type DiscoverFlags = Command.Command.Config.Infer<typeof discoverFlags>;

const methodsOf = (a: DiscoverFlags): ReadonlyArray<Method> =>
  a.only.length > 0 ? a.only : [
    ...DEFAULT_METHODS,
    "ispdb",
    ...(a.allowHttp ? ["http" as const] : []),
    ...(a.guess ? ["guess" as const] : []),
  ];

export const optionsOf = Effect.fnUntraced(function* (
  a: DiscoverFlags,
  databases: ReadonlyArray<string>,
  deadlineMs: number,
) {
  const local = Option.isNone(a.file) ? null : yield* Effect.flatMap(
    placeOf(a.file.value),
    (path) =>
      Effect.tryPromise({
        try: () => Deno.readFile(path),
        catch: (e) => failed(`${path}: ${reasonOf(e)}`),
      }),
  );
  return {
    methods: methodsOf(a),
    probe: a.probe,
    acceptDomains: a.acceptDomain.map((d) => d.toLowerCase()),
    acceptAll: a.yes,
    sendAddress: a.sendAddress,
    preferAutoconfig: a.preferAutoconfig,
    allowPlaintext: a.allowPlaintext,
    force: a.force,
    all: a.all,
    local,
    ispdb: databases,
    deadlineMs,
  } satisfies DiscoverOptions;
});
