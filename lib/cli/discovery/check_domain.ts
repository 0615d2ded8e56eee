/** `postern check`: whether what is published, served and listening is what the configuration says. docs/design/autodiscovery.md §11 */
import { Effect } from "effect";
import { Argument, Command, Flag } from "effect/cli";
import type { Config } from "../../config/config.ts";
import { checkDomain } from "../../discovery/check/check.ts";
import {
  changes,
  type CheckReport,
  exitStatus,
  type Finding,
} from "../../discovery/check/report.ts";
import type { Offer } from "../../discovery/offer.ts";
import { checkPorts } from "../../app/check_ports.ts";
import { changeLines, reportLines } from "./check_view.ts";
import { failed, Failure, reasonOf } from "../../app/failure.ts";
import { configOf } from "../../app/config_file.ts";
import { nameOf, offerFor } from "./publish.ts";
import { resolverSettings } from "../../app/resolver_settings.ts";
import { json, root } from "../root.ts";
import { print, printJson, remark } from "../terminal.ts";
import { visibleJson } from "../../app/visible.ts";

const options = {
  domain: Argument.String("domain").pipe(Argument.withDescription("The domain of the addresses")),
  json,
  allowPrivate: Flag.Boolean("allow-private").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Connect to addresses of private networks too"),
  ),
  watch: Flag.Boolean("watch").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Go on, and tell what changes"),
  ),
  every: Flag.Int("every").pipe(
    Flag.withDefault(300),
    Flag.withDescription("Seconds between two checks of --watch"),
  ),
};

type Flags = Command.Command.Config.Infer<typeof options>;

export const checkCommand = Command.make("check", options, (a) =>
  Effect.gen(function* () {
    const config = yield* configOf((yield* root).config);
    const offer = offerFor(config, yield* nameOf(a.domain));
    const report = yield* look(config, offer, a);
    if (a.watch) return yield* watch(config, offer, a, report);
    yield* a.json ? printJson(report) : print(...reportLines(report));
    const status = exitStatus(report);
    if (status !== 0) return yield* new Failure({ lines: [], exitCode: status });
  })).pipe(
    Command.withDescription(
      "Check records, endpoints and servers of a domain from outside, and what clients make of them; " +
        "exit status 0 right, 1 something wrong, 2 something not known",
    ),
  );

/** New connections and a new cache each time: a watch must see what is there now. */
const look = (config: Config, offer: Offer, a: Flags): Effect.Effect<CheckReport, Failure> =>
  Effect.acquireUseRelease(
    Effect.sync(() =>
      checkPorts({
        dns: resolverSettings(config.dns),
        privateAddresses: config.discover.privateAddresses || a.allowPrivate,
        ca: config.discover.ca,
      })
    ),
    (ports) =>
      Effect.tryPromise({
        try: (signal) =>
          checkDomain(offer, ports, {
            signal,
            delegated: config.dnsServer?.zones ?? [],
            ns: config.dnsServer?.ns ?? [],
          }),
        catch: (e) => failed(reasonOf(e)),
      }),
    (ports) => Effect.sync(() => ports.close()),
  );

const MIN_SECONDS = 5;

/** Tells everything that is wrong once, then what changes. Ends with a signal. */
const watch = Effect.fnUntraced(function* (
  config: Config,
  offer: Offer,
  a: Flags,
  first: CheckReport,
) {
  const seconds = Math.max(MIN_SECONDS, a.every);
  yield* remark(`watching ${offer.domain} every ${seconds} s`);
  let before: ReadonlyArray<Finding> = [];
  let report = first;
  for (;;) {
    const at = new Date().toISOString();
    for (const change of changes(before, report.findings)) {
      yield* a.json
        ? print(visibleJson(JSON.stringify({ at, domain: offer.domain, ...change })))
        : print(...changeLines(at, change));
    }
    before = report.findings;
    yield* Effect.sleep(`${seconds} seconds`);
    report = yield* look(config, offer, a);
  }
});
