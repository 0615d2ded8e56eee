/**
 * Last stage: DKIM signatures, and the header as octets. No later step can edit a message.
 *
 * RFC 6376 §5, RFC 7489 §3.1
 */
import { Effect } from "effect";
import { domainKey, isAscii } from "../address/domain.ts";
import type { Mailbox } from "../address/mailbox.ts";
import type { Header } from "../message/header.ts";
import { printHeader } from "../message/write.ts";
import { type DkimSignature, Signer } from "../ports/signer.ts";
import { CANNOT_SIGN } from "../reply/catalog.ts";
import { shown } from "./facts.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Routed, Signed, Stage } from "./submission.ts";
import type { Decision } from "./trail.ts";

/**
 * Signs for the domains of the authors, or of the return path, that have keys. Refused with 451 4.3.5 where a
 * message must be signed and cannot.
 */
export const sign: Stage<Routed, Signed, Refusal, Signer> = Effect.fnUntraced(
  function* (s: Routed) {
    const signer = yield* Signer;
    const { header, fields, body } = s;
    const signatures = yield* signer.sign({
      header,
      authors: fields.authors,
      returnPath: s.envelope.returnPath,
      bodyHash: body.relaxedHash ?? null,
      at: s.receivedAt,
      utf8: s.envelope.smtpUtf8 && !isAscii(printHeader(header)),
    }).pipe(Effect.catchTag("SigningFault", (e) => {
      const facts = { domain: shown(e.domain), problem: shown(e.reason) };
      return Effect.andThen(
        Effect.logError("a message cannot be signed", { id: s.id, ...facts }),
        Effect.fail(refusal(s.trail, "sign", "DKIM-11", CANNOT_SIGN, facts)),
      );
    }));
    return sealed(s, signatures);
  },
);

/** The header as octets; the signatures follow our own Received. RFC 6376 §5.6 */
const sealed = (s: Routed, signatures: ReadonlyArray<DkimSignature>): Signed => {
  const { header: _header, fields, ...rest } = s;
  return {
    ...rest,
    _tag: "Signed",
    messageId: fields.messageId,
    leaving: `${printHeader(withSignatures(s.header, signatures))}\r\n`,
    trail: signatures.length === 0
      ? s.trail
      : [...s.trail, told(signatures, fields.authors, s.envelope.returnPath)],
  };
};

const withSignatures = (h: Header, signatures: ReadonlyArray<DkimSignature>): Header => {
  if (signatures.length === 0) return h;
  const [received, ...others] = h.fields;
  const own = signatures.map((x) => x.field);
  return { fields: received === undefined ? own : [received, ...own, ...others] };
};

/** Whether DMARC will find something aligned: the signing domain at or above an author's, the return path's likewise. */
const told = (
  signatures: ReadonlyArray<DkimSignature>,
  authors: ReadonlyArray<Mailbox>,
  returnPath: Mailbox | null,
): Decision => {
  const aligned = (domain: string): boolean =>
    authors.some((a) => `.${domainKey(a.domain)}`.endsWith(`.${domain}`));
  return {
    stage: "sign",
    verdict: "changed",
    rule: "DKIM-8",
    facts: {
      field: "DKIM-Signature",
      signatures: signatures.map((x) => `${x.algorithm} ${x.selector}._domainkey.${x.domain}`),
      dkimAligned: signatures.some((x) => aligned(x.domain)),
      spfAligned: returnPath !== null && aligned(domainKey(returnPath.domain)),
    },
  };
};
