/**
 * Part of the fourth stage: a transfer encoding for what may not leave as it is, lines over 998 octets in the
 * main, and names of parts in raw UTF-8. RFC 5322 §2.1.1, RFC 6409 §8.4, RFC 6532 §3
 *
 * Reads a body only if something is known to be wrong with it. Signed parts are not changed.
 */
import { Effect } from "effect";
import { isAscii } from "../address/domain.ts";
import { mendPart } from "../message/downgrade.ts";
import { BodyEncoder, encodedHeader, type PartHeader } from "../message/mime/mime_encode.ts";
import { composite, entityOf } from "../message/mime/mime_entity.ts";
import { type BodyFault, type BodyPlan, BodySurvey } from "../message/mime/mime_survey.ts";
import { unclear } from "../message/mime/part_header.ts";
import type { SpoolError } from "../ports/spool.ts";
import { badMessage, notEncodable } from "../reply/catalog.ts";
import { HeaderPolicy } from "./policy.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Completed, Stage } from "./submission.ts";
import type { Decision, Facts } from "./trail.ts";

const MAX_LINE = 998;

/**
 * Encodes the parts that need it. Refused with 554 5.6.3 where such a part is signed, encrypted or encoded
 * already, with 554 5.6.0 where a DKIM signature covers the body or the site says so.
 */
export const encodeBody: Stage<Completed, Completed, Refusal | SpoolError, HeaderPolicy> = (s) =>
  s.body.longestLine > MAX_LINE || s.body.eightBit || s.envelope.body === "BINARYMIME"
    ? Effect.flatMap(HeaderPolicy, ({ rules }) => {
      // binary content may have such lines, and the relay knows which hop takes it. RFC 3030 §3
      const binary = s.envelope.body === "BINARYMIME";
      const long = s.body.longestLine > MAX_LINE && !binary;
      const eightBit = (s.body.eightBit || binary) && rules.eightBitBody === "encode";
      // only what has parts has headers of parts
      const names = s.body.eightBit && !s.envelope.smtpUtf8 && rules.rawUtf8 === "fix" &&
        composite(entityOf(s.header.fields));
      if (!long && !eightBit && !names) return Effect.succeed(s);
      if (long && rules.longLines === "reject") {
        return refused(s, "HDR-27", badMessage("a body line is over 998 octets"), {
          longestLine: s.body.longestLine,
        });
      }
      return encode(s, { long, eightBit, names, binary: binary && !eightBit });
    })
    : Effect.succeed(s);

const refused = (s: Completed, rule: string, reply: Refusal["reply"], facts: Facts) =>
  Effect.fail(refusal(s.trail, "fix_headers", rule, reply, facts));

/** What is to be looked for. */
interface Task {
  readonly long: boolean;
  readonly eightBit: boolean;
  /** UTF-8 in headers of parts. */
  readonly names: boolean;
  /** Binary content stays what it is. */
  readonly binary: boolean;
}

/** What was signed, encrypted or forwarded stays octet by octet. RFC 1847 §2.1 */
const mendNames: PartHeader = (raw, { sealed, nested }) =>
  sealed || nested || isAscii(raw) || unclear(raw) ? raw : mendPart(raw);

const encode = Effect.fnUntraced(function* (
  s: Completed,
  { long, eightBit, names, binary }: Task,
): Effect.fn.Return<Completed, Refusal | SpoolError> {
  const facts = { longestLine: s.body.longestLine, eightBit: s.body.eightBit };
  if (s.fields.signatures > 0) {
    if (!long) return s;
    const reply = badMessage(
      "a body line is over 998 octets, and an encoding would break the DKIM signature",
    );
    return yield* refused(s, "MSA-8.0", reply, facts);
  }
  const root = entityOf(s.header.fields);
  const limits = { eightBit: !eightBit, binary };
  const survey = new BodySurvey(root, limits);
  const { stored } = s;
  if (stored === undefined) return s;
  yield* stored.each((chunk) => survey.push(chunk));
  const plan = survey.end();
  if (isFault(plan)) {
    // 8-bit text may stay as it is: it is only safer in 7-bit
    if (!long) return eightBit ? { ...s, trail: [...s.trail, left(plan, facts)] } : s;
    return yield* refused(s, "HDR-27", notEncodable(plan), { ...facts, problem: plan });
  }
  let named = 0;
  const mend: PartHeader = (raw, place) => {
    const made = mendNames(raw, place);
    if (made !== raw) named++;
    return made;
  };
  const mends = names && plan.eightBitHeader && !plan.misled;
  if (!plan.changes && !mends) return s;
  const encoder = new BodyEncoder(root, plan, mends ? mend : undefined);
  const body = yield* stored.replace({
    push: (chunk) => encoder.push(chunk),
    end: () => encoder.end(),
  });
  return {
    ...s,
    envelope: binary ? s.envelope : { ...s.envelope, body: body.eightBit ? "8BITMIME" : "7BIT" },
    body,
    header: plan.changes ? encodedHeader(s.header, root, plan) : s.header,
    trail: [
      ...s.trail,
      ...(plan.changes ? [changed(plan, facts)] : []),
      ...(named > 0 ? [mended(named)] : []),
    ],
  };
});

const isFault = (p: BodyPlan | BodyFault): p is BodyFault => typeof p === "string";

const changed = (plan: BodyPlan, facts: Facts): Decision => ({
  stage: "fix_headers",
  verdict: "changed",
  rule: "HDR-27",
  facts: {
    field: "body",
    ...facts,
    after: plan.fates.filter((f) => f !== "keep").join(", "),
    ...(plan.folds ? { folded: "headers of parts" } : {}),
  },
});

const mended = (parts: number): Decision => ({
  stage: "fix_headers",
  verdict: "changed",
  rule: "HDR-17",
  facts: { field: "headers of parts", problem: "hold 8-bit characters", parts },
});

const left = (fault: BodyFault, facts: Facts): Decision => ({
  stage: "fix_headers",
  verdict: "pass",
  rule: "HDR-27",
  facts: { field: "body", ...facts, left: fault },
});
