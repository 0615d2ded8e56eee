/** Who hears of events in a configuration; null where nobody wants to. */
import { Duration, type Layer } from "effect";
import type { EventSettings } from "../config/events.ts";
import type { Listeners, Outbox } from "../ports/outbox.ts";
import { eventLog } from "../relay/event_log.ts";
import { tellerLayer } from "../relay/teller.ts";
import { webhook } from "../relay/webhook.ts";

export interface Announcing {
  readonly listeners: Listeners;
  readonly teller: Layer.Layer<never, never, Outbox>;
}

export const announcingOf = (e: EventSettings): Announcing | null => {
  const all = [
    ...e.log === null ? [] : [eventLog(e.log)],
    ...e.webhook === null ? [] : [webhook(e.webhook)],
  ];
  return all.length === 0 ? null : {
    listeners: {
      names: all.map((l) => l.name),
      kinds: e.kinds,
      keepMs: Duration.toMillis(e.keep),
      most: e.most,
    },
    teller: tellerLayer(all),
  };
};
