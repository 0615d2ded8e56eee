/** `postern discover`: what a mail program would find for an address or a domain. Stores nothing. docs/design/autodiscovery.md §9 */
import { Duration, Effect, Option } from "effect";
import { Command } from "effect/cli";
import { domainToUnicode } from "node:url";
import type { DiscoverSettings, DnsSettings } from "../../config/config.ts";
import { discover, NotAnAddress } from "../../discovery/discover/discover.ts";
import { TOOL_FORMATS } from "../../discovery/discover/formats/all.ts";
import { attemptLine, explainLines, tableLines } from "../../discovery/discover/formats/people.ts";
import { type DiscoverResult, exitCode } from "../../discovery/discover/result.ts";
import { type DiscoverFlags, discoverFlags, optionsOf } from "./discover_flags.ts";
import { discoverPorts } from "../../app/discover_ports.ts";
import { failed, Failure, misused } from "../../app/failure.ts";
import { loadedOrStandard } from "../../app/config_file.ts";
import { resolverSettings } from "../../app/resolver_settings.ts";
import { root } from "../root.ts";
import { askYes, interactive, print, printJson, remark, status, watched } from "../terminal.ts";

export const discoverCommand = Command.make(
  "discover",
  discoverFlags,
  (a) =>
    Effect.gen(function* () {
      const config = yield* loadedOrStandard((yield* root).config);
      const first = yield* found(a, config);
      const result = yield* confirmed(a, first);
      yield* show(a, result);
      const code = exitCode(result.verdict);
      if (code !== 0) return yield* new Failure({ lines: [], exitCode: code });
    }),
).pipe(
  Command.withDescription(
    "Find the mail services of an address or domain; exit status 0 found, 3 needs confirmation, " +
      "4 nothing usable, 5 try again later",
  ),
);

/** Runs it, telling a person at the terminal how far it is. */
const found = Effect.fnUntraced(function* (
  a: DiscoverFlags,
  config: { readonly dns: DnsSettings; readonly discover: DiscoverSettings },
) {
  const live = (yield* watched) && !a.json;
  const ports = discoverPorts({
    dns: resolverSettings(config.dns),
    privateAddresses: config.discover.privateAddresses || a.allowPrivate,
    ca: config.discover.ca,
  });
  const options = yield* optionsOf(
    a,
    config.discover.databases,
    Duration.toMillis(
      config.discover.timeout,
    ),
  );
  return yield* Effect.tryPromise({
    try: (signal) =>
      discover(a.subject, ports, { ...options, signal }, (x) => {
        if (live) status(attemptLine(x));
      }),
    catch: (e) => e instanceof NotAnAddress ? misused(e.message) : failed(String(e)),
  }).pipe(
    Effect.ensuring(Effect.sync(() => {
      if (live) status("");
      ports.close();
    })),
  );
});

/** Both forms of a name where they differ, whole. SEC-9 */
const bothForms = (name: string): string => {
  const unicode = domainToUnicode(name);
  return unicode === "" || unicode === name ? name : `${name} (${unicode})`;
};

/** A person at the terminal is asked; nobody else ever agrees by silence. SEC-10 */
const confirmed = Effect.fnUntraced(function* (a: DiscoverFlags, r: DiscoverResult) {
  if (r.verdict !== "confirm") return r;
  const asked = r.services.filter((s) => s.rejected === null && s.rank === 0);
  const domains = [...new Set(asked.flatMap((s) => s.confirm.flatMap((c) => c.domains)))];
  const reasons = [...new Set(asked.flatMap((s) => s.confirm.map((c) => c.reason)))];
  yield* remark(`mail servers: ${domains.map(bothForms).join(", ")}`);
  yield* remark(`to be confirmed because: ${reasons.join(", ")}`);
  if (a.json || !(yield* interactive) || !(yield* watched)) {
    yield* remark(`agree with ${domains.map((d) => `--accept-domain ${d}`).join(" ")}`);
    return r;
  }
  return (yield* askYes("Would you give these servers your password?"))
    ? { ...r, verdict: "ok" as const }
    : r;
});

const show = Effect.fnUntraced(function* (a: DiscoverFlags, r: DiscoverResult) {
  if (a.explain && !a.json) yield* Effect.forEach(explainLines(r), (l) => remark(l));
  const format = Option.getOrUndefined(a.format);
  if (a.json || format === "json") return yield* printJson(r);
  if (format === undefined || format === "table") return yield* print(...tableLines(r));
  // what nobody agreed to gets into no file. SEC-10
  if (exitCode(r.verdict) !== 0) return yield* remark(tableLines(r).at(-1) ?? "");
  const text = TOOL_FORMATS[format](r);
  if (text === null) {
    return yield* new Failure({
      lines: [`${r.domain} offers nothing that ${format} could use`],
      exitCode: 4,
    });
  }
  yield* print(text.trimEnd());
});
