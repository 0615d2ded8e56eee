/** Signs the messages that Postern itself sends. RFC 6376 §5, RFC 3464 */
import { Effect, Option } from "effect";
import { isAscii, parseDomainName } from "../address/domain.ts";
import { prepend } from "../message/edit.ts";
import { type HeaderLimits, isFault, parseHeader } from "../message/header.ts";
import { printHeader } from "../message/write.ts";
import { Signer } from "../ports/signer.ts";

/** Our own header needs no bounds. */
const UNBOUNDED: HeaderLimits = {
  headerBytes: Infinity,
  headerFields: Infinity,
  addressesPerField: Infinity,
  receivedFields: Infinity,
};

/**
 * `head` with its empty line, signatures on top where there are keys for the domain of `hostname`. A report that
 * cannot be signed goes out without: a failure that is not told is the greater harm.
 */
export const signReport = Effect.fnUntraced(function* (
  head: string,
  body: Uint8Array,
  hostname: string,
  at: number,
): Effect.fn.Return<string> {
  const signer = Option.getOrNull(yield* Effect.serviceOption(Signer));
  const digest = signer?.digest() ?? null;
  const header = parseHeader(head.slice(0, -2), UNBOUNDED, true);
  if (signer === null || digest === null || isFault(header)) return head;
  digest.update(body);
  const domain = parseDomainName(hostname);
  const signatures = yield* signer.sign({
    header,
    authors: domain === null ? [] : [{ local: "mailer-daemon", domain }],
    returnPath: null,
    bodyHash: digest.end(),
    at,
    utf8: !isAscii(head),
  }).pipe(
    Effect.catchTag(
      "SigningFault",
      (e) => Effect.as(Effect.logError("a report leaves unsigned", { cause: e }), []),
    ),
  );
  return `${printHeader(prepend(header, ...signatures.map((s) => s.field)))}\r\n`;
});
