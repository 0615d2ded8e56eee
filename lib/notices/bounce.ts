/**
 * Turns the report on recipients into a message of the spool. RFC 3461 §6, RFC 3464
 *
 * Never for a null return path: there is no bounce of a bounce. RFC 5321 §6.1
 */
import { Effect } from "effect";
import { asciiMailbox, type Mailbox, printWire, same } from "../address/mailbox.ts";
import { writeReport } from "../message/report/report.ts";
import type { ReportedRecipient } from "../message/report/report_types.ts";
import { latin1 } from "../message/text.ts";
import { Ids } from "../ports/ids.ts";
import { hopKey, OWN_MAIL, Routes } from "../ports/routes.ts";
import { decodeXtext } from "../smtp/syntax/xtext.ts";
import { signReport } from "./sign_report.ts";
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

/** A message larger than this does not go along with its report. RFC 3461 §6.2 */
const MAX_CONTENT = 524_288;

/** The whole of a stored message; null where it is too large. */
const contentOf = async (chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array | null> => {
  const held: Array<Uint8Array> = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_CONTENT) return null;
    held.push(chunk);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of held) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
};

/**
 * Whether the sender wants all of the message back, and may have it: not what asked for TLS, whose report may go
 * without, nor what is no text. RFC 3461 §4.3, §6.2, RFC 8689 §5
 */
const wantsContent = (
  { envelope, size }: Pick<Delivery, "envelope" | "size">,
  recipients: ReadonlyArray<ReportedRecipient>,
): boolean =>
  envelope.ret === "FULL" && envelope.requireTls !== true && envelope.body !== "BINARYMIME" &&
  size <= MAX_CONTENT && recipients.some((r) => r.action === "failed");

/** What a report needs to know of a message in the spool. */
export type Reported = Pick<Delivery, "message" | "acceptedAt" | "envelope" | "size">;

/**
 * The report on `recipients` of `delivery`; null where none may be sent (null return path), or none
 * can (no route to the sender). Writes its body into a staging that belongs to the result. `copyTo` gets it too
 * where something failed.
 */
export const reportFor: (
  delivery: Reported,
  recipients: ReadonlyArray<ReportedRecipient>,
  hostname: string,
  now: number,
  copyTo?: Mailbox | null,
) => Effect.Effect<NewMessage | null, SpoolError, Spool | Routes | Ids> = Effect.fnUntraced(
  function* (delivery, recipients, hostname, now, copyTo = null) {
    const { envelope } = delivery;
    const to = envelope.returnPath;
    if (to === null || recipients.length === 0) return null;
    const spool = yield* Spool;
    const ids = yield* Ids;
    const route = yield* (yield* Routes).find(to, OWN_MAIL);
    const address = printWire(to);
    if (route === null) {
      yield* Effect.logWarning("No route to the sender, the outcome is not reported", {
        id: delivery.message,
        from: address,
      });
      return null;
    }
    const read = <A>(use: (chunks: AsyncIterable<Uint8Array>) => Promise<A>) =>
      spool.read(delivery.message).pipe(
        Effect.flatMap((chunks) => Effect.tryPromise(() => use(chunks))),
        // the report matters more than what is attached to it
        Effect.catch(() => Effect.succeed(null)),
      );
    const original = yield* read(headerOf);
    const content = wantsContent(delivery, recipients) ? yield* read(contentOf) : null;
    const report = writeReport({
      hostname,
      to,
      unique: ids.messageIdLeft().replace(/[^0-9A-Za-z]/g, ""),
      now,
      arrivedAt: delivery.acceptedAt,
      recipients,
      original,
      utf8: envelope.smtpUtf8,
      ...content === null ? {} : { content },
      ...envelope.envid === undefined ? {} : { envelopeId: decodeXtext(envelope.envid) },
      ...envelope.deliverBy === undefined ? {} : { deliverBy: envelope.deliverBy.deadline },
      ...envelope.hold === undefined ? {} : { held: envelope.hold.request },
    });
    const failed = recipients.some((r) => (r.action ?? "failed") === "failed");
    const copy = failed && copyTo !== null && !same(copyTo, to) ? yield* copyFor(copyTo) : NO_COPY;
    const head = yield* signReport(report.head, report.body, hostname, now);
    const size = head.length + report.body.length;
    const body = spool.stage();
    yield* Effect.tapError(body.write(report.body), () => Effect.sync(() => body.discard()));
    return {
      id: ids.queueId(),
      acceptedAt: now,
      account: null,
      session: null,
      envelope: {
        returnPath: null,
        // RFC 3461 §6.1
        recipients: [{ mailbox: to, notify: "NEVER" }, ...copy.envelope],
        body: report.eightBit ? "8BITMIME" : "7BIT",
        smtpUtf8: !asciiMailbox(to),
        declaredSize: size,
        // RFC 6710 §5, RFC 8689 §5
        ...envelope.priority === undefined ? {} : { priority: envelope.priority },
        ...envelope.requireTls === undefined ? {} : { requireTls: envelope.requireTls },
      },
      recipients: [{ address, hop: hopKey(route.hop) }, ...copy.recipients],
      head,
      body,
      eightBit: report.eightBit,
      trail: trailOf(delivery.message, route.pattern, hopKey(route.hop)),
    };
  },
);

/** One recipient more, or none. */
interface Copy {
  readonly envelope: NewMessage["envelope"]["recipients"];
  readonly recipients: NewMessage["recipients"];
}

const NO_COPY: Copy = { envelope: [], recipients: [] };

/** The very report goes to another address too. */
const copyFor = Effect.fnUntraced(
  function* (mailbox: Mailbox): Effect.fn.Return<Copy, never, Routes> {
    const route = yield* (yield* Routes).find(mailbox, OWN_MAIL);
    const address = printWire(mailbox);
    if (route === null) {
      yield* Effect.logWarning("No route to the address that gets copies of reports", { address });
      return NO_COPY;
    }
    return {
      envelope: [{ mailbox, notify: "NEVER" }],
      recipients: [{ address, hop: hopKey(route.hop) }],
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
