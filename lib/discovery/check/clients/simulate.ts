/**
 * Simulates a mail program on published records: the settings that it would end up with.
 * docs/design/autodiscovery.md §11.4
 */
import type { Srv } from "../../../ports/dns.ts";
import { type Draw, orderSrv } from "../../choose.ts";
import type { AutoconfigDocument, DocumentServer } from "../../discover/autoconfig_document.ts";
import { SRV_LABELS } from "../../service.ts";
import { aerc } from "./aerc.ts";
import { apple } from "./apple.ts";
import { evolution } from "./evolution.ts";
import { fairemail } from "./fairemail.ts";
import { k9 } from "./k9.ts";
import { outlook } from "./outlook.ts";
import type {
  ClientOutcome,
  ClientProfile,
  File,
  FileWay,
  Pick as PickRule,
  PoxWay,
  SrvWay,
} from "./profile.ts";
import { thunderbird } from "./thunderbird.ts";

export const PROFILES: ReadonlyArray<ClientProfile> = [
  thunderbird,
  k9,
  evolution,
  fairemail,
  aerc,
  outlook,
  apple,
];

export interface PublishedFile {
  readonly contentType: string;
  readonly document: AutoconfigDocument;
}

export interface Place {
  readonly kind: string;
  readonly tls: string;
  readonly host: string;
  readonly port: number;
}

/** What is out there, looked at once for all clients. */
export interface Published {
  readonly domain: string;
  /** By short label: `imaps`; empty where there are none. */
  readonly srv: Readonly<Record<string, ReadonlyArray<Srv>>>;
  readonly files: Readonly<Partial<Record<File, PublishedFile>>>;
  readonly pox: Readonly<Partial<Record<"domain" | "autodiscover" | "srv", ReadonlyArray<Place>>>>;
  /** The host of the SRV record of Autodiscover. */
  readonly poxTarget: string | null;
  readonly profile: boolean;
  /** A verification token of Microsoft at the apex. AD-16 */
  readonly m365: boolean;
}

interface Found {
  readonly method: string;
  readonly incoming: Place | null;
  readonly outgoing: Place | null;
}

const print = (p: Place | null): string | null =>
  p === null ? null : `${p.kind} ${p.host}:${p.port} ${p.tls}`;

const meaning = (label: string): Pick<Place, "kind" | "tls"> => {
  const known = SRV_LABELS.find((l) => l.label === `_${label}._tcp`);
  return known === undefined
    ? { kind: "submission", tls: "implicit" } // _smtps
    : { kind: known.kind, tls: known.security };
};

const picked = (all: ReadonlyArray<Srv>, rule: PickRule, draw: Draw): Srv | null => {
  const real = all.filter((r) => r.target !== "" && r.target !== ".");
  switch (rule) {
    case "rfc":
      return orderSrv(all, draw).targets[0] ?? null;
    case "priority-then-largest-weight":
      return [...real].sort((a, b) => a.priority - b.priority || b.weight - a.weight)[0] ?? null;
    case "largest-weight":
      return [...real].sort((a, b) => b.weight - a.weight)[0] ?? null;
  }
};

/** The labels of one purpose: the first that answers, or the one with the lowest priority. */
const bestOf = (
  labels: ReadonlyArray<string>,
  way: SrvWay,
  p: Published,
  draw: Draw,
): Place | null => {
  const all = labels.flatMap((label) => {
    const srv = picked(p.srv[label] ?? [], way.pick, draw);
    return srv === null ? [] : [{ label, srv }];
  });
  const [best] = way.listed ? all : [...all].sort((a, b) => a.srv.priority - b.srv.priority);
  return best === undefined
    ? null
    : { ...meaning(best.label), host: best.srv.target, port: best.srv.port };
};

const bySrv = (way: SrvWay, p: Published, draw: Draw, problems: Array<string>): Found | null => {
  const incoming = bestOf(way.incoming, way, p, draw);
  const outgoing = bestOf(way.outgoing, way, p, draw);
  if (incoming === null && outgoing === null) return null;
  if (way.both && (incoming === null || outgoing === null)) {
    problems.push("its SRV method fails, since it needs servers for reading and for sending");
    return null;
  }
  const read = way.outgoing.map((l) => `_${l}`).join(" and ");
  if (outgoing === null) problems.push(`no outgoing server: it reads ${read} only`);
  return { method: "srv", incoming, outgoing };
};

const first = (
  servers: ReadonlyArray<DocumentServer>,
  kinds: ReadonlyArray<string>,
): Place | null => servers.find((s) => kinds.includes(s.kind) && s.tls !== "none") ?? null;

const byFile = (way: FileWay, p: Published, problems: Array<string>): Found | null => {
  for (const name of way.files) {
    const file = p.files[name];
    if (file === undefined) continue;
    if (way.typed && !/^(text\/xml|application\/xml|text\/rdf)/i.test(file.contentType)) {
      problems.push(`${name}: not read, as it is served as ${file.contentType || "nothing"}`);
      continue;
    }
    const { document } = file;
    const plain = document.servers.some((s) => s.tls === "none");
    if (way.strict && (document.faults.length > 0 || plain)) {
      const why = plain ? "socketType plain" : document.faults[0] ?? "";
      problems.push(`${name}: file rejected, ${why}`);
      continue;
    }
    const incoming = first(document.servers, ["imap", "pop3"]);
    const outgoing = first(document.servers, ["submission"]);
    if (incoming === null || outgoing === null) {
      problems.push(`${name}: file rejected, it needs a server for reading and one for sending`);
      continue;
    }
    if (name.startsWith("http-")) problems.push(`${name}: read in clear, so that people are asked`);
    return { method: `autoconfig ${name}`, incoming, outgoing };
  }
  return null;
};

const byPox = (
  way: PoxWay,
  p: Published,
  profile: ClientProfile,
  problems: Array<string>,
): Found | null => {
  for (const host of way.hosts) {
    const places = p.pox[host];
    if (places === undefined) continue;
    const away = p.poxTarget !== null && !p.poxTarget.endsWith(p.domain);
    if (host === "srv" && away && profile === outlook) {
      problems.push(`warns people, as Autodiscover is at ${p.poxTarget}`); // AD-15
    }
    const find = (kinds: ReadonlyArray<string>) =>
      places.find((x) => kinds.includes(x.kind)) ?? null;
    return {
      method: `pox ${host}`,
      incoming: find(["imap", "pop3"]),
      outgoing: find(["submission"]),
    };
  }
  return null;
};

export const simulate = (profile: ClientProfile, p: Published, draw: Draw): ClientOutcome => {
  const problems: Array<string> = [...profile.remarks];
  if (profile === outlook && p.m365) {
    problems.push("an MS= token at the domain sends it to Microsoft 365 first"); // AD-16
  }
  let found: Found | null = null;
  for (const way of profile.ways) {
    found = way.via === "srv"
      ? bySrv(way, p, draw, problems)
      : way.via === "autoconfig"
      ? byFile(way, p, problems)
      : way.via === "pox"
      ? byPox(way, p, profile, problems)
      : p.profile
      ? { method: "profile", incoming: null, outgoing: null }
      : null;
    if (found !== null) break;
  }
  if (found === null) problems.push(`finds nothing: it ${profile.otherwise}`);
  return {
    client: profile.client,
    version: profile.version,
    method: found?.method ?? null,
    incoming: print(found?.incoming ?? null),
    outgoing: print(found?.outgoing ?? null),
    problems,
  };
};
