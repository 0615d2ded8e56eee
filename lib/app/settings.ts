/** From sections of the configuration to the settings of the services that they are about. */
import { Duration, Layer } from "effect";
import type { Config, DnsSettings, QueueSettings } from "../config/config.ts";
import { signerLayer } from "../dkim/signer.ts";
import type { ResolverSettings } from "../dns/resolver.ts";
import type { Resolver } from "../ports/resolver.ts";
import { noSigner, type Signer, type SigningFault } from "../ports/signer.ts";
import type { RetryCurve } from "../relay/retry.ts";

const ms = Duration.toMillis;

export const retryCurveOf = (queue: QueueSettings): RetryCurve => {
  const [first, ...more] = queue.retry;
  const delays = [first, ...more].map(ms);
  return {
    first: delays.slice(0, -1),
    then: delays.at(-1) ?? ms(first),
    jitter: queue.jitter,
    lifetime: ms(queue.expire),
    nullLifetime: ms(queue.expireNull),
    warnAfter: queue.warn === null ? null : ms(queue.warn),
  };
};

export const resolverSettings = (dns: DnsSettings): ResolverSettings => ({
  servers: dns.servers,
  timeoutMs: ms(dns.timeout),
  attempts: dns.attempts,
  trust: dns.trust,
  ca: dns.ca,
});

/** `watching`: new keys are activated once DNS serves them. */
export const signerOf = (
  config: Config,
  watching: boolean,
): Layer.Layer<Signer, SigningFault, Resolver> => {
  const { keys, mustSign, expire, check } = config.dkim;
  return keys === null
    ? noSigner
    : Layer.fresh(signerLayer({ keys, mustSign, expire, check: watching ? check : null }));
};
