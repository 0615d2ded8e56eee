/** Adds our Received field, on top of all. RFC 5321 §4.4 */
import { prepend } from "../../message/edit.ts";
import { unfolded } from "../../message/header.ts";
import { makeReceived } from "../../message/received.ts";
import { shown } from "../facts.ts";
import { type Draft, type Mend, note } from "./draft.ts";

/** What an abuse report is answered with. */
const sealed = ({ s, seal }: Draft): string | null =>
  seal === null ? null : seal(JSON.stringify({
    id: s.id,
    at: s.receivedAt,
    account: s.account.id,
    address: s.session.clientAddress,
    port: s.session.clientPort,
    helo: s.session.helo,
  }));

export const addReceived: Mend = (d) => {
  const { s } = d;
  const [recipient, ...others] = s.envelope.recipients;
  const field = makeReceived({
    mode: d.rules.received,
    token: d.rules.received === "sealed" ? sealed(d) : null,
    session: s.session,
    hostname: s.hostname,
    id: s.id,
    authenticated: s.login !== null,
    utf8: s.envelope.smtpUtf8,
    onlyRecipient: others.length === 0 ? recipient?.mailbox ?? null : null,
    date: d.now,
    ...s.envelope.priority === undefined ? {} : { priority: s.envelope.priority },
  });
  d.header = prepend(d.header, field);
  return note(d, "changed", "TRC-1", {
    field: "Received",
    mode: d.rules.received,
    after: shown(unfolded(field)),
  });
};
