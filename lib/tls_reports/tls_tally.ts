/** Counts the results of a day by domain and policy, and writes the report of a domain. RFC 8460 §4. Pure. */
import type { NotedPolicy, TlsNote } from "../ports/tls_notes.ts";

interface Failure {
  readonly type: string;
  readonly host: string;
  readonly address: string | null;
  readonly reason: string;
  count: number;
}

export interface Counted {
  readonly policy: NotedPolicy;
  successes: number;
  failures: number;
  readonly details: Array<Failure>;
}

/** What one domain is told of one day. */
export type Tallied = ReadonlyArray<Counted>;

const MAX_DOMAINS = 10_000;
/** Policies and kinds of failure that are told apart for a domain. */
const MAX_POLICIES = 20;
const MAX_DETAILS = 100;

export class Tally {
  readonly #domains = new Map<string, Array<Counted>>();

  add({ domain, policy, host, address, failure }: TlsNote): void {
    let all = this.#domains.get(domain);
    if (all === undefined) {
      if (this.#domains.size >= MAX_DOMAINS) return;
      this.#domains.set(domain, all = []);
    }
    const counted = all.find((c) => samePolicy(c.policy, policy)) ?? begin(all, policy);
    if (counted === null) return;
    if (failure === null) {
      counted.successes++;
      return;
    }
    counted.failures++;
    const { type, reason } = failure;
    const known = counted.details.find((d) =>
      d.type === type && d.host === host && d.address === address && d.reason === reason
    );
    if (known !== undefined) known.count++;
    else if (counted.details.length < MAX_DETAILS) {
      counted.details.push({ type, host, address, reason, count: 1 });
    }
  }

  /** By domain. */
  get all(): ReadonlyMap<string, Tallied> {
    return this.#domains;
  }

  /** What was counted before. */
  restore(domain: string, tallied: Tallied): void {
    if (this.#domains.size < MAX_DOMAINS) this.#domains.set(domain, [...tallied]);
  }

  drop(domain: string): void {
    this.#domains.delete(domain);
  }
}

const begin = (all: Array<Counted>, policy: NotedPolicy): Counted | null => {
  if (all.length >= MAX_POLICIES) return null;
  const counted: Counted = { policy, successes: 0, failures: 0, details: [] };
  all.push(counted);
  return counted;
};

const samePolicy = (a: NotedPolicy, b: NotedPolicy): boolean =>
  a.type === b.type && a.lines.join("\n") === b.lines.join("\n");

export interface ReportFacts {
  readonly domain: string;
  readonly organization: string;
  /** An address for questions. */
  readonly contact: string;
  readonly id: string;
  /** The whole day, in ms: its first, and its last second. */
  readonly from: number;
  readonly to: number;
}

/** The JSON of a report. RFC 8460 §4.4 */
export const reportJson = (f: ReportFacts, tallied: Tallied): string =>
  JSON.stringify({
    "organization-name": f.organization,
    "date-range": { "start-datetime": utc(f.from), "end-datetime": utc(f.to) },
    "contact-info": f.contact,
    "report-id": f.id,
    "policies": tallied.map(({ policy, successes, failures, details }) => ({
      "policy": {
        "policy-type": policy.type,
        ...policy.lines.length === 0 ? {} : { "policy-string": policy.lines },
        "policy-domain": f.domain,
        ...policy.mx.length === 0 ? {} : { "mx-host": policy.mx },
      },
      "summary": {
        "total-successful-session-count": successes,
        "total-failure-session-count": failures,
      },
      ...details.length === 0 ? {} : {
        "failure-details": details.map((d) => ({
          "result-type": d.type,
          "receiving-mx-hostname": d.host,
          ...d.address === null ? {} : { "receiving-ip": d.address },
          "failed-session-count": d.count,
          "failure-reason-code": d.reason,
        })),
      },
    })),
  });

/** RFC 3339 §5.6, to the second. */
const utc = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** Places that one domain names and that are used. */
const MAX_PLACES = 5;

/** The URIs of the one `v=TLSRPTv1` record, mailto and https only. RFC 8460 §3 */
export const reportPlaces = (records: ReadonlyArray<string>): ReadonlyArray<string> => {
  const ours = records.filter((r) => /^v=TLSRPTv1[ \t]*;/.test(r));
  const [only] = ours;
  if (only === undefined || ours.length > 1) return [];
  const rua = /;[ \t]*rua[ \t]*=[ \t]*([^;]+)/.exec(only)?.[1] ?? "";
  return rua.split(",").map((u) => u.trim())
    .filter((u) =>
      /^(?:mailto:[^@\s]+@[^@\s]+|https:\/\/[^\s]+)$/i.test(u) && /^[\x21-\x7e]+$/.test(u) &&
      URL.canParse(u)
    )
    .slice(0, MAX_PLACES);
};
