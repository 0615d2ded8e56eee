/** Checks the hosts that records lead to: addresses, no alias, and no address that is not configured. SRV-7 */
import type { ExpectedRecord } from "../record.ts";
import type { CheckPorts } from "./ports.ts";
import { doubted } from "./doubt.ts";
import type { Finding } from "./report.ts";

/** A target is a host with addresses, and no alias. SRV-7, RFC 2181 §10.3 */
const target = async (ports: CheckPorts, host: string): Promise<Finding> => {
  const [four, six] = await Promise.all([doubted(ports, host, "A"), doubted(ports, host, "AAAA")]);
  const base = {
    station: "dns",
    key: "target",
    subject: host,
    type: "A/AAAA",
    expected: [],
  } as const;
  const answers = [four.answer, six.answer];
  const found = answers.flatMap((a) => a._tag === "Found" ? a.records : []).sort();
  const alias = answers.find((a) => a._tag !== "Trouble" && a.aliases.length > 0);
  if (alias !== undefined && alias._tag !== "Trouble") {
    const detail = `is an alias of ${alias.aliases.join(", ")}; a target must not be one`;
    return { ...base, status: "conflict", found, detail };
  }
  if (found.length > 0) return { ...base, status: "pass", found, detail: "" };
  const trouble = answers.find((a) => a._tag === "Trouble");
  return trouble?._tag === "Trouble"
    ? { ...base, status: "unknown", found, detail: `${trouble.kind}: ${trouble.reason}` }
    : { ...base, status: "missing", found, detail: "has no address" };
};

/** A host whose addresses are configured, all of one family: one of the other is as stale as a second of the same. */
const otherFamily = async (
  ports: CheckPorts,
  host: string,
  type: "A" | "AAAA",
): Promise<ReadonlyArray<Finding>> => {
  const { answer } = await doubted(ports, host, type);
  return answer._tag !== "Found" || answer.aliases.length > 0 ? [] : [{
    station: "dns",
    key: "host",
    subject: host,
    type,
    status: "extra",
    expected: [],
    found: [...answer.records].sort(),
    detail: `not from here: the configuration has no ${type} for this host`,
  }];
};

export const hostFindings = async (
  records: ReadonlyArray<ExpectedRecord>,
  ports: CheckPorts,
): Promise<ReadonlyArray<Finding>> => {
  const targets = new Set(
    records.flatMap(({ data }) =>
      (data.type === "SRV" || data.type === "MX") && data.target !== "." ? [data.target] : []
    ),
  );
  const ours = records.filter((r) => r.key === "host");
  const has = (host: string, type: string) =>
    ours.some((r) => r.owner === host && r.data.type === type);
  const [found, others] = await Promise.all([
    Promise.all([...targets].map((host) => target(ports, host))),
    Promise.all(
      [...new Set(ours.map((r) => r.owner))].flatMap((host) =>
        (["A", "AAAA"] as const).filter((type) => !has(host, type)).map((type) =>
          otherFamily(ports, host, type)
        )
      ),
    ),
  ]);
  return [...found, ...others.flat()];
};
