/**
 * Part of the fourth stage: a transfer encoding for parts that may not leave as they are, mainly lines over 998
 * octets. RFC 5322 §2.1.1, RFC 6409 §8.4
 *
 * Reads a body only if something is known to be wrong with it. Signed parts are not changed.
 */
import { Effect } from "effect";
import { BodyEncoder, encodedHeader } from "../message/mime/mime_encode.ts";
import { entityOf } from "../message/mime/mime_entity.ts";
import { type BodyFault, type BodyPlan, BodySurvey } from "../message/mime/mime_survey.ts";
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
      if (!long && !eightBit) return Effect.succeed(s);
      if (long && rules.longLines === "reject") {
        return refused(s, "HDR-27", badMessage("a body line is over 998 octets"), {
          longestLine: s.body.longestLine,
        });
      }
      return encode(s, long, eightBit);
    })
    : Effect.succeed(s);

const refused = (s: Completed, rule: string, reply: Refusal["reply"], facts: Facts) =>
  Effect.fail(refusal(s.trail, "fix_headers", rule, reply, facts));

const encode = Effect.fnUntraced(function* (
  s: Completed,
  long: boolean,
  eightBit: boolean,
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
  const limits = { eightBit: !eightBit, binary: false };
  const survey = new BodySurvey(root, limits);
  const { stored } = s;
  if (stored === undefined) return s;
  yield* stored.each((chunk) => survey.push(chunk));
  const plan = survey.end();
  if (isFault(plan)) {
    // 8-bit text may stay as it is: it is only safer in 7-bit
    if (!long) return { ...s, trail: [...s.trail, left(plan, facts)] };
    return yield* refused(s, "HDR-27", notEncodable(plan), { ...facts, problem: plan });
  }
  if (!plan.changes) return s;
  const encoder = new BodyEncoder(root, plan);
  const body = yield* stored.replace({
    push: (chunk) => encoder.push(chunk),
    end: () => encoder.end(),
  });
  return {
    ...s,
    envelope: { ...s.envelope, body: body.eightBit ? "8BITMIME" : "7BIT" },
    body,
    header: encodedHeader(s.header, root, plan),
    trail: [...s.trail, changed(plan, facts)],
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

const left = (fault: BodyFault, facts: Facts): Decision => ({
  stage: "fix_headers",
  verdict: "pass",
  rule: "HDR-27",
  facts: { field: "body", ...facts, left: fault },
});
