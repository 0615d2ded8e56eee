/** Our zones are unsigned: if the parent holds a DS for one, validating resolvers treat all of it as bogus. NS-23 */
import { within } from "../offer.ts";
import type { CheckPorts } from "./ports.ts";
import type { Finding } from "./report.ts";

/** `zones`: those that our name server answers for. Resolvers ask the parent for a DS. RFC 4035 §3.1.4.1 */
export const checkDelegated = (
  domain: string,
  zones: ReadonlyArray<string>,
  { lookup }: Pick<CheckPorts, "lookup">,
): Promise<ReadonlyArray<Finding>> =>
  Promise.all(
    zones.filter((z) => within(z, domain)).map(async (zone): Promise<Finding> => {
      const answer = await lookup(zone, "DS");
      const found = answer._tag === "Found"
        ? answer.records.map((r) => `${r.keyTag} ${r.algorithm} ${r.digestType} ${r.digest}`)
        : [];
      const unknown = answer._tag === "Trouble";
      return {
        station: "dns",
        key: "delegation-ds",
        subject: zone,
        type: "DS",
        status: unknown ? "unknown" : found.length > 0 ? "conflict" : "pass",
        expected: [],
        found,
        detail: unknown
          ? answer.reason
          : found.length > 0
          ? "the zone is unsigned, so that resolvers which validate see none of it: " +
            "the parent must hold no DS"
          : "",
      };
    }),
  );
