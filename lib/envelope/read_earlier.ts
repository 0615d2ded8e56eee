/** Corrects the deadlines of an envelope that was read while the clock was ahead. Pure. */
import type { Envelope } from "./envelope.ts";

/** `HOLDFOR=` is an interval, `HOLDUNTIL=` a time of the calendar. RFC 4865 §5.1 */
const isInterval = (request: string): boolean => request.startsWith("for;");

/**
 * As it would be had MAIL been read `ms` earlier: what was counted from then, HOLDFOR and BY, ends so much earlier;
 * HOLDUNTIL keeps its time, and BY does not end before it. The same object where nothing changes.
 * RFC 4865 §3 (8), §5.1, RFC 2852 §4
 */
export const readEarlier = (envelope: Envelope, ms: number): Envelope => {
  const { hold, deliverBy } = envelope;
  const moves = hold !== undefined && isInterval(hold.request);
  if (!moves && deliverBy === undefined) return envelope;
  const until = moves ? hold.until - ms : hold?.until ?? -Infinity;
  return {
    ...envelope,
    ...moves ? { hold: { ...hold, until } } : {},
    ...deliverBy === undefined
      ? {}
      : { deliverBy: { ...deliverBy, deadline: Math.max(deliverBy.deadline - ms, until) } },
  };
};

/** Whether its sender named the time until which it is kept back. RFC 4865 §5.1 */
export const keepsItsTime = ({ hold }: Pick<Envelope, "hold">): boolean =>
  hold !== undefined && !isInterval(hold.request);
