/** An attempt at a next hop for people: the line below what the hop said. Pure. */
import { type Attempt, contactText } from "../../ports/attempt.ts";

const seconds = (ms: number): string =>
  ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(ms < 60_000 ? 1 : 0)} s`;

const tlsWords = ({ tls }: Attempt): string | null =>
  tls === undefined || tls === "clear" ? null : [tls.version, tls.cipher].join(" ").trim() +
    (tls.verified === null ? ", not verified" : `, verified by ${tls.verified}`);

/** Null: it says no more than is said already. `reply`: what stands above it. */
export const attemptWords = (
  a: Attempt | null | undefined,
  reply: string | null,
): string | null => {
  if (a === null || a === undefined) return null;
  // the host that the words are of is among those tried, where none could be used
  const { tried = [], host, address } = a;
  const others = tried.filter((t) => t.host !== host || t.address !== address || t.why !== reply);
  const parts = [
    ...a.ms === undefined ? ["not tried: it had just failed"] : [`took ${seconds(a.ms)}`],
    tlsWords(a),
    ...others.map((t) => `before: ${contactText(t)}: ${t.why}`),
  ];
  return parts.filter((p) => p !== null).join("; ");
};
