/** A header under repair, and the marks that repairs leave on it. */
import type { Header } from "../../message/header.ts";
import { badMessage, signedField } from "../../reply/catalog.ts";
import type { Reply } from "../../reply/reply.ts";
import type { HeaderRules, Repair } from "../policy.ts";
import type { Authorized } from "../submission.ts";
import type { Decision, Facts } from "../trail.ts";

/** Works on `header` and notes what it did; lives within one run of the stage. */
export interface Draft {
  readonly s: Authorized;
  readonly rules: HeaderRules;
  /** The time of this submission in current syntax. */
  readonly now: string;
  /** Left side of a new Message-ID. */
  readonly newId: () => string;
  readonly seal: ((text: string) => string) | null;
  header: Header;
  readonly decisions: Array<Decision>;
}

/** Why a message cannot be put right. */
export interface Stop {
  readonly rule: string;
  readonly reply: Reply;
  readonly facts: Facts;
}

/** One repair; null: go on, else the message is refused. */
export type Mend = (d: Draft) => Stop | null;

/** Marks what was done, or left alone. */
export const note = (d: Draft, verdict: "pass" | "changed", rule: string, facts: Facts): null => {
  d.decisions.push({ stage: "fix_headers", verdict, rule, facts });
  return null;
};

/** What is wrong, and whether it must be put right before the message may leave. */
export interface Fault {
  readonly rule: string;
  /** The field as it is called in replies. */
  readonly field: string;
  readonly setting: Repair;
  /** What is wrong, in our own words. */
  readonly problem: string;
  /** False: the message may leave with it, so that a signature over the field wins. RFC 6409 §8 */
  readonly mandatory: boolean;
  readonly before: Facts;
}

/**
 * Decides on a fault: `fix` runs where the setting says so and no DKIM signature covers the field; an optional
 * repair of a covered field is left out, a mandatory one becomes a refusal (554 5.6.0). RFC 6409 §8
 *
 * @param fix changes the draft and returns the facts that show the change
 */
export const mend = (d: Draft, fault: Fault, fix: () => Facts): Stop | null => {
  const { rule, field, before } = fault;
  const facts = { field, problem: fault.problem, ...before };
  if (fault.setting === "off") return note(d, "pass", rule, { ...facts, setting: "off" });
  if (fault.setting === "reject") {
    return { rule, reply: badMessage(`${field} field: ${fault.problem}`), facts };
  }
  if (d.s.fields.signed.has(field.toLowerCase())) {
    return fault.mandatory
      ? { rule: "MSA-8.0", reply: signedField(field), facts }
      : note(d, "pass", "MSA-8.0", { ...facts, left: "a DKIM signature covers it" });
  }
  return note(d, "changed", rule, { ...facts, ...fix() });
};
