/** The findings of a check, as data. docs/design/autodiscovery.md §11.1 */
import type { ClientOutcome } from "./clients/profile.ts";

/** Version of the report as JSON; it grows when a field changes its meaning or goes. */
export const CHECK_VERSION = 1;

/**
 * `drift`: something else is there; `extra`: something beside the right thing; `pending`: right at the source and not
 * yet everywhere; `shadowed`: a wildcard answers in its place; `info`: to be known, and no fault.
 */
export type Status =
  | "pass"
  | "info"
  | "missing"
  | "drift"
  | "extra"
  | "conflict"
  | "shadowed"
  | "pending"
  | "unknown";

/** What each adds to the exit status: 0 right, 1 wrong, 2 not known. */
const WEIGHT: Readonly<Record<Status, 0 | 1 | 2>> = {
  pass: 0,
  info: 0,
  missing: 1,
  drift: 1,
  extra: 1,
  conflict: 1,
  shadowed: 1,
  pending: 1,
  unknown: 2,
};

/** The way from the model to a client, station by station. */
export type Station = "dns" | "http" | "connect" | "discover";

/** One thing that was looked at: what is expected, what was seen, and what to do. */
export interface Finding {
  readonly station: Station;
  /** Row of the model: `srv-imaps`, `http-pacc`. */
  readonly key: string;
  /** Name of a record, URL, or `host:port`. */
  readonly subject: string;
  readonly type: string;
  readonly status: Status;
  readonly expected: ReadonlyArray<string>;
  readonly found: ReadonlyArray<string>;
  /** What is wrong and where, in a sentence; empty where nothing is. */
  readonly detail: string;
  /** What to do about it, in a sentence; absent where nothing is to be done. */
  readonly remedy?: string;
}

/** All that a check has found, as plain JSON. */
export interface CheckReport {
  readonly version: typeof CHECK_VERSION;
  readonly domain: string;
  /** Name servers that were asked, with address and serial of the zone. */
  readonly servers: ReadonlyArray<{
    readonly zone: string;
    readonly name: string;
    readonly address: string;
    readonly serial: number | null;
  }>;
  readonly findings: ReadonlyArray<Finding>;
  readonly clients: ReadonlyArray<ClientOutcome>;
}

const STATIONS: ReadonlyArray<Station> = ["dns", "http", "connect", "discover"];

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

/** The same findings in the same order, whenever they came. */
export const sorted = (all: ReadonlyArray<Finding>): ReadonlyArray<Finding> =>
  [...all].sort((a, b) =>
    STATIONS.indexOf(a.station) - STATIONS.indexOf(b.station) || compare(a.key, b.key) ||
    compare(a.subject, b.subject) || compare(a.type, b.type)
  );

/** Exit status for a command: 0 all is right, 1 something is wrong, 2 something could not be looked at. */
export const exitStatus = (r: Pick<CheckReport, "findings">): 0 | 1 | 2 =>
  r.findings.reduce<0 | 1 | 2>(
    (worst, f) => WEIGHT[f.status] > worst ? WEIGHT[f.status] : worst,
    0,
  );

/** Names a finding across runs. */
export const identity = (f: Finding): string => `${f.station} ${f.key} ${f.subject} ${f.type}`;

export interface Change {
  readonly before: Finding | null;
  readonly now: Finding;
}

/** What has changed for the worse or the better since the last look. */
export const changes = (
  before: ReadonlyArray<Finding>,
  now: ReadonlyArray<Finding>,
): ReadonlyArray<Change> => {
  const known = new Map(before.map((f) => [identity(f), f]));
  return now.flatMap((f): ReadonlyArray<Change> => {
    const old = known.get(identity(f)) ?? null;
    return old?.status === f.status || (old === null && WEIGHT[f.status] === 0)
      ? []
      : [{ before: old, now: f }];
  });
};
