/** Published records against the model, at every name server and through the resolver. docs/design/autodiscovery.md §11.2 */
import type { DnsAnswer, DnsTrouble } from "../../ports/dns.ts";
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
import { doubted } from "./doubt.ts";
import { good, judged, type Looked, type Seen } from "./judge.ts";
import type { CheckPorts } from "./ports.ts";
import type { Finding } from "./report.ts";
import { spf } from "./spf.ts";
import { hostFindings } from "./targets.ts";
import { ttlFinding } from "./ttl.ts";
import { bogusFinding, serverFinding, type View, type Zones } from "./zones.ts";

/** A set of which every record is of one type that can be asked for. */
type Askable = "A" | "AAAA" | "CNAME" | "NS" | "MX" | "SRV" | "TXT" | "CAA" | "TLSA" | "SOA";

/** An alias that leads out of a server's data is followed by the resolver. SRV-8, P-8 */
const answerAt = async (
  ports: CheckPorts,
  view: View,
  set: ExpectedSet,
): Promise<DnsAnswer<Askable>> => {
  const answer = await ports.askServer(view.address, set.owner, set.type);
  const to = answer._tag === "NoData" ? answer.aliases.at(-1) : undefined;
  return to === undefined ? answer : (await doubted(ports, to, set.type)).answer;
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

/** The resolver's answer where no server has one for this set; a cache does not make that right. */
const unanswered = (resolver: Compared, troubles: ReadonlyArray<DnsTrouble>): Compared => {
  const [first] = troubles;
  if (first === undefined) return resolver;
  const why = `no name server answers for it: ${first.kind}: ${first.reason}`;
  return {
    ...resolver,
    status: good(resolver) ? "unknown" : resolver.status,
    detail: resolver.detail === "" ? why : `${resolver.detail}; ${why}`,
  };
};

const one = async (ports: CheckPorts, zones: Zones, set: ExpectedSet): Promise<Looked> => {
  const place = await zones.placeOf(set.owner);
  const views = place?.views ?? [];
  const [{ answer, bogus }, ...answers] = await Promise.all([
    doubted(ports, set.owner, set.type),
    ...views.map((v) => answerAt(ports, v, set)),
  ]);
  const seen: Array<Seen> = [];
  const silent: Array<Looked["silent"][number]> = [];
  const ttls: Array<number> = [];
  answers.forEach((a, i) => {
    const view = views[i];
    if (view === undefined) return;
    if (a._tag === "Trouble") silent.push({ view, trouble: a });
    else seen.push({ view, compared: compareSet(set, set.type, a) });
    if (a._tag === "Found") ttls.push(a.ttl);
  });
  const resolver = compareSet(set, set.type, answer);
  const said = seen.length === 0 ? unanswered(resolver, silent.map((s) => s.trouble)) : resolver;
  // where the whole zone is bogus, that is told once
  let compared = judged(set, seen, said, bogus && place?.bogus !== true);
  if (compared.status === "missing" && await flattened(ports, set)) {
    compared = { ...compared, status: "pass", detail: "has the addresses of its target" };
  } else if (
    (compared.status === "missing" || compared.status === "drift") &&
    await shadowed(ports, set, compared.found)
  ) {
    compared = {
      ...compared,
      status: "shadowed",
      detail: "a wildcard answers here",
    };
  }
  return {
    set,
    finding: {
      station: "dns",
      key: set.key,
      subject: set.owner,
      type: set.type,
      expected: printed(set),
      ...compared,
    },
    silent: seen.length === 0 ? [] : silent,
    ttls,
  };
};

/** A server that answers for its zone, and not for all that is in it: one row each. */
const halfDead = (looked: ReadonlyArray<Looked>): ReadonlyArray<Finding> => {
  const by = new Map<string, { view: View; trouble: DnsTrouble; asked: Array<string> }>();
  for (const { set, silent } of looked) {
    for (const { view, trouble } of silent) {
      const key = `${view.zone} ${view.name} ${view.address}`;
      const known = by.get(key) ?? { view, trouble, asked: [] };
      known.asked.push(`${set.owner} ${set.type}`);
      by.set(key, known);
    }
  }
  return [...by.values()].map(({ asked, ...dead }) => serverFinding(dead, asked.sort()));
};

/** Wildcards, which answer for every unpublished name. UN-3 */
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

/** Sets of which nothing is known for one and the same reason, if that many, are one row. */
const FOLDED = 3;

const folded = (domain: string, all: ReadonlyArray<Finding>): ReadonlyArray<Finding> => {
  const reasons = Map.groupBy(all.filter((f) => f.status === "unknown"), (f) => f.detail);
  const together = [...reasons].filter(([, f]) => f.length >= FOLDED);
  const kept = all.filter((f) => !together.some(([, t]) => t.includes(f)));
  return [
    ...kept,
    ...together.map(([detail, f]): Finding => ({
      station: "dns",
      key: "not-known",
      subject: domain,
      type: "DNS",
      status: "unknown",
      expected: [],
      found: f.map((x) => `${x.subject} ${x.type}`).sort(),
      detail: `${detail}: for ${f.length} of the record sets`,
    })),
  ];
};

export const checkDns = async (
  domain: string,
  records: ReadonlyArray<ExpectedRecord>,
  ports: CheckPorts,
  zones: Zones,
): Promise<ReadonlyArray<Finding>> => {
  const [wild, lookups, hosts, looked] = await Promise.all([
    wildcards(domain, ports),
    spf(domain, ports),
    hostFindings(records, ports),
    Promise.all(expectedSets(records).map((set) => one(ports, zones, set))),
  ]);
  const places = await zones.all();
  return [
    ...wild,
    ...lookups,
    ...folded(domain, [...hosts, ...looked.map((l) => l.finding)]),
    ...ttlFinding(domain, looked),
    ...halfDead(looked),
    ...places.flatMap((p) => [...bogusFinding(p), ...p.dead.map((d) => serverFinding(d))]),
  ];
};
