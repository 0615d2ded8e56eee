/** How a command ends badly: a few plain lines and an exit status. */
import { Data } from "effect";
import type { TaggedErrorClass } from "../ports/tagged_error.ts";
import type { AccountsUnavailable } from "../ports/accounts.ts";
import type { SpoolError } from "../ports/spool.ts";
import { type Config, type ConfigError, printProblem } from "../config/config.ts";
import { plainFault } from "../config/values/fault.ts";

const FailureBase: TaggedErrorClass<"Failure"> = Data.TaggedError("Failure");

/** Exit status: 1 for refused or failed, 2 for wrong usage or configuration; more for commands that say so. */
export class Failure extends FailureBase<{
  readonly lines: ReadonlyArray<string>;
  readonly exitCode: 1 | 2 | 3 | 4 | 5;
}> {
  override get message(): string {
    return this.lines.join("\n");
  }
}

export const failed = (...lines: ReadonlyArray<string>): Failure =>
  new Failure({ lines, exitCode: 1 });

export const misused = (...lines: ReadonlyArray<string>): Failure =>
  new Failure({ lines, exitCode: 2 });

export const badConfig = (e: ConfigError): Failure => misused(...e.problems.map(printProblem));

/** What an error of the runtime says, without its stack. */
export const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? plainFault(cause) : String(cause);

export const noAccounts = (path: string) => (e: AccountsUnavailable): Failure =>
  failed(`accounts in ${path}: ${reasonOf(e.cause)}`);

export const noSpool = (path: string) => (e: SpoolError): Failure =>
  failed(`spool in ${path}: ${reasonOf(e.cause)}`);

/** Why the server could not start or go on. */
export const serverFailure = (config: Config) => (e: unknown): Failure => {
  if (e instanceof Failure) return e;
  const cause = e instanceof Error && "cause" in e ? e.cause : undefined;
  const said = e instanceof Error && e.message !== "" ? e.message : reasonOf(cause ?? e);
  const tag = typeof e === "object" && e !== null && "_tag" in e
    ? STORES[String(e._tag)]
    : undefined;
  return failed(tag === undefined ? said : `${tag} in ${config[tag].path}: ${said}`);
};

const STORES: Readonly<Record<string, "accounts" | "spool" | "records">> = {
  AccountsUnavailable: "accounts",
  SpoolFault: "spool",
  SpoolFull: "spool",
  RecordsFault: "records",
};
