/** The settings of the relay, from a configuration. */
import { Duration, Effect, Layer } from "effect";
import { BlockList, isIP } from "node:net";
import { patternsFor } from "../address/domain_pattern.ts";
import type { Config } from "../config/config.ts";
import { rerouteTo } from "../config/read/reroute.ts";
import type { HttpSend, Lookup } from "../discovery/discover/ports.ts";
import { guardOf } from "../net/guard.ts";
import { httpSend } from "../net/http/send.ts";
import { Resolver } from "../ports/resolver.ts";
import { OWN_MAIL, type TlsLevel } from "../ports/routes.ts";
import {
  accessOf,
  type RelaySettings,
  relaySettings,
  STANDARD_PATIENCE,
} from "../relay/settings.ts";
import { reporterLayer } from "../tls_reports/tls_reporter.ts";
import { stsLayer } from "../mta_sts/sts_file.ts";
import type { Policies } from "../stages/policy.ts";
import { retryCurveOf } from "./retry_curve.ts";
import { VERSION } from "./version.ts";

const ms = Duration.toMillis;

export const relaySettingsOf = (config: Config, yields: () => boolean): RelaySettings => {
  const { queue } = config;
  return {
    ...relaySettings(config.hostname),
    ownNames: [config.hostname.toLowerCase(), ...config.nextHop.ownNames],
    isOurs: ours(config.nextHop.ownAddresses),
    loopbackExchangers: config.nextHop.loopbackExchangers,
    dane: config.nextHop.dane,
    tlsLevel: levels(config.nextHop.tlsLevels),
    access: accessOf(config.routes),
    yields,
    connectionsPerHop: queue.connectionsPerHop,
    maxConnections: queue.connections,
    messagesPerConnection: queue.messagesPerConnection,
    passMs: ms(queue.passThrough),
    retry: retryCurveOf(queue),
    postmasterCopy: queue.postmasterCopy,
    patience: {
      ...STANDARD_PATIENCE,
      connect: ms(queue.timeouts.connect),
      greeting: ms(queue.timeouts.greeting),
      command: ms(queue.timeouts.command),
      data: ms(queue.timeouts.data),
      block: ms(queue.timeouts.block),
      final: ms(queue.timeouts.final),
    },
  };
};

/** The next hop that an operator chose, on the terms of the route that leads there. */
export const rerouted =
  (config: Config, policies: Policies): RelaySettings["rerouted"] => (via, recipient) => {
    const to = rerouteTo(via, config.routes);
    if ("fault" in to) return null;
    const route = policies.routes([to.rule])(recipient, OWN_MAIL);
    if (route === null) return null;
    // no login, no trust and no limit but those of the route that leads to the very hop
    return to.known === null
      ? { hop: route.hop, pattern: "queue reroute" }
      : { hop: route.hop, pattern: to.known.pattern, rule: config.routes.indexOf(to.known) };
  };

/** HOP-05 */
const ours = (networks: ReadonlyArray<string>): RelaySettings["isOurs"] => {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
};

/** The most specific pattern. HOP-20 */
const levels =
  (byPattern: ReadonlyMap<string, TlsLevel>): RelaySettings["tlsLevel"] => (domain) => {
    if (byPattern.size === 0) return "none";
    for (const pattern of patternsFor(domain)) {
      const level = byPattern.get(pattern);
      if (level !== undefined) return level;
    }
    return "none";
  };

/** Policies are fetched as discovery fetches: no redirect, no private address, verified. Null where they are off. */
export const stsOf = (
  config: Config,
  path: string | null,
): Layer.Layer<never, never, Resolver> | null =>
  config.nextHop.mtaSts ? stsLayer(path, (lookup) => stsSend(config, lookup)) : null;

/** Null where nobody is told. A report is posted as policies are fetched. RFC 8460 §5.4 */
export const reporterOf = (config: Config, path: string | null) => {
  const contact = config.nextHop.tlsReports;
  if (contact === null) return null;
  return Layer.unwrap(Effect.map(Resolver, (resolver) => {
    const send = stsSend(config, (name, type) => Effect.runPromise(resolver.lookup(name, type)));
    return reporterLayer({
      hostname: config.hostname,
      contact,
      path,
      post: async (url, gzipped) => {
        const answer = await send({
          method: "POST",
          url,
          body: gzipped,
          contentType: "application/tlsrpt+gzip",
          accept: "*/*",
          maxBytes: 65_536,
          timeoutMs: 60_000,
          signal: new AbortController().signal,
        });
        return answer._tag === "Response" && answer.status >= 200 && answer.status < 300;
      },
    });
  }));
};

const stsSend = ({ discover }: Config, lookup: Lookup): HttpSend =>
  httpSend({
    guard: guardOf(lookup, discover.privateAddresses),
    ca: discover.ca,
    userAgent: `Postern/${VERSION} (MTA-STS, TLS reports; RFC 8461, RFC 8460)`,
  });
