/** What `postern serve` runs beside the submission listeners where it is configured: name server and HTTP endpoints. */
import type { TaggedErrorClass } from "../ports/tagged_error.ts";
import { Clock, Console, Data, Duration, Effect } from "effect";
import { addressBlock } from "../accounts/throttle/address_block.ts";
import type { Config, DnsServerSettings } from "../config/config.ts";
import { drained } from "../discovery/drain.ts";
import { expectedRecords } from "../discovery/expected.ts";
import { within } from "../discovery/offer.ts";
import { type DnsRecord, type ExpectedRecord } from "../discovery/record.ts";
import { discover } from "../discovery/discover/discover.ts";
import { discoverEndpoint } from "../discovery/serve/discover_endpoint.ts";
import { makeHandler } from "../discovery/serve/handler.ts";
import { BadZone, makeZone, type Zone } from "../dns/authority/zone.ts";
import { serveHttp } from "../net/http/serve.ts";
import { discoverPorts } from "./discover_ports.ts";
import { resolverSettings } from "./resolver_settings.ts";
import { serveZones } from "../dns/authority/listener.ts";

const ZoneFaultBase: TaggedErrorClass<"ZoneFault"> = Data.TaggedError("ZoneFault");

/** A zone of `[dns_server]` cannot be served as it is configured. */
export class ZoneFault extends ZoneFaultBase<{ readonly message: string }> {}

const zonesOf = (
  d: DnsServerSettings,
  records: ReadonlyArray<DnsRecord>,
  serial: number,
): Effect.Effect<ReadonlyArray<Zone>, ZoneFault> =>
  Effect.try({
    try: () =>
      d.zones.map((name) =>
        makeZone({ name, ns: d.ns, mailbox: d.mailbox, serial, ttl: d.ttlSeconds, records })
      ),
    catch: (e) =>
      new ZoneFault({
        message: e instanceof BadZone ? `[dns_server] ${e.message}` : `[dns_server] ${e}`,
      }),
  });

/** Seconds since 1970: later runs have greater ones. RFC 1982 §7 */
const serialNow = Effect.map(Clock.currentTimeMillis, (ms) => Math.floor(ms / 1000));

/** The same owner and data from two offers is one record. */
const merged = (all: ReadonlyArray<ExpectedRecord>): ReadonlyArray<DnsRecord> => [
  ...new Map(all.map((r) => [JSON.stringify([r.owner, r.data]), r])).values(),
];

/** Firm records of all domains that lie in one of the zones. */
const recordsOf = Effect.fnUntraced(function* (config: Config, zones: ReadonlyArray<string>) {
  const all = yield* Effect.promise(() => Promise.all(config.domains.map(expectedRecords)));
  return merged(
    all.flat().filter((r) => r.need !== "hint" && zones.some((z) => within(r.owner, z))),
  );
});

/** The name server. Yields what to do at a stop, while everything else still runs: lead clients elsewhere, and wait. */
export const serveDns = Effect.fnUntraced(function* (config: Config) {
  const settings = config.dnsServer;
  if (settings === null) return Effect.void;
  const records = yield* recordsOf(config, settings.zones);
  const serial = yield* serialNow;
  let zones = yield* zonesOf(settings, records, serial);
  const ports = yield* serveZones({
    listen: settings.listen,
    zones: () => zones,
    responsesPerSecond: settings.responsesPerSecond,
  });
  for (const [i, { host }] of settings.listen.entries()) {
    yield* Console.log(`answers DNS for ${settings.zones.join(", ")} on ${host}:${ports[i]}`);
  }
  return Effect.gen(function* () {
    const last = drained(records, config.hostname);
    if (!settings.drain || !last.changed) return;
    zones = yield* zonesOf(settings, last.records, Math.max(serial + 1, yield* serialNow));
    yield* Effect.logInfo("clients are led to the other servers", {
      seconds: settings.ttlSeconds,
    });
    yield* Effect.sleep(Duration.seconds(settings.ttlSeconds));
  }).pipe(Effect.ignoreCause({ log: "Error" }));
});

/** A whole answer over HTTP is due before the connection ends. */
const MAX_DISCOVERY_MS = 12_000;

/** `/v1/discover`: no probes, no databases. docs/design/autodiscovery.md §9.8 */
const discoveryEndpoint = Effect.fnUntraced(function* (config: Config) {
  const { discover: settings } = config;
  const ports = yield* Effect.acquireRelease(
    Effect.sync(() =>
      discoverPorts({
        dns: resolverSettings(config.dns),
        privateAddresses: settings.privateAddresses,
        ca: settings.ca,
      })
    ),
    (p) => Effect.sync(() => p.close()),
  );
  const deadlineMs = Math.min(Duration.toMillis(settings.timeout), MAX_DISCOVERY_MS);
  const endpoint = discoverEndpoint({
    discover: (address) => discover(address, ports, { deadlineMs }),
    now: () => Date.now(),
    requestsPerMinute: settings.requestsPerMinute,
    requestsPerDomainPerMinute: settings.requestsPerDomainPerMinute,
  });
  // who holds a block of addresses is one client
  return (request: Request, client: string) => endpoint(request, addressBlock(client));
});

/** The HTTP endpoints. */
export const serveEndpoints = Effect.fnUntraced(function* (config: Config) {
  if (config.http === null) return;
  const { listen, plain, trustedProxies, autodiscoverV2 } = config.http;
  const pages = makeHandler({ offers: config.domains, autodiscoverV2 });
  const lookAround = config.discover.http ? yield* discoveryEndpoint(config) : null;
  const handler = async (request: Request, client: string): Promise<Response> =>
    (await lookAround?.(request, client)) ?? await pages(request);
  const ports = yield* serveHttp({ listen, plain, trustedProxies, handler });
  for (const [i, { host }] of listen.entries()) {
    yield* Console.log(`answers HTTPS on ${host}:${ports.https[i]}`);
  }
  for (const [i, { host }] of plain.entries()) {
    yield* Console.log(`answers HTTP on ${host}:${ports.http[i]}`);
  }
});
