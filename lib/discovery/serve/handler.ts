/**
 * The HTTP endpoints of autodiscovery: a request in, a response out. Knows no runtime, keeps nothing,
 * asks for no password, and answers for configured domains only. Fits `deno serve` and edge runtimes.
 */
import { MAX_REQUEST, readPoxRequest } from "./autodiscover_request.ts";
import { OUTLOOK, poxError, poxSettings } from "./autodiscover.ts";
import { autoconfigDocument } from "../autoconfig.ts";
import { autodiscoverJson } from "./autodiscover_json.ts";
import { answer, kept, notAllowed, plain, readBody } from "./answer.ts";
import { mobileconfig } from "./mobileconfig.ts";
import { languageOf } from "./language.ts";
import { mtaStsPolicy } from "../mta_sts.ts";
import { type Offer, servicesOf } from "../offer.ts";
import { page, pagePolicy } from "./page.ts";
import { problemOf } from "./page_problem.ts";
import { paccDocument } from "../pacc.ts";
import { type Kind, urlOf } from "../service.ts";
import { hostOf, offerAt, offerFor, offerOfRequest, readAddress } from "./which.ts";

/** The domains that {@link makeHandler} answers for, and what it may answer. */
export interface HandlerOptions {
  readonly offers: ReadonlyArray<Offer>;
  /** Answer Autodiscover v2, which no public text describes. AJ-5, O-2 */
  readonly autodiscoverV2: boolean;
}

/** Answers one HTTP request; it never rejects because of what was asked. */
export type Handler = (request: Request) => Promise<Response>;

/** One endpoint. `address`: the parameter by which clients name it, where they do. */
type Route = (request: Request, url: URL, o: HandlerOptions) => Promise<Response> | Response;

const UNKNOWN = (): Response => plain(404, "not found");
const XML = "text/xml; charset=utf-8";
/** A body that takes longer is none. */
const BODY_MS = 5_000;

/**
 * Makes the `fetch` handler of all endpoints: autoconfig, Autodiscover, mobileconfig, PACC, MTA-STS, well-known URIs
 * and the page for people. Other paths and domains get 404.
 */
export const makeHandler = (o: HandlerOptions): Handler => async (request) => {
  const response = await answered(request, o);
  return request.method === "HEAD" ? await headOf(response) : response;
};

const answered = async (request: Request, o: HandlerOptions): Promise<Response> => {
  const url = new URL(request.url);
  if (request.url.length > 8 * 1024) return plain(414, "the address is too long");
  const route = routeOf(url.pathname);
  return route === null ? UNKNOWN() : await route(request, url, o);
};

/** The same without its content, but with its length. RFC 9110 §9.3.2, §8.6 */
const headOf = async (response: Response): Promise<Response> => {
  const { status, headers } = response;
  const octets = (await response.arrayBuffer()).byteLength;
  if (status !== 304) headers.set("content-length", String(octets));
  return new Response(null, { status, headers });
};

const routeOf = (path: string): Route | null => {
  const exact = ROUTES.get(path);
  if (exact !== undefined) return exact;
  const lower = path.toLowerCase(); // Outlook and others write it in three ways. AD-1, AJ-1
  if (lower === "/autodiscover/autodiscover.xml") return pox;
  if (lower === "/autodiscover/autodiscover.json") return json;
  return lower.startsWith("/autodiscover/autodiscover.json/v1.0/") ? json : null;
};

const reads = (request: Request): boolean => request.method === "GET" || request.method === "HEAD";

/** For documents that are the same for everyone. */
const OPEN = { "access-control-allow-origin": "*" } as const;

const autoconfig: Route = async (request, url, { offers }) => {
  if (!reads(request)) return notAllowed("GET", "HEAD");
  const offer = offerOfRequest(offers, request, url.searchParams.get("emailaddress"));
  if (offer === null) return UNKNOWN();
  return await kept(request, autoconfigDocument(offer), {
    ...OPEN,
    "content-type": XML,
    "cache-control": "public, max-age=3600",
  });
};

/** AD-9: whatever Authorization says is not looked at. */
const pox: Route = async (request, url, { offers }) => {
  const reply = (body: string): Response =>
    answer(200, body, { "content-type": XML, "cache-control": "no-store" });
  const host = hostOf(request);
  if (reads(request)) {
    const offer = offerAt(offers, host);
    if (url.protocol !== "http:" || offer === null) {
      return reply(poxError(600, OUTLOOK, new Date()));
    }
    const to = `https://${offer.web ?? `autodiscover.${offer.domain}`}${POX_PATH}`;
    return plain(302, to, { location: to });
  }
  if (request.method !== "POST") return notAllowed("GET", "HEAD", "POST");
  const body = await readBody(request, MAX_REQUEST, BODY_MS);
  if (body === null) return plain(413, `the body must be UTF-8 of at most ${MAX_REQUEST} octets`);
  const asked = readPoxRequest(body);
  if (asked._tag === "Malformed") return reply(poxError(600, OUTLOOK, new Date()));
  const { schema } = asked;
  if (schema !== null && schema !== OUTLOOK) return reply(poxError(601, schema, new Date()));
  const read = readAddress(asked.address);
  const offer = read === null ? null : offerFor(offers, read.domain);
  return reply(
    read === null || offer === null
      ? poxError(500, schema, new Date())
      : poxSettings(offer, read.address),
  );
};

const POX_PATH = "/autodiscover/autodiscover.xml";

/** The first parameter of that name in any case. */
const parameter = (url: URL, name: string): string | null => {
  for (const [key, value] of url.searchParams) if (key.toLowerCase() === name) return value;
  return null;
};

const json: Route = (request, url, { offers, autodiscoverV2 }) => {
  if (!autodiscoverV2) return UNKNOWN();
  if (!reads(request)) return notAllowed("GET", "HEAD");
  const [, inPath] = /\/v1\.0\/([^/]*)\/?$/i.exec(url.pathname) ?? [];
  const address = inPath === undefined ? parameter(url, "email") : decoded(inPath);
  const offer = offerOfRequest(offers, request, address);
  if (offer === null) return UNKNOWN();
  const host = offer.web ?? `autodiscover.${offer.domain}`;
  const { status, body } = autodiscoverJson(address, parameter(url, "protocol"), host);
  return answer(status, body, {
    "content-type": "application/json",
    "cache-control": "no-store",
  });
};

const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
};

const pacc: Route = async (request, _url, { offers }) => {
  if (!reads(request)) return notAllowed("GET", "HEAD");
  const offer = offerAt(offers, hostOf(request));
  const document = offer === null ? null : paccDocument(offer);
  if (offer === null || document === null) return UNKNOWN();
  return await kept(request, document, {
    ...OPEN,
    "content-type": "application/json",
    // any change of an octet changes the digest, and nothing may outlive the record that holds it. PC-14
    "cache-control": `no-transform, max-age=${Math.min(offer.ttl, 3600)}`,
  });
};

const profile: Route = async (request, url, { offers }) => {
  if (!reads(request)) return notAllowed("GET", "HEAD");
  const read = readAddress(
    url.searchParams.get("emailaddress") ?? url.searchParams.get("email") ?? "",
  );
  if (read === null) return plain(400, "emailaddress= must be an e-mail address");
  const offer = offerFor(offers, read.domain);
  const name = (url.searchParams.get("name") ?? "").slice(0, 100);
  const body = offer === null
    ? null
    : await mobileconfig(offer, read.address, name === "" ? null : name);
  if (offer === null || body === null) return UNKNOWN();
  return answer(200, body, {
    "content-type": "application/x-apple-aspen-config",
    "content-disposition": `attachment; filename="${offer.domain}.mobileconfig"`,
    "cache-control": "no-store",
  });
};

/** Only under its own name. RFC 8461 §3.3 */
const mtaSts: Route = async (request, _url, { offers }) => {
  if (!reads(request)) return notAllowed("GET", "HEAD");
  const host = hostOf(request);
  const offer = host.startsWith("mta-sts.") ? offerFor(offers, host.slice(8)) : null;
  if (offer === null || offer.mtaSts === null) return UNKNOWN();
  return await kept(request, mtaStsPolicy(offer.mtaSts), {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "public, max-age=3600",
  });
};

/** Leads on to where the service is, unless that is here. RFC 6764 §5, RFC 8620 §2.2 */
const leadTo = (kind: Kind): Route => (request, url, { offers }) => {
  const offer = offerAt(offers, hostOf(request));
  const [service] = offer === null ? [] : servicesOf(offer, kind);
  const to = service === undefined ? null : urlOf(service);
  if (to === null || (service?.host === hostOf(request) && service.path === url.pathname)) {
    return UNKNOWN();
  }
  return answer(307, null, { location: to, "cache-control": "public, max-age=3600" });
};

/** Domains whose page stands on a host: its own, and those that name it as their web host. */
const offersAt = (offers: ReadonlyArray<Offer>, host: string): ReadonlyArray<Offer> => {
  const own = offerAt(offers, host);
  return offers.filter((o) => o === own || o.web === host);
};

const people: Route = async (request, url, { offers }) => {
  if (!reads(request)) return notAllowed("GET", "HEAD");
  const host = hostOf(request);
  const known = offersAt(offers, host);
  if (known.length === 0) return UNKNOWN();
  const entered = (url.searchParams.get("address") ?? "").slice(0, 320);
  const problem = entered.trim() === "" ? null : problemOf(entered, offers, known);
  const read = problem === null ? readAddress(entered) : null;
  const offer = read === null ? null : offerFor(offers, read.domain);
  const address = offer === null ? null : read?.address ?? null;
  const link = offer === null || address === null ? null : profileUrl(offer, address);
  const can = link !== null && offer !== null && address !== null &&
    await mobileconfig(offer, address, null) !== null;
  const words = languageOf(request.headers.get("accept-language"));
  const html = page({
    words,
    offer: offer ?? offerAt(offers, host),
    address,
    entered,
    problem,
    profile: can ? link : null,
  });
  return answer(problem === null ? 200 : problem.what === "notHere" ? 404 : 400, html, {
    "content-type": "text/html; charset=utf-8",
    "content-language": words.lang,
    "content-security-policy": await pagePolicy(),
    "cache-control": "no-store",
    "vary": "Accept-Language",
  });
};

const profileUrl = (offer: Offer, address: string): string =>
  `https://${offer.web ?? `autoconfig.${offer.domain}`}/.well-known/mobileconfig?emailaddress=${
    encodeURIComponent(address)
  }`;

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["/", people],
  ["/mail/config-v1.1.xml", autoconfig],
  ["/.well-known/autoconfig/mail/config-v1.1.xml", autoconfig],
  ["/.well-known/user-agent-configuration.json", pacc],
  ["/.well-known/mobileconfig", profile],
  ["/email.mobileconfig", profile],
  ["/.well-known/mta-sts.txt", mtaSts],
  ["/.well-known/jmap", leadTo("jmap")],
  ["/.well-known/caldav", leadTo("caldav")],
  ["/.well-known/carddav", leadTo("carddav")],
  ["/healthz", () => plain(200, "ok")],
]);
