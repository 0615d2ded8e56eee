/** A world for discovery without a network: DNS and HTTP say what a test lists, and nothing else exists. OUT-6 */
import type { CheckPorts } from "../../lib/discovery/check/ports.ts";
import type {
  HttpFailureKind,
  HttpRequest,
  HttpResponse,
  ProbeReport,
  ProbeRequest,
} from "../../lib/discovery/discover/ports.ts";
import type { DnsAnswer, DnsRecords, RecordType, TroubleKind } from "../../lib/ports/dns.ts";

/** Records, or how there are none. `secure`: DNSSEC vouches for them. */
export type Said =
  | ReadonlyArray<DnsRecords[RecordType]>
  | { readonly secure: ReadonlyArray<DnsRecords[RecordType]> }
  | { readonly alias: string; readonly records: ReadonlyArray<DnsRecords[RecordType]> }
  | "nodata"
  | TroubleKind;

export type Page =
  | string
  | (Partial<Omit<HttpResponse, "_tag" | "body">> & { readonly body?: string })
  | { readonly fails: HttpFailureKind; readonly reason?: string }
  | { readonly never: true };

export interface World {
  /** By `TYPE name`. A domain is there once any name in it is. */
  readonly dns?: Readonly<Record<string, Said>>;
  /** By URL. */
  readonly http?: Readonly<Record<string, Page>>;
  /** By `host:port`. */
  readonly probe?: Readonly<Record<string, Partial<ProbeReport>>>;
  readonly draw?: (low: number, high: number) => number;
  /** What a wildcard answers for names that are not listed. */
  readonly wildcard?: (name: string, type: RecordType) => Said | undefined;
  /** What one name server has that differs from the rest, by address, then by `TYPE name`; or that it is dead. */
  readonly servers?: Readonly<Record<string, Readonly<Record<string, Said>> | TroubleKind>>;
  /** What stands in the zone although the resolver does not believe it, by `TYPE name`. */
  readonly unchecked?: Readonly<Record<string, Said>>;
  /** Servers that the zone above names, by zone; nothing is told of others. */
  readonly delegations?: Readonly<Record<string, ReadonlyArray<string> | "none" | "hidden">>;
}

export interface Watched {
  readonly ports: CheckPorts;
  readonly asked: Array<string>;
  readonly requests: Array<HttpRequest>;
  readonly probes: Array<ProbeRequest>;
}

const answerOf = (said: Said | undefined, exists: boolean): DnsAnswer<RecordType> => {
  const seen = { secure: false, ttl: 60, aliases: [] };
  if (said === undefined) return { _tag: exists ? "NoData" : "NoSuchDomain", ...seen };
  if (said === "nodata") return { _tag: "NoData", ...seen };
  if (typeof said === "string") return { _tag: "Trouble", kind: said, reason: said };
  if ("alias" in said) {
    return { _tag: "Found", ...seen, aliases: [said.alias], records: said.records };
  }
  if ("secure" in said) return { _tag: "Found", ...seen, secure: true, records: said.secure };
  return { _tag: "Found", ...seen, records: said };
};

export const world = (w: World): Watched => {
  const asked: Array<string> = [];
  const requests: Array<HttpRequest> = [];
  const probes: Array<ProbeRequest> = [];
  const names = Object.keys(w.dns ?? {}).map((k) => k.split(" ")[1] ?? "");
  const hosts = Object.keys(w.http ?? {}).map((u) => new URL(u).hostname);
  const exists = (name: string) =>
    [...names, ...hosts].some((n) => n === name || n.endsWith(`.${name}`));
  const pageOf = (r: HttpRequest): Promise<Page | undefined> => {
    const page = w.http?.[r.url];
    if (typeof page === "object" && "never" in page) {
      return new Promise((resolve) =>
        r.signal.addEventListener("abort", () => resolve({ fails: "aborted" }), { once: true })
      );
    }
    return Promise.resolve(page);
  };
  const saidOf = (name: string, type: RecordType): Said | undefined =>
    w.dns?.[`${type} ${name}`] ?? (exists(name) ? undefined : w.wildcard?.(name, type));
  const ports: CheckPorts = {
    lookup: <T extends RecordType>(name: string, type: T) => {
      asked.push(`${type} ${name}`);
      // a test lists records of the type that it names
      return Promise.resolve(answerOf(saidOf(name, type), exists(name)) as DnsAnswer<T>);
    },
    askServer: <T extends RecordType>(address: string, name: string, type: T) => {
      const server = w.servers?.[address];
      const key = `${type} ${name}`;
      const own = typeof server === "string" ? server : server?.[key] ?? w.unchecked?.[key];
      return Promise.resolve(answerOf(own ?? saidOf(name, type), exists(name)) as DnsAnswer<T>);
    },
    askDelegation: (_, zone) => {
      const said = w.delegations?.[zone];
      return Promise.resolve(
        said === undefined
          ? { _tag: "Trouble", kind: "refused", reason: "refused" }
          : said === "none"
          ? { _tag: "None" }
          : said === "hidden"
          ? { _tag: "Hidden" }
          : { _tag: "Servers", names: said },
      );
    },
    lookupUnchecked: <T extends RecordType>(name: string, type: T) => {
      const said = w.unchecked?.[`${type} ${name}`] ?? saidOf(name, type);
      return Promise.resolve(answerOf(said, exists(name)) as DnsAnswer<T>);
    },
    wallClock: () => Date.UTC(2026, 10, 24),
    send: async (r) => {
      requests.push(r);
      const page = await pageOf(r);
      const there = hosts.includes(new URL(r.url).hostname);
      if (page === undefined) {
        return there
          ? respond({ status: 404 })
          : { _tag: "Failed", kind: "not-found", reason: "no such host" };
      }
      if (typeof page === "string") return respond({ body: page });
      if ("fails" in page) {
        return { _tag: "Failed", kind: page.fails, reason: page.reason ?? page.fails };
      }
      if ("never" in page) throw new Error("it has ended");
      return respond(page);
    },
    probe: (r) => {
      probes.push(r);
      return Promise.resolve({
        state: "refused",
        reason: "",
        capabilities: [],
        mechanisms: [],
        certificate: null,
        ...w.probe?.[`${r.host}:${r.port}`],
      });
    },
    now: () => performance.now(),
    draw: w.draw ?? ((low) => low),
  };
  return { ports, asked, requests, probes };
};

const respond = (
  page: Partial<Omit<HttpResponse, "_tag" | "body">> & { readonly body?: string },
): HttpResponse => ({
  _tag: "Response",
  status: 200,
  contentType: "text/xml",
  location: null,
  challenges: [],
  ...page,
  body: new TextEncoder().encode(page.body ?? ""),
});

export const srv = (target: string, port: number, priority = 0, weight = 1) => ({
  priority,
  weight,
  port,
  target,
});

/** An autoconfig file with one IMAP and one SMTP server at `host`. */
export const autoconfig = (
  host: string,
  more: { readonly domain?: string; readonly username?: string; readonly socket?: string } = {},
): string => {
  const { domain = "example.com", username = "%EMAILADDRESS%", socket = "SSL" } = more;
  const server = (tag: string, type: string, port: number) =>
    `<${tag} type="${type}"><hostname>${host}</hostname><port>${port}</port>` +
    `<socketType>${socket}</socketType><authentication>password-cleartext</authentication>` +
    `<username>${username}</username></${tag}>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="${domain}"><domain>${domain}</domain>
<displayName>Example Mail</displayName>${server("incomingServer", "imap", 993)}
${server("outgoingServer", "smtp", 465)}</emailProvider></clientConfig>`;
};
