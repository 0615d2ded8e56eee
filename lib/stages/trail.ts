/** The trail: what each stage decided and why. `explain`, the log and the stored record are all derived from it. */

export type StageName =
  | "parse"
  | "authenticate"
  | "enforce_rights"
  | "fix_headers"
  | "add_sender"
  | "filter"
  | "site_policy"
  | "hold"
  | "resolve_mta"
  | "preflight"
  | "sign"
  | "submit";

/** A fact of a decision, short enough to be kept and safe to print. */
export type FactValue = string | number | boolean | null | ReadonlyArray<string>;

/** The facts that a decision rests on, by name. */
export type Facts = Readonly<Record<string, FactValue>>;

/** What one stage decided, and why. */
export interface Decision {
  readonly stage: StageName;
  /** `pass`: looked and left alone; `changed`: edited the message; `held`: kept back; `refused`: ends here. */
  readonly verdict: "pass" | "changed" | "held" | "refused";
  /** Short stable name of the rule, such as `date.absent` or `SND-07`; a row of docs/design/requirements.md where there is one. */
  readonly rule: string;
  readonly facts: Facts;
}

/** All decisions about a submission in order: what explain, log and record are made from. */
export type Trail = ReadonlyArray<Decision>;
