/** Fetches a document over HTTP, through a few checked redirects. docs/design/autodiscovery.md §9.6, AC-20 */
import type { HttpFailureKind, HttpRequest } from "./ports.ts";
import type { Method } from "./result.ts";
import { relation } from "./domains.ts";
import { withoutRoot } from "./host.ts";
import type { Run } from "./run.ts";

const MAX_REDIRECTS = 5;
const TIMEOUT_MS = 5_000;

export interface Fetched {
  readonly _tag: "Fetched";
  readonly status: number;
  readonly body: Uint8Array;
  readonly contentType: string;
  /** Where it came from in the end. */
  readonly url: string;
  readonly challenges: ReadonlyArray<string>;
  /** A redirect led to a host that is not of the mail domain. */
  readonly crossDomain: boolean;
  /** Some part of the way was in clear. */
  readonly clear: boolean;
}

/** `unknown`: something should have answered, and did not. docs/design/autodiscovery.md §9.5 */
export interface NotFetched {
  readonly _tag: "NotFetched";
  readonly outcome: string;
  readonly detail: string;
  readonly unknown: "dns" | "http" | null;
}

/** Nobody listens: there is nothing to be had, as opposed to something that fails. */
export const REFUSED = "ECONNREFUSED";

const UNKNOWN: Readonly<Record<HttpFailureKind, "dns" | "http" | null>> = {
  "not-found": null,
  "dns": "dns",
  "forbidden": null,
  "connect": "http",
  "tls": "http",
  "timeout": "http",
  "too-big": null,
  "aborted": null,
};

export interface FetchSpec {
  readonly method: Method;
  readonly url: string;
  readonly accept: string;
  readonly maxBytes: number;
  /** Sent by POST; GET without. */
  readonly body?: string;
}

const not = (
  outcome: string,
  detail: string,
  unknown: NotFetched["unknown"] = null,
): NotFetched => ({
  _tag: "NotFetched",
  outcome,
  detail,
  unknown,
});

/** Https may not become http; a redirect to another owner is followed and reported. */
const next = (from: string, location: string | null): string | NotFetched => {
  if (location === null || !URL.canParse(location, from)) {
    return not("bad-redirect", "redirect without a target");
  }
  const to = withoutRoot(new URL(location, from));
  if (to.protocol !== "https:" && !(to.protocol === "http:" && from.startsWith("http:"))) {
    return not("bad-redirect", `redirect to ${to.protocol.replace(":", "")}`);
  }
  if (to.username !== "" || to.password !== "") {
    return not("bad-redirect", "redirect with a password");
  }
  to.hash = "";
  return to.href;
};

/** What the answer means where no document came. */
const status = (code: number): NotFetched =>
  code >= 500
    ? not(`http-${code}`, `HTTP status ${code}`, "http")
    : not(`http-${code}`, `HTTP status ${code}`);

/**
 * `wanted`: statuses that are an answer; others are reported by number. Attempts are recorded here, successful or
 * not.
 */
export const fetchDocument = async (
  run: Run,
  spec: FetchSpec,
  wanted: (code: number) => boolean = (code) => code === 200,
): Promise<Fetched | NotFetched> => {
  const seen = new Set<string>();
  let url = spec.url;
  let crossDomain = false;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    if (seen.has(url)) return not("redirect-loop", `redirects lead back to ${url}`);
    seen.add(url);
    const answer = await run.ports.send(requestOf(run, spec, url));
    if (answer._tag === "Failed") {
      const { kind, reason } = answer;
      return not(kind, reason, reason === REFUSED ? null : UNKNOWN[kind]);
    }
    if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) {
      const to = next(url, answer.location);
      if (typeof to !== "string") return to;
      const away = relation(new URL(to).hostname, run.subject.domain) === "outside";
      crossDomain ||= away && new URL(to).hostname !== new URL(spec.url).hostname;
      url = to;
      continue;
    }
    if (!wanted(answer.status)) return status(answer.status);
    return {
      _tag: "Fetched",
      status: answer.status,
      body: answer.body,
      contentType: answer.contentType,
      challenges: answer.challenges,
      url,
      crossDomain,
      clear: [...seen].some((u) => u.startsWith("http:")),
    };
  }
  return not("redirect-loop", "too many redirects");
};

const requestOf = (run: Run, spec: FetchSpec, url: string): HttpRequest => ({
  method: spec.body === undefined ? "GET" : "POST",
  url,
  body: spec.body ?? null,
  accept: spec.accept,
  maxBytes: spec.maxBytes,
  timeoutMs: TIMEOUT_MS,
  signal: run.signal,
});
