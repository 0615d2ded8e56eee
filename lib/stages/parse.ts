/** First stage: is there a message, and what does its header say? RFC 6409 §4.2, §5.1, §6.3 */
import { Effect } from "effect";
import { type HeaderFault, isFault, parseHeader, printFault } from "../message/header.ts";
import { parseFields } from "../message/parse.ts";
import { badMessage, LOOP, NO_MESSAGE } from "../reply/catalog.ts";
import { items, shown } from "./facts.ts";
import { HeaderPolicy } from "./policy.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { Parsed, Received, Stage } from "./submission.ts";

/**
 * Reads the header. Refuses what has none (554 5.6.0), what is not in the grammar or over the limits
 * (554 5.6.0, naming the field), and loops (554 5.4.6). Changes nothing.
 */
export const parse: Stage<Received, Parsed, Refusal, HeaderPolicy> = Effect.fnUntraced(
  function* (s: Received) {
    const { limits, rules } = yield* HeaderPolicy;
    if (s.head === "" && !s.hasBody) {
      return yield* refusal(s.trail, "parse", "HDR-28", NO_MESSAGE);
    }
    const utf8 = s.envelope.smtpUtf8 || rules.rawUtf8 === "fix";
    const header = parseHeader(s.head, limits, utf8);
    if (isFault(header)) return yield* faulty(s, header);
    const fields = parseFields(header, limits, s.hostname, {
      absentFrom: rules.from === "fix",
      duplicates: rules.duplicates === "fix",
      domains: rules.domains,
    });
    if (isFault(fields)) return yield* faulty(s, fields);
    if (fields.received > limits.receivedFields) {
      return yield* refusal(s.trail, "parse", "TRC-8", LOOP, { received: fields.received });
    }
    const facts = {
      fields: header.fields.length,
      octets: s.head.length + s.body.octets,
      messageId: fields.messageId === null ? null : shown(fields.messageId),
      from: items(fields.authors, (m) => shown(`${m.local}@${m.domain.text}`)),
    };
    return {
      ...s,
      _tag: "Parsed" as const,
      header,
      fields,
      trail: [...s.trail, { stage: "parse", verdict: "pass", rule: "HDR-1", facts }],
    };
  },
);

const faulty = (s: Received, fault: HeaderFault): Refusal =>
  refusal(s.trail, "parse", fault.rule, badMessage(printFault(fault)), {
    field: fault.field,
    problem: fault.problem,
  });
