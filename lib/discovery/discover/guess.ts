/** Names that mail hosts often have; the last resort, and only under TLS. docs/design/autodiscovery.md §9.7 */
import type { Kind, Security } from "../service.ts";
import { type Candidate, type MethodResult, NOTHING, together } from "./candidate.ts";
import type { Run } from "./run.ts";

interface Place {
  readonly kind: Kind;
  readonly label: string;
  readonly prefixes: ReadonlyArray<string>;
  readonly ports: ReadonlyArray<readonly [number, Security]>;
}

/** Never port 25. */
const PLACES: ReadonlyArray<Place> = [
  {
    kind: "imap",
    label: "imap",
    prefixes: ["imap.", "mail.", ""],
    ports: [[993, "implicit"], [143, "starttls"]],
  },
  {
    kind: "submission",
    label: "submission",
    prefixes: ["smtp.", "mail.", ""],
    ports: [[465, "implicit"], [587, "starttls"]],
  },
  { kind: "sieve", label: "sieve", prefixes: ["mail."], ports: [[4190, "starttls"]] },
];

/** A guess counts where a server answers under TLS with a certificate that holds. */
const one = async (run: Run, place: Place): Promise<MethodResult> => {
  for (const prefix of place.prefixes) {
    for (const [port, tls] of place.ports) {
      const host = `${prefix}${run.subject.domain}`;
      const end = run.log.begin("guess", `${host}:${port}`);
      if (place.kind !== "imap" && place.kind !== "submission" && place.kind !== "sieve") continue;
      const report = await run.ports.probe({
        protocol: place.kind,
        security: tls === "implicit" ? "implicit" : "starttls",
        host,
        port,
        names: [],
        srvIds: [],
        timeoutMs: 5_000,
        signal: run.signal,
      });
      end(report.state === "tls-ok" ? "found" : report.state, report.reason || null);
      if (report.state !== "tls-ok") continue;
      const candidate: Candidate = {
        kind: place.kind,
        tls,
        host,
        port,
        url: null,
        username: null,
        auth: null,
        source: { method: "guess" },
        trust: "insecure",
        confirm: ["guess"],
      };
      return { ...NOTHING, candidates: [candidate] };
    }
  }
  return NOTHING;
};

/** `absent`: labels whose owner says no are not tried. SRV-5 */
export const guessMethod = async (
  run: Run,
  absent: ReadonlyArray<string>,
): Promise<MethodResult> => {
  const wanted = PLACES.filter((p) => !absent.includes(p.label) && !absent.includes(`${p.label}s`));
  return together(await Promise.all(wanted.map((p) => one(run, p))));
};
