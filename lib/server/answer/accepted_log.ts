/** The lines of the log about a message that was accepted, and about one that is held: docs/log.md lists their keys. */
import { Effect } from "effect";
import { printMailbox } from "../../address/mailbox.ts";
import { items } from "../../stages/facts.ts";
import type { Signed } from "../../stages/submission.ts";

/** `handedOn`: the next hop has it, and no spool. */
export const tellAccepted = (
  s: Signed,
  handedOn: boolean,
): Effect.Effect<void> => {
  const { envelope, session, hold } = s;
  const accepted = Effect.logInfo("message accepted", {
    id: s.id,
    session: session.id,
    client: session.clientAddress,
    login: s.account.id,
    from: envelope.returnPath === null ? "<>" : printMailbox(envelope.returnPath),
    to: items(envelope.recipients, (r) => printMailbox(r.mailbox)),
    recipients: envelope.recipients.length,
    size: s.leaving.length + s.body.octets,
    message_id: s.messageId,
    due: envelope.hold === undefined ? null : new Date(envelope.hold.until),
    durability: handedOn ? "next hop" : s.replicated === true ? "replicated" : null,
  });
  return hold === undefined ? accepted : Effect.andThen(
    accepted,
    Effect.logInfo("message held", {
      id: s.id,
      session: session.id,
      login: s.account.id,
      reason: hold.reason,
      until: hold.until === null ? null : new Date(hold.until),
      then: hold.then,
    }),
  );
};
