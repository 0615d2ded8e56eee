/** The number of DNS look-ups that an SPF record costs. RFC 7208 §4.6.4 */
import type { CheckPorts } from "./ports.ts";
import type { Finding } from "./report.ts";

/** Ten terms that need DNS, through all that are included; more makes the record an error. RFC 7208 §4.6.4 */
const MAX_SPF = 10;

const spfLookups = async (ports: CheckPorts, domain: string, depth: number): Promise<number> => {
  const answer = await ports.lookup(domain, "TXT");
  const record = answer._tag === "Found"
    ? answer.records.map((r) => r.join("")).find((t) => /^v=spf1( |$)/i.test(t))
    : undefined;
  let count = 0;
  for (const term of record?.split(/\s+/).slice(1) ?? []) {
    const [, , name = "", value = ""] = /^([-+?~]?)([a-z0-9]+)(?:[:=](.*))?$/i.exec(term) ?? [];
    if (!/^(include|a|mx|ptr|exists|redirect)$/i.test(name)) continue;
    count++;
    if (count > MAX_SPF || depth > MAX_SPF) break;
    // a macro stands for what only a message tells
    if (/^(include|redirect)$/i.test(name) && /^[a-z0-9_.-]+$/i.test(value)) {
      count += await spfLookups(ports, value, depth + 1);
    }
  }
  return count;
};

export const spf = async (domain: string, ports: CheckPorts): Promise<ReadonlyArray<Finding>> => {
  const count = await spfLookups(ports, domain, 0);
  if (count === 0) return [];
  return [{
    station: "dns",
    key: "spf-lookups",
    subject: domain,
    type: "TXT",
    status: count > MAX_SPF ? "conflict" : "pass",
    expected: [`at most ${MAX_SPF}`],
    found: [String(count)],
    detail: count > MAX_SPF ? "SPF needs more look-ups than receivers make" : "",
  }];
};
