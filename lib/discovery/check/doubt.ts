/** Distinguishes answers that the resolver rejects from those that it could not get. RFC 4035 §3.2.2, §5.5 */
import type { DnsAnswer, RecordType } from "../../ports/dns.ts";
import type { CheckPorts } from "./ports.ts";

export interface Doubted<T extends RecordType> {
  /** What the zone says. */
  readonly answer: DnsAnswer<T>;
  /** A validating resolver rejects it. */
  readonly bogus: boolean;
}

/** A resolver that is not trusted says SERVFAIL only: that it has an answer without the validation tells. */
export const doubted = async <T extends RecordType>(
  ports: Pick<CheckPorts, "lookup" | "lookupUnchecked">,
  name: string,
  type: T,
): Promise<Doubted<T>> => {
  const answer = await ports.lookup(name, type);
  if (answer._tag !== "Trouble" || (answer.kind !== "bogus" && answer.kind !== "servfail")) {
    return { answer, bogus: false };
  }
  const said = await ports.lookupUnchecked(name, type);
  return said._tag === "Trouble"
    ? { answer, bogus: answer.kind === "bogus" }
    : { answer: said, bogus: true };
};
