/** Published records against the model, at every name server and through the resolver. Section 11.2 */
import type { DnsAnswer } from "../../ports/dns.ts";
import { printData } from "../publish/presentation.ts";
import type { ExpectedRecord } from "../record.ts";
import {
  type Compared,
  compareSet,
  type ExpectedSet,
  expectedSets,
  liveData,
  printed,
} from "./compare.ts";
import type { CheckPorts } from "./ports.ts";
import type { Finding, Status } from "./report.ts";
import { spf } from "./spf.ts";
import { behind, type View, type Zones } from "./zones.ts";

/** A set of which every record is of one type that can be asked for. */
type Askable = "A" | "AAAA" | "CNAME" | "NS" | "MX" | "SRV" | "TXT" | "CAA" | "TLSA" | "SOA";

interface Seen {
  readonly view: View;
  readonly compared: Compared;
}

const GRAVITY: ReadonlyArray<Status> = [
  "pass",
  "info",
  "unknown",
  "extra",
  "missing",
  "drift",
  "conflict",
];

const worst = (all: ReadonlyArray<Compared>): Compared =>
  all.reduce((a, b) => GRAVITY.indexOf(b.status) > GRAVITY.indexOf(a.status) ? b : a);

const good = (c: Compared): boolean => c.status === "pass" || c.status === "info";

const nameOf = (v: View): string => `${v.name} [${v.address}]`;

/** An alias that leads out of a server's data is followed by the resolver. SRV-8, P-8 */
const answerAt = async (
  ports: CheckPorts,
  view: View,
  set: ExpectedSet,
): Promise<DnsAnswer<Askable>> => {
  const answer = await ports.askServer(view.address, set.owner, set.type);
  const to = answer._tag === "NoData" ? answer.aliases.at(-1) : undefined;
  return to === undefined ? answer : await ports.lookup(to, set.type);
};

/** A host that should be an alias may have the addresses of its target instead: panels flatten. */
const flattened = async (ports: CheckPorts, set: ExpectedSet): Promise<boolean> => {
  const [record] = set.records;
  if (record?.data.type !== "CNAME") return false;
  const of = async (name: string) => {
    const [four, six] = await Promise.all([ports.lookup(name, "A"), ports.lookup(name, "AAAA")]);
    return [four, six].flatMap((a) => a._tag === "Found" ? a.records : []);
  };
  const [here, there] = await Promise.all([of(set.owner), of(record.data.target)]);
  return here.length > 0 && here.every((a) => there.includes(a));
};

/** Whether a name that nobody published answers in the same way. UN-3 */
const shadowed = async (
  ports: CheckPorts,
  set: ExpectedSet,
  found: ReadonlyArray<string>,
): Promise<boolean> => {
  const dot = set.owner.indexOf(".");
  const underscore = set.owner.startsWith("_") ? "_" : "";
  const random = `${underscore}zz9-${ports.draw(0, 0xffff_ffff).toString(36)}${
    set.owner.slice(dot)
  }`;
  const [same, four] = await Promise.all([
    ports.lookup(random, set.type),
    ports.lookup(random, "A"),
  ]);
  const there = liveData(set.type, same);
  if (there.length > 0) {
    return found.length === 0 || compareSet(set, set.type, same).found.join() === found.join();
  }
  return set.type === "CNAME" && four._tag === "Found";
};

/** What the servers and the resolver say together. */
const judged = (
  set: ExpectedSet,
  seen: ReadonlyArray<Seen>,
  resolver: Compared,
): Compared => {
  if (seen.length === 0) return resolver;
  const bad = seen.filter((s) => !good(s.compared));
  if (bad.length === 0) {
    return good(resolver) ? seen[0]?.compared ?? resolver : {
      ...resolver,
      status: "pending",
      detail: "right at every name server; resolvers still keep what was there before",
    };
  }
  const names = bad.map((s) => nameOf(s.view)).join(", ");
  if (bad.length === seen.length) {
    const all = worst(bad.map((s) => s.compared));
    const alike = bad.every((s) => s.compared.found.join() === all.found.join());
    return alike ? all : { ...all, detail: `name servers differ; at ${names}` };
  }
  const newest = seen.filter((s) => good(s.compared)).map((s) => s.view.serial);
  const late = bad.every((s) =>
    newest.some((n) => n !== null && s.view.serial !== null && behind(s.view.serial, n))
  );
  const compared = worst(bad.map((s) => s.compared));
  return late
    ? { ...compared, status: "pending", detail: `not yet at ${names}, which has an older zone` }
    : { ...compared, detail: `${set.type} is right elsewhere, and not at ${names}` };
};

const one = async (ports: CheckPorts, zones: Zones, set: ExpectedSet): Promise<Finding> => {
  const views = await zones.viewsOf(set.owner);
  const [answer, ...answers] = await Promise.all([
    ports.lookup(set.owner, set.type),
    ...views.map((v) => answerAt(ports, v, set)),
  ]);
  const seen = views.flatMap((view, i): ReadonlyArray<Seen> => {
    const a = answers[i];
    return a === undefined ? [] : [{ view, compared: compareSet(set, set.type, a) }];
  });
  let compared = judged(set, seen, compareSet(set, set.type, answer));
  if (compared.status === "missing" && await flattened(ports, set)) {
    compared = { ...compared, status: "pass", detail: "has the addresses of its target" };
  } else if (
    (compared.status === "missing" || compared.status === "drift") &&
    await shadowed(ports, set, compared.found)
  ) {
    compared = {
      ...compared,
      status: "shadowed",
      detail: "a wildcard answers here: publish the record itself",
    };
  }
  return {
    station: "dns",
    key: set.key,
    subject: set.owner,
    type: set.type,
    expected: printed(set),
    ...compared,
  };
};

/** A target is a host with addresses, and no alias. SRV-7, RFC 2181 §10.3 */
const target = async (ports: CheckPorts, host: string): Promise<Finding> => {
  const [four, six] = await Promise.all([ports.lookup(host, "A"), ports.lookup(host, "AAAA")]);
  const base = {
    station: "dns",
    key: "target",
    subject: host,
    type: "A/AAAA",
    expected: [],
  } as const;
  const found = [four, six].flatMap((a) => a._tag === "Found" ? a.records : []);
  const alias = [four, six].find((a) => a._tag !== "Trouble" && a.aliases.length > 0);
  if (alias !== undefined && alias._tag !== "Trouble") {
    const detail = `is an alias of ${alias.aliases.join(", ")}; a target must not be one`;
    return { ...base, status: "conflict", found, detail };
  }
  if (found.length > 0) return { ...base, status: "pass", found, detail: "" };
  const trouble = [four, six].find((a) => a._tag === "Trouble");
  return trouble?._tag === "Trouble"
    ? { ...base, status: "unknown", found, detail: trouble.reason }
    : { ...base, status: "missing", found, detail: "has no address" };
};

/** What stands for every name that nobody published. UN-3 */
const wildcards = async (domain: string, ports: CheckPorts): Promise<ReadonlyArray<Finding>> => {
  const lot = ports.draw(0, 0xffff_ffff).toString(36);
  const asked = [
    [`zz9-${lot}.${domain}`, "A"],
    [`_zz9-${lot}._tcp.${domain}`, "SRV"],
  ] as const;
  const answers = await Promise.all(asked.map(async ([name, type]): Promise<Finding | null> => {
    const found = liveData(type, await ports.lookup(name, type));
    return found.length === 0 ? null : {
      station: "dns",
      key: "wildcard-shadow",
      subject: `*${name.slice(name.indexOf("."))}`,
      type,
      status: "info",
      expected: [],
      found: found.map(printData),
      detail: "answers for every name that is not published",
    };
  }));
  return answers.filter((f) => f !== null);
};

export const checkDns = async (
  domain: string,
  records: ReadonlyArray<ExpectedRecord>,
  ports: CheckPorts,
  zones: Zones,
): Promise<ReadonlyArray<Finding>> => {
  const targets = new Set(
    records.flatMap(({ data }) =>
      (data.type === "SRV" || data.type === "MX") && data.target !== "." ? [data.target] : []
    ),
  );
  const [wild, lookups, ...rest] = await Promise.all([
    wildcards(domain, ports),
    spf(domain, ports),
    ...expectedSets(records).map((set) => one(ports, zones, set)),
    ...[...targets].map((host) => target(ports, host)),
  ]);
  return [...wild, ...lookups, ...rest];
};
