/** When the next attempt is made, and when a message is given up. RFC 5321 §4.5.4.1 */

/** All in milliseconds. */
export interface RetryCurve {
  /** Delay after the first failure, after the second, ... */
  readonly first: ReadonlyArray<number>;
  /** Delay after every later one. */
  readonly then: number;
  /** Share by which a delay varies, so that a crowd does not come back at once: 0.1 is +/-10 %. */
  readonly jitter: number;
  /** How long a message is tried. */
  readonly lifetime: number;
  /** The same for the null return path, whose sender would not learn of a failure. */
  readonly nullLifetime: number;
  /** After this time the sender is told once that it takes long; null: never. RFC 3461 §4.1 */
  readonly warnAfter: number | null;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** At once, +30 min, +60 min, then every 2 h; five days, one for the null return path. */
export const STANDARD_CURVE: RetryCurve = {
  first: [30 * MINUTE, 60 * MINUTE],
  then: 120 * MINUTE,
  jitter: 0.1,
  lifetime: 5 * DAY,
  nullLifetime: DAY,
  warnAfter: 240 * MINUTE,
};

/** When a message is given up. RFC 5321 §4.5.4.1 */
export const expiry = (acceptedAt: number, nullPath: boolean, curve: RetryCurve): number =>
  acceptedAt + (nullPath ? curve.nullLifetime : curve.lifetime);

/**
 * The time of the next attempt in ms, or null where the message has expired.
 *
 * `attempts` were made, this one included; `random` is in [0, 1). The last attempt falls on the
 * expiry itself rather than up to one delay behind it.
 */
export const nextAttempt = (
  attempts: number,
  expiresAt: number,
  now: number,
  random: number,
  curve: RetryCurve,
): number | null => {
  if (now >= expiresAt) return null;
  const delay = curve.first[Math.max(attempts, 1) - 1] ?? curve.then;
  const jittered = delay * (1 + curve.jitter * (2 * random - 1));
  return Math.min(Math.round(now + jittered), expiresAt);
};

/** Between attempts that are made although the time of a message is over: after the first, after the second, ... */
const EXTRA = [MINUTE, 10 * MINUTE, 50 * MINUTE] as const;

/** How many attempts the curve makes within `lifetime`, counted up to `most`. */
const attemptsWithin = (lifetime: number, curve: RetryCurve, most: number): number => {
  let n = 1;
  for (let at = 0; n < most; n++) {
    at += curve.first[n - 1] ?? curve.then;
    if (at > lifetime) break;
  }
  return n;
};

/**
 * The next attempt for a message whose time is over, or null where it is given up. That it is not while `grace` lasts,
 * in which attempts get rare, nor before it had a few attempts, as many as its time was long enough for.
 */
export const extraAttempt = (
  attempts: number,
  lifetime: number,
  now: number,
  grace: number | null,
  curve: RetryCurve,
): number | null => {
  if (grace !== null) return now + Math.max(MINUTE, grace);
  return attempts < attemptsWithin(lifetime, curve, EXTRA.length + 1)
    ? now + (EXTRA[attempts - 1] ?? MINUTE)
    : null;
};

/** Beyond this no retry lies ahead. */
export const longestDelay = ({ first, then, jitter }: RetryCurve): number =>
  Math.max(then, ...first) * (1 + jitter) + MINUTE;
