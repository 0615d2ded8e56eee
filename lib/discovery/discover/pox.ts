/** Microsoft Autodiscover, asked without credentials. MS-OXDSCLI, docs/design/autodiscovery.md §6.1 */
import { orderSrv } from "../choose.ts";
import type { Kind, Security } from "../service.ts";
import { escape } from "../xml.ts";
import { portOf } from "./autoconfig_document.ts";
import { type Candidate, type MethodResult, NOTHING, together } from "./candidate.ts";
import { relation } from "./domains.ts";
import { fetchDocument, type Fetched } from "./fetch.ts";
import { hostName, webPlace } from "./host.ts";
import type { ConfirmReason, Trust } from "./result.ts";
import type { Run } from "./run.ts";
import { childrenOf, type Element, MAX_XML, parseXml, textAt } from "./xml.ts";
import { charsetOf } from "./xml_encoding.ts";

const PATH = "/autodiscover/autodiscover.xml";
const REQUEST = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006";
const RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
/** AD-12 */
const MAX_REDIRECTS = 10;

/** The request needs an address. */
export const poxRequest = (address: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="${REQUEST}"><Request>` +
  `<EMailAddress>${escape(address)}</EMailAddress>` +
  `<AcceptableResponseSchema>${RESPONSE}</AcceptableResponseSchema></Request></Autodiscover>`;

const KINDS: Readonly<Record<string, Kind>> = { IMAP: "imap", POP3: "pop3", SMTP: "submission" };

/** Ports that start in clear, where nothing else is said. AD-7 */
const CLEAR: ReadonlySet<number> = new Set([143, 110, 25, 587]);

/** `Encryption` overrides `SSL`. AD-7, AD-8 */
const securityOf = (p: Element, port: number): Security => {
  const encryption = textAt(p, "Encryption")?.toLowerCase() ?? null;
  if (encryption === "ssl") return "implicit";
  if (encryption === "tls") return "starttls";
  const off = (textAt(p, "SSL") ?? "on").toLowerCase() === "off" || encryption === "none";
  return off ? "none" : CLEAR.has(port) ? "starttls" : "implicit";
};

type Read =
  | { readonly _tag: "Servers"; readonly servers: ReadonlyArray<Server> }
  | { readonly _tag: "RedirectUrl"; readonly url: string }
  | { readonly _tag: "RedirectAddr"; readonly address: string }
  | { readonly _tag: "None"; readonly outcome: string };

type Server = Pick<Candidate, "kind" | "tls" | "host" | "port" | "username">;

/** An answer about the address that was asked with holds for the user's. AC-12 */
const placeholder = (login: string, asked: string): string => {
  const lower = login.toLowerCase();
  if (lower === asked.toLowerCase()) return "%EMAILADDRESS%";
  return lower === asked.slice(0, asked.lastIndexOf("@")).toLowerCase()
    ? "%EMAILLOCALPART%"
    : login;
};

const serverOf = (p: Element, asked: string): ReadonlyArray<Server> => {
  const kind = KINDS[(textAt(p, "Type") ?? "").toUpperCase()];
  const host = hostName(textAt(p, "Server") ?? "");
  const port = portOf(textAt(p, "Port"));
  if (kind === undefined || host === null || port === null) return [];
  const login = textAt(p, "LoginName");
  return [{
    kind,
    tls: securityOf(p, port),
    host,
    port,
    username: login === null || login === "" ? null : placeholder(login, asked),
  }];
};

/** Never throws. AD-5, AD-10, AD-12 */
export const readPox = (octets: Uint8Array, asked: string, charset: string | null = null): Read => {
  const xml = parseXml(octets, charset);
  if (xml._tag === "Unfit") return { _tag: "None", outcome: "malformed" };
  const [response] = childrenOf(xml.root, "Response");
  if (xml.root.name !== "Autodiscover" || response === undefined) {
    return { _tag: "None", outcome: "malformed" };
  }
  const [error] = childrenOf(response, "Error");
  if (error !== undefined) {
    return { _tag: "None", outcome: `error-${textAt(error, "ErrorCode") ?? "unknown"}` };
  }
  const [account] = childrenOf(response, "Account");
  if (account === undefined) return { _tag: "None", outcome: "empty" };
  const url = textAt(account, "RedirectUrl");
  if (url !== null) return { _tag: "RedirectUrl", url };
  const address = textAt(account, "RedirectAddr");
  if (address !== null) return { _tag: "RedirectAddr", address };
  const servers = childrenOf(account, "Protocol").flatMap((p) => serverOf(p, asked));
  return servers.length === 0 ? { _tag: "None", outcome: "empty" } : { _tag: "Servers", servers };
};

const candidate = (
  run: Run,
  f: Fetched,
  s: Server,
  reasons: ReadonlyArray<ConfirmReason>,
): Candidate => {
  const inside = relation(s.host, run.subject.domain) === "inside";
  const trust: Trust = s.tls === "none"
    ? "insecure"
    : inside && reasons.length === 0
    ? "verified"
    : "third-party";
  return {
    ...s,
    url: null,
    auth: null,
    source: { method: "pox", url: f.url },
    trust,
    confirm: reasons,
  };
};

/** Asks one endpoint and whatever it leads to. */
const ask = async (
  run: Run,
  start: string,
  reasons: ReadonlyArray<ConfirmReason>,
): Promise<MethodResult> => {
  let url = start;
  // the user's own only where that is agreed to: any other of the domain tells the same servers
  let address = (run.options.sendAddress === true ? run.subject.email : null) ??
    `postmaster@${run.subject.domain}`;
  let away = false;
  const seen = new Set<string>();
  for (let i = 0; i <= MAX_REDIRECTS; i++) {
    const end = run.log.begin("pox", url);
    if (seen.has(`${url} ${address}`)) {
      end("redirect-loop");
      return NOTHING;
    }
    seen.add(`${url} ${address}`);
    const f = await fetchDocument(run, {
      method: "pox",
      url,
      accept: "text/xml",
      maxBytes: MAX_XML,
      body: poxRequest(address),
    });
    if (f._tag === "NotFetched") {
      // Exchange is there and reads nothing without a password, which it does not get. AD-12, SEC-3
      end(f.outcome === "http-401" ? "needs-auth" : f.outcome, f.detail);
      return { ...NOTHING, unknown: f.unknown };
    }
    const read = readPox(f.body, address, charsetOf(f.contentType));
    if (read._tag === "Servers") {
      end("found");
      const all = away || f.crossDomain ? [...reasons, "cross-domain-redirect" as const] : reasons;
      return { ...NOTHING, candidates: read.servers.map((s) => candidate(run, f, s, all)) };
    }
    if (read._tag === "None") {
      end(read.outcome);
      return NOTHING;
    }
    end("redirect", read._tag === "RedirectUrl" ? read.url : read.address);
    if (read._tag === "RedirectUrl") {
      const place = webPlace(read.url);
      if (place === null) return NOTHING;
      url = place.url;
      away ||= relation(place.host, run.subject.domain) === "outside";
    } else {
      const domain = hostName(read.address.slice(read.address.lastIndexOf("@") + 1));
      if (domain === null) return NOTHING;
      address = read.address;
      url = `https://autodiscover.${domain}${PATH}`;
      away ||= relation(domain, run.subject.domain) === "outside";
    }
  }
  return NOTHING;
};

/** Where `_autodiscover._tcp` leads; everybody ignores its port, and so do we. AD-14 */
const bySrv = async (run: Run): Promise<MethodResult> => {
  const answer = await run.ports.lookup(`_autodiscover._tcp.${run.subject.domain}`, "SRV");
  if (answer._tag !== "Found") return NOTHING;
  const named = answer.records.filter((r) => r.target === "" || hostName(r.target) !== null);
  const [first] = orderSrv(named, run.ports.draw).targets;
  if (first === undefined) return NOTHING;
  const inside = answer.secure || relation(first.target, run.subject.domain) === "inside";
  return await ask(run, `https://${first.target}${PATH}`, inside ? [] : ["target-outside-domain"]);
};

/** A redirect over plain HTTP, from an unverified server; its target is asked over HTTPS. AD-13 */
export const poxRedirect = async (run: Run): Promise<MethodResult> => {
  const url = `http://autodiscover.${run.subject.domain}${PATH}`;
  const end = run.log.begin("http", url);
  const answer = await run.ports.send({
    method: "GET",
    url,
    body: null,
    accept: "text/xml",
    maxBytes: MAX_XML,
    timeoutMs: 5_000,
    signal: run.signal,
  });
  if (answer._tag === "Failed") {
    end(answer.kind, answer.reason);
    return NOTHING;
  }
  const to = answer.location;
  if (answer.status < 300 || answer.status >= 400 || to === null || !/^https:\/\//i.test(to)) {
    end(`http-${answer.status}`);
    return NOTHING;
  }
  end("redirect", to);
  const found = await ask(run, to, ["http-redirect"]);
  return {
    ...found,
    candidates: found.candidates.map((c) => ({
      ...c,
      trust: "insecure",
      source: { ...c.source, method: "http" },
    })),
  };
};

/** The hosts that Outlook asks, all at once. AD-2, AD-12 */
export const poxMethod = async (run: Run): Promise<MethodResult> => {
  const { domain } = run.subject;
  const all = await Promise.all([
    ask(run, `https://autodiscover.${domain}${PATH}`, []),
    ask(run, `https://${domain}${PATH}`, []),
    bySrv(run),
  ]);
  return all.find((r) => r.candidates.length > 0) ?? together(all);
};
