/**
 * SRV records of a mail domain, and the services at their targets. RFC 6186, RFC 8314 §5.1, RFC 6764 §6,
 * docs/design/autodiscovery.md §9.4
 */
import type { DnsAnswer, Srv } from "../../ports/dns.ts";
import { orderSrv } from "../choose.ts";
import { type Auth, SRV_LABELS, type SrvLabel, WELL_KNOWN } from "../service.ts";
import { type Candidate, type MethodResult, NOTHING, together } from "./candidate.ts";
import { relation } from "./domains.ts";
import { hostName } from "./host.ts";
import type { ConfirmReason, Dnssec, Source, Trust, Warning } from "./result.ts";
import type { Run } from "./run.ts";
import { NO_SHADOW, shadowed, shadowOf } from "./wildcard.ts";
import { atDomain, base, pathOf, type Presence, presence } from "./web.ts";

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
  const found = await presence(run, wellKnown, kind) ??
    (kind === "jmap" ? null : await presence(run, `${start}/`, kind));
  const published = candidate(run, t, wellKnown, null);
  // published, if not seen: what is there may need another look
  return {
    ...NOTHING,
    warnings,
    candidates: [found === null ? published : ledTo(published, found)],
  };
};

/** Where a redirect has led to other people, it is they who would get the password. docs/design/autodiscovery.md §9.6 */
const ledTo = (c: Candidate, { host, port, url, auth, crossDomain }: Presence): Candidate => ({
  ...c,
  host,
  port,
  url,
  auth,
  trust: crossDomain ? "third-party" : c.trust,
  confirm: crossDomain ? [...c.confirm, "cross-domain-redirect"] : c.confirm,
});

interface Labelled {
  readonly label: SrvLabel;
  readonly answer: DnsAnswer<"SRV">;
}

/** What stands where RFC 2782 wants the name of a host. */
const whatIs = (target: string): string =>
  /^[0-9.]+$/.test(target) || target.includes(":")
    ? `the address ${target}, and must name a host that has it`
    : `${JSON.stringify(target)}, which is no fully qualified host name`;

const ofLabel = async (run: Run, { label, answer }: Labelled): Promise<MethodResult> => {
  const owner = `${label.label}.${run.subject.domain}`;
  if (answer._tag !== "Found") return NOTHING;
  const order = orderSrv(answer.records, run.ports.draw);
  const warnings: Array<Warning> = order.warnings.map((code) => ({ code, detail: owner }));
  if (order.absent) return { ...NOTHING, absent: [shortLabel(label.label)], warnings };
  const bad = order.targets.filter((r) => hostName(r.target) === null);
  for (const { target } of bad) {
    warnings.push({ code: "srv-target-no-name", detail: `${owner} names ${whatIs(target)}` });
  }
  const usable = order.targets.filter((r) => !bad.includes(r)).slice(0, MAX_TARGETS);
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
  const shadow = answers.some(({ answer }) => answer._tag === "Found")
    ? await shadowOf(run)
    : NO_SHADOW;
  const all = shadowed(
    together(await Promise.all(answers.map((a) => ofLabel(run, a)))),
    shadow,
  );
  const silent = answers.filter(({ answer }) =>
    answer._tag === "NoData" || answer._tag === "NoSuchDomain"
  );
  const web = await atDomain(run, silent.map(({ label }) => label));
  const unknown = answers.some(({ answer }) => answer._tag === "Trouble");
  return {
    ...all,
    candidates: [...all.candidates].sort(bySecurity).concat(web),
    unknown: unknown ? "dns" : null,
  };
};
