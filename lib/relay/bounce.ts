/**
 * Makes the report on failed recipients a message of the spool. RFC 3461 §6, RFC 3464
 *
 * Never for a null return path: there is no bounce of a bounce. RFC 5321 §6.1
 */
import { Effect } from "effect";
import { asciiMailbox, printMailbox, printMailboxAscii } from "../address/mailbox.ts";
import { type FailureReport, writeFailureReport } from "../message/report.ts";
import { latin1 } from "../message/text.ts";
import { Ids } from "../ports/ids.ts";
import { hopKey, Routes } from "../ports/routes.ts";
import { type Delivery, type NewMessage, Spool, type SpoolError } from "../ports/spool.ts";

/** A header longer than this is cut behind its last whole field that fits. */
const MAX_HEADER = 65_536;

/** Header of a stored message, one char per octet, up to its empty line; null where it cannot be read. */
const headerOf = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  let head = "";
  for await (const chunk of chunks) {
    head += latin1(chunk.subarray(0, MAX_HEADER + 1 - head.length));
    const end = head.startsWith("\r\n") ? 0 : head.indexOf("\r\n\r\n") + 2;
    if (end !== 1) return head.slice(0, end);
    if (head.length > MAX_HEADER) break;
  }
  return wholeFields(head.slice(0, MAX_HEADER));
};

/** Up to the last line end that no continuation line follows. */
const wholeFields = (head: string): string => {
  let at = head.length;
  for (;;) {
    at = head.lastIndexOf("\r\n", at - 1);
    if (at < 0) return "";
    const next = head[at + 2];
    if (next !== undefined && next !== " " && next !== "\t") return head.slice(0, at + 2);
    if (at === 0) return "";
  }
};

/**
 * The bounce for `recipients` of `delivery`; null where none may be sent (null return path), or none
 * can (no route to the sender). Writes its body into a staging that belongs to the result.
 */
export const bounceFor: (
  delivery: Delivery,
  recipients: FailureReport["recipients"],
  hostname: string,
  now: number,
) => Effect.Effect<NewMessage | null, SpoolError, Spool | Routes | Ids> = Effect.fnUntraced(
  function* (delivery, recipients, hostname, now) {
    const to = delivery.envelope.returnPath;
    if (to === null || recipients.length === 0) return null;
    const spool = yield* Spool;
    const ids = yield* Ids;
    const route = yield* (yield* Routes).find(to);
    const address = asciiMailbox(to) ? printMailboxAscii(to) : printMailbox(to);
    if (route === null) {
      yield* Effect.logWarning("No route to the sender, failure is not reported", {
        message: delivery.message,
        sender: address,
      });
      return null;
    }
    const original = yield* spool.read(delivery.message).pipe(
      Effect.flatMap((chunks) => Effect.tryPromise(() => headerOf(chunks))),
      // the report matters more than what is attached to it
      Effect.catch(() => Effect.succeed(null)),
    );
    const report = writeFailureReport({
      hostname,
      to,
      unique: ids.messageIdLeft().replace(/[^0-9A-Za-z]/g, ""),
      now,
      arrivedAt: delivery.acceptedAt,
      recipients,
      original,
    });
    const size = report.head.length + report.body.length;
    const body = spool.stage();
    yield* Effect.tapError(body.write(report.body), () => Effect.sync(() => body.discard()));
    return {
      id: ids.queueId(),
      acceptedAt: now,
      account: null,
      session: null,
      envelope: {
        returnPath: null,
        recipients: [{ mailbox: to }],
        body: "7BIT",
        smtpUtf8: !asciiMailbox(to),
        declaredSize: size,
      },
      recipients: [{ address, hop: hopKey(route.hop) }],
      head: report.head,
      body,
      eightBit: false,
      trail: trailOf(delivery.message, route.pattern, hopKey(route.hop)),
    };
  },
);

/** In the form of `stages/trail.ts`, so that `queue show` explains a bounce as it explains a submission. */
const trailOf = (original: string, pattern: string, hop: string): string =>
  JSON.stringify([{
    stage: "resolve_mta",
    verdict: "pass",
    rule: "DSN-2",
    facts: { reportsOn: original, route: pattern, hop },
  }]);
