/** Detects a wildcard that answers for every label below `_tcp`: such an answer is about no service. RFC 4592, UN-3 */
import type { Srv } from "../../ports/dns.ts";
import type { Candidate, MethodResult } from "./candidate.ts";
import type { Run } from "./run.ts";

/** Who the wildcard is, and what it says; none where a label that nobody publishes has no records. */
export interface Shadow {
  readonly owner: string;
  readonly places: ReadonlySet<string>;
}

export const NO_SHADOW: Shadow = { owner: "", places: new Set() };

const placeOf = (r: Srv): string => `${r.target}:${r.port}`;

/** Asks for a meaningless label. A root target says "not offered", which may be said of all. SRV-5 */
export const shadowOf = async (run: Run): Promise<Shadow> => {
  const { domain } = run.subject;
  const owner = `_zz${run.ports.draw(10_000, 99_999)}._tcp.${domain}`;
  const answer = await run.ports.lookup(owner, "SRV");
  return answer._tag === "Found"
    ? { owner: `*._tcp.${domain}`, places: new Set(answer.records.map(placeOf)) }
    : NO_SHADOW;
};

/** Servers that may be there by the wildcard alone are listed, told, and asked about. */
export const shadowed = (r: MethodResult, shadow: Shadow): MethodResult => {
  const hit = (c: Candidate): boolean =>
    c.source.name !== undefined && shadow.places.has(`${c.host}:${c.port}`);
  const labels = [...new Set(r.candidates.filter(hit).flatMap((c) => c.source.name ?? []))];
  if (labels.length === 0) return r;
  return {
    ...r,
    candidates: r.candidates.map((c) => hit(c) ? { ...c, confirm: [...c.confirm, "wildcard"] } : c),
    warnings: [...r.warnings, {
      code: "wildcard-shadow",
      detail: `${shadow.owner} answers for every label, ${
        labels.join(", ")
      } among them: what it names need not offer that service`,
    }],
  };
};
