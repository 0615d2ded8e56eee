/** SRV records of a mail domain, and what stands at their targets. RFC 6186, RFC 8314 §5.1, RFC 6764 §6, section 9.4 */
import type { DnsAnswer, Srv } from "../../ports/dns.ts";
import { orderSrv } from "../choose.ts";
import { SRV_LABELS, type SrvLabel, WELL_KNOWN } from "../service.ts";
import { type Candidate, type MethodResult, NOTHING, together } from "./candidate.ts";
import { relation } from "./domains.ts";
import { fetchDocument } from "./fetch.ts";
import { hostName } from "./host.ts";
import type { Auth, Kind } from "../service.ts";
import type { ConfirmReason, Dnssec, Source, Trust, Warning } from "./result.ts";
import type { Run } from "./run.ts";

/** Targets of one label that are looked at. */
const MAX_TARGETS = 20;

/** `_imaps._tcp` without what it shares with all. */
export const shortLabel = (label: string): string => label.slice(1).replace(/\._tcp$/, "");

const dnssecOf = (a: { readonly secure: boolean }): Dnssec => a.secure ? "secure" : "unknown";

/** SEC-4, SEC-5 */
const reasonsOf = (run: Run, target: string, secure: boolean): ReadonlyArray<ConfirmReason> => {
  if (secure) return [];
  switch (relation(target, run.subject.domain)) {
    case "inside":
      return [];
    case "sibling":
      return ["target-sibling"];
    case "outside":
      return ["target-outside-domain"];
  }
};

const trustOf = (run: Run, target: string, secure: boolean): Trust =>
  secure
    ? "verified"
    : relation(target, run.subject.domain) === "inside"
    ? "same-domain"
    : "third-party";

interface Target {
  readonly label: SrvLabel;
  readonly srv: Srv;
  readonly secure: boolean;
  readonly aliases: ReadonlyArray<string>;
}

/** A target must have addresses and should be no alias. SRV-7 */
const checked = async (run: Run, t: Target): Promise<MethodResult> => {
  const { target } = t.srv;
  const [six, four] = await Promise.all([
    run.ports.lookup(target, "AAAA"),
    run.ports.lookup(target, "A"),
  ]);
  const warnings: Array<Warning> = [];
  const none = [six, four].every((a) => a._tag === "NoData" || a._tag === "NoSuchDomain");
  if ([six, four].some((a) => a._tag === "Found" && a.aliases.length > 0)) {
    warnings.push({ code: "srv-target-alias", detail: `${target} is an alias` });
  }
  if (none) {
    warnings.push({ code: "srv-target-no-address", detail: `${target} has no address` });
    return { ...NOTHING, warnings };
  }
  return t.label.security === "https"
    ? await webService(run, t, warnings)
    : { ...NOTHING, warnings, candidates: [candidate(run, t, null, null)] };
};

const sourceOf = (run: Run, t: Target): Source => ({
  method: "srv",
  name: `${t.label.label}.${run.subject.domain}`,
  ...(t.aliases.length > 0 ? { aliases: t.aliases } : {}),
  priority: t.srv.priority,
  weight: t.srv.weight,
  dnssec: t.secure ? "secure" : "unknown",
});

const candidate = (
  run: Run,
  t: Target,
  url: string | null,
  auth: ReadonlyArray<Auth> | null,
): Candidate => ({
  kind: t.label.kind,
  tls: t.label.security,
  host: t.srv.target,
  port: t.srv.port,
  url,
  username: null,
  auth,
  source: sourceOf(run, t),
  trust: trustOf(run, t.srv.target, t.secure),
  confirm: reasonsOf(run, t.srv.target, t.secure),
});

const base = (host: string, port: number): string =>
  `https://${host}${port === 443 ? "" : `:${port}`}`;

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

/** JMAP and DAV: where they begin. RFC 8620 §2.2, RFC 6764 §6, DAV-2, DAV-3, JM-1 */
const webService = async (
  run: Run,
  t: Target,
  warnings: ReadonlyArray<Warning>,
): Promise<MethodResult> => {
  const { kind } = t.label;
  const start = base(t.srv.target, t.srv.port);
  const path = kind === "jmap"
    ? null
    : pathOf(await run.ports.lookup(`${t.label.label}.${run.subject.domain}`, "TXT"));
  if (path !== null) {
    return { ...NOTHING, warnings, candidates: [candidate(run, t, `${start}${path}`, null)] };
  }
  const wellKnown = `${start}${WELL_KNOWN[kind] ?? "/"}`;
  const found = await presence(run, wellKnown, kind);
  if (found !== null) {
    return { ...NOTHING, warnings, candidates: [candidate(run, t, found.url, found.auth)] };
  }
  const root = kind === "jmap" ? null : await presence(run, `${start}/`, kind);
  // published, if not seen: what is there may need another look
  return {
    ...NOTHING,
    warnings,
    candidates: [candidate(run, t, root?.url ?? wellKnown, root?.auth ?? null)],
  };
};

const SCHEMES: Readonly<Record<string, Auth>> = {
  basic: "password",
  digest: "encrypted",
  bearer: "oauth2",
  negotiate: "gssapi",
};

/** 200, 207 and 401 prove that something is there. */
const presence = async (
  run: Run,
  url: string,
  kind: Kind,
): Promise<{ readonly url: string; readonly auth: ReadonlyArray<Auth> } | null> => {
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
  if (hostName(new URL(f.url).hostname) === null) {
    end("bad-redirect");
    return null;
  }
  end("found");
  return { url: f.url, auth: f.challenges.flatMap((c) => SCHEMES[c] ?? []) };
};

interface Labelled {
  readonly label: SrvLabel;
  readonly answer: DnsAnswer<"SRV">;
}

const ofLabel = async (run: Run, { label, answer }: Labelled): Promise<MethodResult> => {
  const owner = `${label.label}.${run.subject.domain}`;
  if (answer._tag !== "Found") return NOTHING;
  const order = orderSrv(answer.records, run.ports.draw);
  const warnings = order.warnings.map((code) => ({ code, detail: owner }));
  if (order.absent) return { ...NOTHING, absent: [shortLabel(label.label)], warnings };
  const usable = order.targets.filter((r) => hostName(r.target) !== null).slice(0, MAX_TARGETS);
  const results = await Promise.all(
    usable.map((srv) =>
      checked(run, { label, srv, secure: answer.secure, aliases: answer.aliases })
    ),
  );
  const all = together(results);
  return { ...all, warnings: [...warnings, ...all.warnings] };
};

/** Lower priority first across the labels of a kind; at a tie TLS from the first octet. RFC 8314 §3, SRV-10 */
const bySecurity = (a: Candidate, b: Candidate): number =>
  (a.source.priority ?? 0) - (b.source.priority ?? 0) ||
  Number(b.tls === "implicit") - Number(a.tls === "implicit");

/** All labels at once. */
export const srvMethod = async (run: Run): Promise<MethodResult> => {
  const { domain } = run.subject;
  const answers = await Promise.all(SRV_LABELS.map(async (label): Promise<Labelled> => {
    const owner = `${label.label}.${domain}`;
    const end = run.log.begin("srv", owner);
    const answer = await run.ports.lookup(owner, "SRV");
    if (answer._tag === "Trouble") end(answer.kind, answer.reason);
    else if (answer._tag === "Found") end("found", dnssecOf(answer) === "secure" ? "DNSSEC" : null);
    else end(answer._tag === "NoData" ? "nodata" : "nxdomain");
    return { label, answer };
  }));
  const all = together(await Promise.all(answers.map((a) => ofLabel(run, a))));
  const web = await wellKnown(run, answers);
  const unknown = answers.some(({ answer }) => answer._tag === "Trouble");
  return {
    ...all,
    candidates: [...all.candidates].sort(bySecurity).concat(web),
    unknown: unknown ? "dns" : null,
  };
};

/** Without SRV the mail domain itself may know. DAV-4, JM-1 */
const wellKnown = async (
  run: Run,
  answers: ReadonlyArray<Labelled>,
): Promise<ReadonlyArray<Candidate>> => {
  const silent = answers.filter(({ label, answer }) =>
    label.security === "https" && (answer._tag === "NoData" || answer._tag === "NoSuchDomain")
  );
  const found = await Promise.all(
    silent.map(async ({ label }): Promise<ReadonlyArray<Candidate>> => {
      const url = `${base(run.subject.domain, 443)}${WELL_KNOWN[label.kind] ?? "/"}`;
      const f = await presence(run, url, label.kind);
      // a web site that answers everything with its front page offers nothing
      if (f === null || (f.url === url && f.auth.length === 0)) return [];
      const { hostname, port } = new URL(f.url);
      const inside = relation(hostname, run.subject.domain) === "inside";
      return [{
        kind: label.kind,
        tls: "https",
        host: hostname,
        port: port === "" ? 443 : Number(port),
        url: f.url,
        username: null,
        auth: f.auth.length > 0 ? f.auth : null,
        source: { method: "srv", url },
        trust: inside ? "verified" : "third-party",
        confirm: inside ? [] : ["cross-domain-redirect"],
      }];
    }),
  );
  return found.flat();
};
