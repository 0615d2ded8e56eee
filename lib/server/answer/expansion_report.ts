/** The report that a recipient was expanded to several. RFC 3461 §5.2.7.4 */
import { Effect } from "effect";
import { printMailbox, printMailboxAscii } from "../../address/mailbox.ts";
import type { Ids } from "../../ports/ids.ts";
import type { Routes } from "../../ports/routes.ts";
import type { NewMessage, Spool, SpoolError } from "../../ports/spool.ts";
import { reportFor } from "../../notices/bounce.ts";
import { decodedOrcpt } from "../../relay/record/reportable.ts";
import type { Signed } from "../../stages/submission.ts";
import { storeNotice } from "./store_notice.ts";

/** Null where nobody asked for it, or nobody can be told. */
const expansionReport = (
  s: Signed,
): Effect.Effect<NewMessage | null, SpoolError, Spool | Routes | Ids> => {
  const { expanded = [] } = s.envelope;
  const recipients = expanded.map(({ mailbox, orcpt }) => ({
    address: s.envelope.smtpUtf8 ? printMailbox(mailbox) : printMailboxAscii(mailbox),
    action: "expanded" as const,
    status: "2.0.0",
    reply: "Expanded to several addresses, to all of which the message goes",
    remote: null,
    ...orcpt === undefined ? {} : { orcpt: decodedOrcpt(orcpt) },
  }));
  const message = { message: s.id, acceptedAt: s.receivedAt, envelope: s.envelope, size: Infinity };
  return reportFor(message, recipients, s.hostname, s.receivedAt);
};

/** Tells the sender, where that was asked for. */
export const tellExpanded = (s: Signed): Effect.Effect<void, never, Spool | Routes | Ids> =>
  s.envelope.expanded === undefined
    ? Effect.void
    : storeNotice(expansionReport(s), "the sender gets no report of an alias", s.id);
