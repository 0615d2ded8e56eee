/**
 * The order in which the targets of an SRV record set are tried. RFC 2782, HOP-07
 *
 * The draw is uniform over 0..sum inclusive, as the RFC words it, on entries that were shuffled before: without the
 * shuffle two of equal weight are drawn 67 to 33, and two of weight 0 always in the order of the answer. SRV-2,
 * SRV-3
 */

export interface SrvData {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** A name without trailing dot; `.` for the root: not offered. */
  readonly target: string;
}

/** A whole number from `low` to `high`, both included, each equally likely. */
export type Draw = (low: number, high: number) => number;

/** What is odd about a set of SRV records: a root target beside others (RFC 2782), or port 0. */
export type SrvWarning = "srv-root-mixed" | "srv-port-zero";

/** SRV records in the order in which they are to be tried, and what is odd about them. RFC 2782 */
export interface SrvOrder<R extends SrvData> {
  /** There are records, and each says: not offered. RFC 2782, RFC 6186 §3.4 */
  readonly absent: boolean;
  readonly targets: ReadonlyArray<R>;
  readonly warnings: ReadonlyArray<SrvWarning>;
}

/** Keeps more of one record than its owner wrote out of the way: what a hostile zone may list. */
const MAX_RECORDS = 64;

const isRoot = (r: SrvData): boolean => r.target === "." || r.target === "";

/** Root targets beside others and port 0 are mistakes of the publisher and left out. SRV-5, SRV-6, SRV-11 */
export const orderSrv = <R extends SrvData>(records: ReadonlyArray<R>, draw: Draw): SrvOrder<R> => {
  const named = records.filter((r) => !isRoot(r));
  if (named.length === 0) return { absent: records.length > 0, targets: [], warnings: [] };
  const usable = named.filter((r) => r.port !== 0).slice(0, MAX_RECORDS);
  const warnings: Array<SrvWarning> = [];
  if (named.length < records.length) warnings.push("srv-root-mixed");
  if (named.some((r) => r.port === 0)) warnings.push("srv-port-zero");
  const priorities = [...new Set(usable.map((r) => r.priority))].sort((a, b) => a - b);
  const targets = priorities.flatMap((p) =>
    byWeight(zerosFirst(shuffled(usable.filter((r) => r.priority === p), draw)), draw)
  );
  return { absent: false, targets, warnings };
};

const zerosFirst = <R extends SrvData>(pool: ReadonlyArray<R>): ReadonlyArray<R> => [
  ...pool.filter((r) => r.weight === 0),
  ...pool.filter((r) => r.weight !== 0),
];

/** Draws one after the other until none is left. RFC 2782 */
export const byWeight = <R extends Pick<SrvData, "weight">>(
  entries: ReadonlyArray<R>,
  draw: Draw,
): ReadonlyArray<R> => {
  const pool = [...entries];
  const out: Array<R> = [];
  while (pool.length > 0) {
    const mark = draw(0, pool.reduce((sum, r) => sum + r.weight, 0));
    let running = 0;
    const at = pool.findIndex((r) => (running += r.weight) >= mark);
    out.push(...pool.splice(Math.max(at, 0), 1));
  }
  return out;
};

/** Fisher and Yates. */
const shuffled = <A>(entries: ReadonlyArray<A>, draw: Draw): ReadonlyArray<A> => {
  const out = [...entries];
  for (let i = out.length - 1; i > 0; i--) {
    const j = draw(0, i);
    const [a, b] = [out[i], out[j]];
    if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
  }
  return out;
};

/** The draw of ordinary use: from the system's source, rejecting the end that would favour low numbers. */
export const randomDraw: Draw = (low, high): number => {
  const span = high - low + 1;
  const limit = Math.floor(0x1_0000_0000 / span) * span;
  const one = new Uint32Array(1);
  for (;;) {
    const [n = 0] = crypto.getRandomValues(one);
    if (n < limit) return low + n % span;
  }
};
