/** Services over HTTPS: whether one exists, and its URL. RFC 6764 §5, RFC 8620 §2.2 */
import type { DnsAnswer } from "../../ports/dns.ts";
import { type Auth, type Kind, type SrvLabel, WELL_KNOWN } from "../service.ts";
import type { Candidate } from "./candidate.ts";
import { relation } from "./domains.ts";
import { fetchDocument } from "./fetch.ts";
import { type WebPlace, webPlace } from "./host.ts";
import type { Run } from "./run.ts";

const HTTPS = 443;

export const base = (host: string, port: number): string =>
  `https://${host}${port === HTTPS ? "" : `:${port}`}`;

/** `path=/dav/cal`, the first of them. RFC 6764 §4, DAV-2 */
export const pathOf = (answer: DnsAnswer<"TXT">): string | null => {
  if (answer._tag !== "Found") return null;
  for (const strings of answer.records) {
    for (const s of strings) {
      const path = /^path=(\/[\x21-\x7e]*)$/i.exec(s)?.[1];
      // two slashes would be another host
      if (path !== undefined && !path.startsWith("//")) return path;
    }
  }
  return null;
};

const SCHEMES: Readonly<Record<string, Auth>> = {
  basic: "password",
  digest: "encrypted",
  bearer: "oauth2",
  negotiate: "gssapi",
};

/** Where it led in the end. */
export interface Presence extends WebPlace {
  readonly auth: ReadonlyArray<Auth>;
  readonly crossDomain: boolean;
}

/** 200, 207 and 401 prove that something is there. */
export const presence = async (run: Run, url: string, kind: Kind): Promise<Presence | null> => {
  const end = run.log.begin("srv", url);
  const f = await fetchDocument(
    run,
    { method: "srv", url, accept: "*/*", maxBytes: 65_536 },
    (code) => code === 200 || code === 207 || code === 401 || (kind !== "jmap" && code === 405),
  );
  if (f._tag === "NotFetched") {
    end(f.outcome, f.detail);
    return null;
  }
  const place = webPlace(f.url);
  if (place === null) {
    end("bad-redirect");
    return null;
  }
  end("found");
  const auth = f.challenges.flatMap((c) => SCHEMES[c] ?? []);
  return { ...place, auth, crossDomain: f.crossDomain };
};

/** Where there is no SRV, the mail domain itself may know. DAV-4, JM-1 */
export const atDomain = async (
  run: Run,
  silent: ReadonlyArray<SrvLabel>,
): Promise<ReadonlyArray<Candidate>> => {
  const web = silent.filter((l) => l.security === "https");
  const found = await Promise.all(web.map(async (l): Promise<ReadonlyArray<Candidate>> => {
    const url = `${base(run.subject.domain, HTTPS)}${WELL_KNOWN[l.kind] ?? "/"}`;
    const f = await presence(run, url, l.kind);
    // a web site that answers everything with its front page offers nothing
    if (f === null || (f.url === url && f.auth.length === 0)) return [];
    const inside = relation(f.host, run.subject.domain) === "inside";
    return [{
      kind: l.kind,
      tls: "https",
      host: f.host,
      port: f.port,
      url: f.url,
      username: null,
      auth: f.auth.length > 0 ? f.auth : null,
      source: { method: "srv", url },
      trust: inside ? "verified" : "third-party",
      confirm: inside ? [] : ["cross-domain-redirect"],
    }];
  }));
  return found.flat();
};
