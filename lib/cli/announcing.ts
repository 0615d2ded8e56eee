/** The announcer of a configuration; null where nobody wants to hear of events. */
import { Effect } from "effect";
import { printMailbox, printMailboxAscii } from "../address/mailbox.ts";
import type { EventSettings } from "../config/events.ts";
import { hopKey } from "../ports/routes.ts";
import { Announcer } from "../relay/announcer.ts";
import { EventLog } from "../relay/event_log.ts";
import { Webhook, webhookWorld } from "../relay/webhook.ts";
import type { TakenBy } from "../server/pass_on.ts";
import type { Signed } from "../stages/submission.ts";

/** `run` starts an effect in the background: log lines. */
export const announcerOf = (
  { webhook, log, kinds }: EventSettings,
  run: (effect: Effect.Effect<void>) => void,
): Announcer | null => {
  const sinks = [
    ...log === null ? [] : [
      new EventLog(
        log,
        (cause) => run(Effect.logError("The log of events cannot be written", { log, cause })),
      ),
    ],
    ...webhook === null ? [] : [
      new Webhook(
        webhook,
        webhookWorld((message, fields) => run(Effect.logWarning(message, fields))),
      ),
    ],
  ];
  return sinks.length === 0 ? null : new Announcer(sinks, kinds);
};

/** `by`: the next hop that took it while the client waited, so that it is delivered already. */
export const tellAccepted = (announcer: Announcer, s: Signed, by: TakenBy | null): void => {
  announcer.accepted({
    message: s.id,
    at: s.receivedAt,
    account: s.account.id,
    returnPath: s.envelope.returnPath === null ? null : printMailbox(s.envelope.returnPath),
    recipients: s.envelope.recipients.map((r) => printMailbox(r.mailbox)),
    durability: by === null ? "spool" : "next hop",
  });
  if (by === null) return;
  announcer.outcomes(s.routed.map(({ mailbox, route }) => ({
    message: s.id,
    recipient: printMailboxAscii(mailbox),
    hop: hopKey(route.hop),
    remote: by.remote,
    result: "delivered",
    status: by.reply.status,
    reply: by.reply.text,
    attempts: 1,
    until: null,
    age: Date.now() - s.receivedAt,
  })));
};
