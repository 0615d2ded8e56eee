/** From the configuration to what the relay is told. */
import { Duration } from "effect";
import type { Config } from "../config/config.ts";
import {
  accessOf,
  type RelaySettings,
  relaySettings,
  STANDARD_PATIENCE,
} from "../relay/settings.ts";

const ms = Duration.toMillis;

export const relaySettingsOf = (config: Config, yields: () => boolean): RelaySettings => {
  const { queue } = config;
  const [first, ...more] = queue.retry;
  const delays = [first, ...more].map(ms);
  return {
    ...relaySettings(config.hostname),
    access: accessOf(config.routes),
    yields,
    connectionsPerHop: queue.connectionsPerHop,
    maxConnections: queue.connections,
    messagesPerConnection: queue.messagesPerConnection,
    retry: {
      first: delays.slice(0, -1),
      then: delays.at(-1) ?? ms(first),
      jitter: queue.jitter,
      lifetime: ms(queue.expire),
      nullLifetime: ms(queue.expireNull),
    },
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
