/** Turns the notice about a held message into a message of the spool, to the owner's address. */
import { Effect } from "effect";
import { asciiMailbox, printMailbox, printWire } from "../../address/mailbox.ts";
import { writeHoldNotice } from "../../message/report/hold_notice.ts";
import { encodeUtf8 } from "../../message/text.ts";
import { Ids } from "../../ports/ids.ts";
import { hopKey, OWN_MAIL, Routes } from "../../ports/routes.ts";
import { type NewMessage, Spool, type SpoolError } from "../../ports/spool.ts";
import type { Hold } from "../../ports/hold.ts";
import { signReport } from "../../notices/sign_report.ts";
import type { Signed } from "../../stages/submission.ts";
import { trailRecord } from "../../stages/stored_trail.ts";

/** Null where there is no route to the owner; that is told in the log. */
export const holdNotice: (
  s: Signed,
  hold: Hold,
  token: string,
) => Effect.Effect<NewMessage | null, SpoolError, Spool | Routes | Ids> = Effect.fnUntraced(
  function* (s, hold, token) {
    const ids = yield* Ids;
    const to = s.account.primary;
    const route = yield* (yield* Routes).find(to, OWN_MAIL);
    if (route === null) {
      yield* Effect.logWarning("no route to the owner of a held message, who gets no notice", {
        id: s.id,
      });
      return null;
    }
    const written = writeHoldNotice({
      hostname: s.hostname,
      to,
      unique: ids.messageIdLeft().replace(/[^0-9A-Za-z]/g, ""),
      now: s.receivedAt,
      id: s.id,
      reason: hold.reason,
      until: hold.until,
      then: hold.then,
      recipients: s.envelope.recipients.map((r) => printMailbox(r.mailbox)),
      token,
    });
    const octets = new TextEncoder().encode(written.body);
    const head = yield* signReport(encodeUtf8(written.head), octets, s.hostname, s.receivedAt);
    const body = (yield* Spool).stage();
    yield* Effect.tapError(body.write(octets), () => Effect.sync(() => body.discard()));
    return {
      id: ids.queueId(),
      acceptedAt: s.receivedAt,
      account: null,
      session: null,
      envelope: {
        returnPath: null,
        recipients: [{ mailbox: to }],
        body: "7BIT",
        smtpUtf8: !asciiMailbox(to),
        declaredSize: null,
      },
      recipients: [{
        address: printWire(to),
        hop: hopKey(route.hop),
      }],
      head,
      body,
      eightBit: false,
      trail: trailRecord([{
        stage: "hold",
        verdict: "pass",
        rule: "hold.notice",
        facts: { about: s.id },
      }]),
    };
  },
);
