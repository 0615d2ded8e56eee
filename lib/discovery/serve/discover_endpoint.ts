/**
 * `/v1/discover` for a handler to mount: discovery for any client, within limits. docs/design/autodiscovery.md §9.8
 *
 * Knows no runtime; what looks around for it comes in as a function. Never probes, never passes on what it fetched.
 */
import { NotAnAddress } from "../discover/discover.ts";
import type { DiscoverResult } from "../discover/result.ts";
import { parseSubject } from "../discover/subject.ts";
import { answer, readBody } from "./answer.ts";

/** Bounds of the endpoint, and the world that it looks at. */
export interface DiscoverEndpointOptions {
  readonly discover: (address: string) => Promise<DiscoverResult>;
  /** Milliseconds. */
  readonly now: () => number;
  readonly requestsPerMinute: number;
  readonly requestsPerDomainPerMinute: number;
}

/** Null: another path. `client`: identifies the client, such as its address. */
export type DiscoverEndpoint = (request: Request, client: string) => Promise<Response | null>;

const PATH = "/v1/discover";
const MAX_BODY = 4_096;
const BODY_MS = 5_000;
const MINUTE_MS = 60_000;
const MAX_KEPT = 1_000;
const MAX_KEYS = 50_000;
/** Nothing found is asked again sooner than what was found. */
const NEGATIVE_SECONDS = 300;

const json = (status: number, value: unknown, more: Readonly<Record<string, string>> = {}) =>
  answer(status, JSON.stringify(value), {
    "content-type": "application/json",
    "cache-control": "no-store",
    ...more,
  });

/** How often each key came within the running minute; starts anew with the next, so that it cannot grow. */
class Minute {
  readonly #limit: number;
  readonly #seen = new Map<string, number>();
  #since = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  admits(key: string, now: number): boolean {
    if (now - this.#since >= MINUTE_MS || now < this.#since) {
      this.#seen.clear();
      this.#since = now;
    }
    const before = this.#seen.get(key);
    // a flood of made-up keys is turned away, and takes no memory
    if (before === undefined && this.#seen.size >= MAX_KEYS) return false;
    const n = (before ?? 0) + 1;
    this.#seen.set(key, n);
    return n <= this.#limit;
  }
}

/** The address that is asked about; null where there is none. */
const asked = async (request: Request, url: URL): Promise<string | null> => {
  if (request.method !== "POST") {
    return url.searchParams.get("address") ?? url.searchParams.get("email");
  }
  const body = await readBody(request, MAX_BODY, BODY_MS);
  try {
    const value: unknown = JSON.parse(body ?? "");
    const email = typeof value === "object" && value !== null && "email" in value
      ? value.email
      : null;
    return typeof email === "string" ? email : null;
  } catch {
    return null;
  }
};

/** Attempts are listed without details of their outcome, which would show our network to strangers. */
const outward = (r: DiscoverResult): DiscoverResult => ({
  ...r,
  attempts: r.attempts.map((a) => ({ ...a, detail: null })),
});

const WAIT = { "retry-after": "60" } as const;

/**
 * `GET /v1/discover?address=` and its POST: runs discovery for whoever asks, within limits for each client and for
 * all together. Answers 200, 400, 429 and 503.
 */
export const discoverEndpoint = (o: DiscoverEndpointOptions): DiscoverEndpoint => {
  const clients = new Minute(o.requestsPerMinute);
  const domains = new Minute(o.requestsPerDomainPerMinute);
  const kept = new Map<string, { readonly result: DiscoverResult; readonly until: number }>();
  const fresh = async (key: string, address: string): Promise<DiscoverResult> => {
    const result = outward(await o.discover(address));
    const seconds = result.verdict === "tempfail"
      ? 0
      : result.verdict === "none"
      ? Math.min(result.ttl, NEGATIVE_SECONDS)
      : result.ttl;
    if (kept.size >= MAX_KEPT) kept.clear();
    if (seconds > 0) kept.set(key, { result, until: o.now() + seconds * 1000 });
    return result;
  };
  return async (request, client) => {
    const url = new URL(request.url);
    if (url.pathname !== PATH) return null;
    if (request.method !== "GET" && request.method !== "POST") {
      return json(405, { error: "GET or POST" }, { allow: "GET, POST" });
    }
    const now = o.now();
    if (!clients.admits(client, now)) return json(429, { error: "too many requests" }, WAIT);
    const address = await asked(request, url);
    const subject = address === null || address.length > 320 ? null : parseSubject(address);
    if (subject === null) return json(400, { error: "address= must be an address or a domain" });
    const key = `${subject.local ?? ""}@${subject.domain}`;
    const hit = kept.get(key);
    if (hit !== undefined && hit.until > now) return json(200, hit.result);
    if (!domains.admits(subject.domain, now)) {
      return json(429, { error: "too many requests" }, WAIT);
    }
    try {
      const result = await fresh(key, subject.email ?? subject.domain);
      return json(result.verdict === "tempfail" ? 503 : 200, result);
    } catch (e) {
      if (e instanceof NotAnAddress) return json(400, { error: "not an address" });
      throw e;
    }
  };
};
