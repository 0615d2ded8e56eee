/** The retry curve of a configuration. */
import { Duration } from "effect";
import type { QueueSettings } from "../config/config.ts";
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
