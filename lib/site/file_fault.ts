/** A site's policy file that cannot be used: what is wrong, and where. */
import { Data } from "effect";
import type { TaggedErrorClass } from "../ports/tagged_error.ts";

/** One thing that is wrong with a policy file, and where. */
export interface FileProblem {
  /** Counted from 1; null where it cannot be told. */
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

const PolicyFileFaultBase: TaggedErrorClass<"PolicyFileFault"> = Data.TaggedError(
  "PolicyFileFault",
);

/** The site's policy file cannot be used, with everything that is wrong with it. */
export class PolicyFileFault extends PolicyFileFaultBase<{
  readonly file: string;
  readonly problems: ReadonlyArray<FileProblem>;
}> {
  /** `file:line:column: what is wrong`, a line each. */
  override get message(): string {
    return this.problems.map((p) => `${this.file}${place(p)}: ${p.message}`).join("\n");
  }
}

const place = ({ line, column }: FileProblem): string =>
  line === null ? "" : column === null ? `:${line}` : `:${line}:${column}`;

/** `file:///x/site.ts:7:12`, as the runtime names a place. */
const PLACE = /\(?(file:[^\s()]*?):(\d+):(\d+)\)?/;

/** From what the runtime says of a module that it cannot load or run. */
export const problemOf = (said: string): FileProblem => {
  const found = PLACE.exec(said);
  const lines = said.split("\n").map((l) => l.trim()).filter((l) => l !== "");
  const message = (lines[0] ?? "cannot be loaded").replace(/^Uncaught (\(in promise\) )?/, "")
    .slice(0, 400);
  return {
    line: found === null ? null : Number(found[2]),
    column: found === null ? null : Number(found[3]),
    message,
  };
};
