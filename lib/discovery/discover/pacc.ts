/**
 * PACC as a client reads it: JSON, trusted if its digest is in DNS. draft-ietf-mailmaint-pacc-03,
 * docs/design/autodiscovery.md §5
 */
import type { DnsAnswer } from "../../ports/dns.ts";
import type { Auth, Kind } from "../service.ts";
import { base64 } from "../digest.ts";
import { type Candidate, type MethodResult, NOTHING } from "./candidate.ts";
import { relation } from "./domains.ts";
import { fetchDocument } from "./fetch.ts";
import { hostName, webPlace } from "./host.ts";
import type { ConfirmReason, Source, Trust } from "./result.ts";
import type { Run } from "./run.ts";

/** PC-15 */
export const MAX_JSON = 64 * 1024;

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === "object" && v !== null && !Array.isArray(v);

export interface PaccServer {
  readonly kind: Kind;
  readonly host: string;
  readonly port: number;
  readonly url: string | null;
}

export interface PaccDocument {
  readonly provider: string;
  readonly servers: ReadonlyArray<PaccServer>;
  readonly auth: ReadonlyArray<Auth>;
}

/** `submit` of the later draft before `smtp` of the earlier. PC-6 */
const TEXT: ReadonlyArray<readonly [string, Kind, number]> = [
  ["imap", "imap", 993],
  ["pop3", "pop3", 995],
  ["submit", "submission", 465],
  ["smtp", "submission", 465],
];
const WEB: ReadonlyArray<readonly [string, Kind]> = [
  ["jmap", "jmap"],
  ["caldav", "caldav"],
  ["carddav", "carddav"],
  ["webdav", "webdav"],
];

const webServer = (kind: Kind, entry: unknown): ReadonlyArray<PaccServer> => {
  const text = isRecord(entry) ? entry["url"] : null;
  const place = typeof text === "string" ? webPlace(text) : null;
  // PC-7
  return place !== null && place.port === 443 ? [{ kind, ...place }] : [];
};

const authOf = (v: unknown): ReadonlyArray<Auth> => {
  if (!isRecord(v)) return [];
  const oauth = v["oauth-public"];
  const issuer = isRecord(oauth) ? oauth["issuer"] : null;
  // PC-10
  const good = typeof issuer === "string" && /^https:\/\/[^?#]+$/.test(issuer);
  return [
    ...(good ? ["oauth2" as const] : []),
    ...(v["password"] === true ? ["password" as const] : []),
  ];
};

/** Null: no document of this kind. Properties that are not known are passed over at every level. PC-5 */
export const readPacc = (octets: Uint8Array): PaccDocument | null => {
  if (octets.length > MAX_JSON) return null;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets));
  } catch {
    return null;
  }
  if (!isRecord(value) || !isRecord(value["protocols"]) || !isRecord(value["info"])) return null;
  const provider = value["info"]["provider"];
  const name = isRecord(provider) ? provider["name"] : null;
  if (typeof name !== "string") return null;
  const { protocols } = { protocols: value["protocols"] };
  const text = TEXT.flatMap(([key, kind, port]): ReadonlyArray<PaccServer> => {
    const entry = protocols[key];
    const said = isRecord(entry) ? entry["host"] : null;
    const host = typeof said === "string" ? hostName(said) : null;
    return host === null ? [] : [{ kind, host, port, url: null }];
  });
  const web = WEB.flatMap(([key, kind]) => webServer(kind, protocols[key]));
  return {
    provider: name.slice(0, 60),
    servers: [...text, ...web].filter((s, i, all) => all.findIndex((o) => o.kind === s.kind) === i),
    auth: authOf(value["authentication"]),
  };
};

/** `v=UAAC1; a=sha256; d=...` in any order; null where it is another record. PC-2 */
export const readDigest = (strings: ReadonlyArray<string>): string | null => {
  const tags = new Map(
    strings.join("").split(";").flatMap((t) => {
      const at = t.indexOf("=");
      return at < 0 ? [] : [[t.slice(0, at).trim(), t.slice(at + 1).trim()] as const];
    }),
  );
  return tags.get("v") === "UAAC1" && tags.get("a") === "sha256" ? tags.get("d") ?? null : null;
};

/** Takes as long for any difference. */
const sameText = (a: string, b: string): boolean => {
  let different = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    different |= a.charCodeAt(i) ^ b.charCodeAt(i % (b.length || 1));
  }
  return different === 0;
};

/** Any of several records may match: one is being replaced. PC-3 */
const vouched = (answer: DnsAnswer<"TXT">, digest: string): string => {
  const all = answer._tag === "Found" ? answer.records.flatMap((r) => readDigest(r) ?? []) : [];
  if (all.length === 0) return answer._tag === "Trouble" ? answer.kind : "digest-missing";
  return all.some((d) => sameText(digest, d)) ? "found" : "digest-mismatch";
};

export const paccMethod = async (run: Run): Promise<MethodResult> => {
  const { domain } = run.subject;
  const url = `https://ua-auto-config.${domain}/.well-known/user-agent-configuration.json`;
  const end = run.log.begin("pacc", url);
  const [answer, f] = await Promise.all([
    run.ports.lookup(`_ua-auto-config.${domain}`, "TXT"),
    fetchDocument(run, { method: "pacc", url, accept: "application/json", maxBytes: MAX_JSON }),
  ]);
  if (f._tag === "NotFetched") {
    end(f.outcome, f.detail);
    return { ...NOTHING, unknown: f.unknown };
  }
  const digest = base64(
    new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(f.body))),
  );
  const outcome = vouched(answer, digest);
  const document = outcome === "found" ? readPacc(f.body) : null;
  if (document === null) {
    // PC-4: not to be used, and no error of the whole
    end(outcome === "found" ? "malformed" : outcome);
    return { ...NOTHING, unknown: answer._tag === "Trouble" ? "dns" : null };
  }
  end("found");
  const secure = answer._tag === "Found" && answer.secure;
  const source: Source = { method: "pacc", url: f.url, dnssec: secure ? "secure" : "unknown" };
  const reasons: ReadonlyArray<ConfirmReason> = f.crossDomain && !secure
    ? ["cross-domain-redirect"]
    : [];
  return {
    ...NOTHING,
    provider: document.provider,
    candidates: document.servers.map((s): Candidate => ({
      ...s,
      tls: s.url === null ? "implicit" : "https",
      username: "%EMAILADDRESS%", // PC-13
      auth: document.auth,
      source,
      trust: trustOf(secure, relation(s.host, domain) === "inside"),
      confirm: reasons,
    })),
  };
};

const trustOf = (secure: boolean, inside: boolean): Trust =>
  secure ? "verified" : inside ? "same-domain" : "third-party";
