/** The listeners for events of a configuration; null where there are none. */
import { Duration, type Layer } from "effect";
import { printMailbox, printMailboxAscii } from "../address/mailbox.ts";
import type { EventSettings } from "../config/config.ts";
import type { Listeners, NewEvent, Outbox } from "../ports/outbox.ts";
import { hopKey } from "../ports/routes.ts";
import { eventLog } from "../events/event_log.ts";
import { eventDispatcherLayer } from "../events/event_dispatcher.ts";
import { webhook } from "../events/webhook.ts";
import type { TakenBy } from "../server/answer/pass_through_submit.ts";
import type { Signed } from "../stages/submission.ts";

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
    teller: eventDispatcherLayer(all),
  };
};

/** Of what `by` took while the client waited, and no spool has seen. */
export const passedEvents = (s: Signed, by: TakenBy): ReadonlyArray<NewEvent> => [
  {
    event: "accepted",
    message: s.id,
    account: s.account.id,
    returnPath: s.envelope.returnPath === null ? null : printMailbox(s.envelope.returnPath),
    recipients: s.envelope.recipients.map((r) => printMailbox(r.mailbox)),
    durability: "next hop",
  },
  ...s.routed.map(({ mailbox, route }): NewEvent => ({
    event: "delivered",
    message: s.id,
    recipient: printMailboxAscii(mailbox),
    hop: hopKey(route.hop),
    remote: by.remote,
    expired: false,
    status: by.reply.status,
    reply: by.reply.text,
    attempts: 1,
    next: null,
  })),
];
