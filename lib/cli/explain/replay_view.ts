/** What would change, for people and for programs. Pure: prints nothing itself. */
import { isFault, parseHeader } from "../../message/header.ts";
import { decodeUtf8 } from "../../message/text.ts";
import type { SubmissionRecord } from "../../ports/records.ts";
import { safe } from "../explain_view.ts";
import { UNBOUNDED } from "./explanation_view.ts";
import { diffHeaders, renderDiff } from "./header_diff.ts";

export interface Outcome {
  /** `accepted`, or the reply of the refusal. */
  readonly reply: string;
  readonly rule: string | null;
  /** The header that leaves; null where it was refused. */
  readonly leaving: string | null;
}

export interface Change {
  readonly record: SubmissionRecord;
  readonly before: Outcome;
  readonly after: Outcome;
}

const text = (latin1: string | null): string | null =>
  latin1 === null ? null : decodeUtf8(latin1) ?? latin1;

const outcomeJson = (o: Outcome) => ({ reply: o.reply, rule: o.rule, header: text(o.leaving) });

export const changeJson = (c: Change) => ({
  id: c.record.id,
  at: new Date(c.record.at).toISOString(),
  account: c.record.account,
  before: outcomeJson(c.before),
  after: outcomeJson(c.after),
});

export const changeLines = (c: Change): ReadonlyArray<string> => [
  `${c.record.id}  ${new Date(c.record.at).toISOString()}  ${safe(c.record.account ?? "none")}`,
  ...(c.before.reply === c.after.reply
    ? []
    : [`  now   ${safe(c.before.reply)}`, `  then  ${safe(c.after.reply)}`]),
  ...headerLines(c),
];

const headerLines = ({ before, after }: Change): ReadonlyArray<string> => {
  if (before.leaving === null || after.leaving === null) return [];
  const a = parseHeader(before.leaving.slice(0, -2), UNBOUNDED, true);
  const b = parseHeader(after.leaving.slice(0, -2), UNBOUNDED, true);
  if (isFault(a) || isFault(b)) return [];
  return renderDiff(diffHeaders(a, b), { colour: false }).map((line) => `  ${line}`);
};
