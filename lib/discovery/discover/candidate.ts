/** A server as one method names it, before the methods are merged. */
import type { Auth, Kind, Security } from "../service.ts";
import type { Attempt, ConfirmReason, Method, Source, Trust, Warning } from "./result.ts";

export interface Candidate {
  readonly kind: Kind;
  readonly tls: Security;
  readonly host: string;
  readonly port: number;
  readonly url: string | null;
  /** As the source writes it, with placeholders; null where it does not say. */
  readonly username: string | null;
  readonly auth: ReadonlyArray<Auth> | null;
  readonly source: Source;
  readonly trust: Trust;
  readonly confirm: ReadonlyArray<ConfirmReason>;
}

/**
 * How a method ended. `unknown`: something that should have answered did not, so that less trusted
 * methods may be a downgrade. docs/design/autodiscovery.md §9.5
 */
export interface MethodResult {
  readonly candidates: ReadonlyArray<Candidate>;
  readonly absent: ReadonlyArray<string>;
  readonly warnings: ReadonlyArray<Warning>;
  readonly provider: string | null;
  readonly unknown: "dns" | "http" | null;
}

export const NOTHING: MethodResult = {
  candidates: [],
  absent: [],
  warnings: [],
  provider: null,
  unknown: null,
};

export const together = (all: ReadonlyArray<MethodResult>): MethodResult => ({
  candidates: all.flatMap((r) => r.candidates),
  absent: all.flatMap((r) => r.absent),
  warnings: all.flatMap((r) => r.warnings),
  provider: all.find((r) => r.provider !== null)?.provider ?? null,
  unknown: all.some((r) => r.unknown === "dns")
    ? "dns"
    : all.some((r) => r.unknown === "http")
    ? "http"
    : null,
});

/** Records an attempt and notifies the observer. */
export class Log {
  readonly attempts: Array<Attempt> = [];
  readonly #now: () => number;
  readonly #tell: (a: Attempt) => void;

  constructor(now: () => number, tell: (a: Attempt) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  /** Starts the clock of an attempt; the function that it gives ends it. */
  begin(method: Method, target: string): (outcome: string, detail?: string | null) => void {
    const since = this.#now();
    return (outcome, detail = null) => {
      const ms = Math.round((this.#now() - since) * 10) / 10;
      const attempt = { method, target, ms, outcome, detail };
      this.attempts.push(attempt);
      this.#tell(attempt);
    };
  }
}
