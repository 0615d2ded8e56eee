/** What every method of one run shares. */
import type { Log } from "./candidate.ts";
import type { DiscoverPorts } from "./ports.ts";
import type { Subject } from "./subject.ts";
import type { Method } from "./result.ts";

/** How far discovery may go, and for how long. Everything is optional. */
export interface DiscoverOptions {
  /** Methods that may be used; default: all but `ispdb`, `http` and `guess`. */
  readonly methods?: ReadonlyArray<Method>;
  /** Ranks autoconfig above SRV. */
  readonly preferAutoconfig?: boolean;
  /** Send the address to the provider, not only its domain. Off: the address stays private. */
  readonly sendAddress?: boolean;
  /** Also where something that should have answered did not. docs/design/autodiscovery.md §9.5 */
  readonly force?: boolean;
  /** Connect to what was found. */
  readonly probe?: boolean;
  /** Registrable domains that are agreed to beforehand. SEC-10 */
  readonly acceptDomains?: ReadonlyArray<string>;
  readonly acceptAll?: boolean;
  /** Services without TLS may be used. SEC-1 */
  readonly allowPlaintext?: boolean;
  /** Wait for every method, and ask also those that are not needed. */
  readonly all?: boolean;
  /** A configuration of the user's own, in the form of docs/design/autodiscovery.md §4. */
  readonly local?: string | Uint8Array | null;
  /** Bases of provider databases; only the domain is sent. */
  readonly ispdb?: ReadonlyArray<string>;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export const DEFAULT_METHODS: ReadonlyArray<Method> = [
  "local",
  "pacc",
  "srv",
  "autoconfig",
  "pox",
  "mx",
];

export const ISPDB: ReadonlyArray<string> = ["https://v1.ispdb.net/"];

export interface Run {
  readonly subject: Subject;
  readonly options: DiscoverOptions;
  readonly ports: DiscoverPorts;
  readonly log: Log;
  /** Ends everything: the caller's signal, or the deadline. */
  readonly signal: AbortSignal;
}
