/**
 * One HTTP request to an untrusted server: pinned to an address that was checked, verified by the system's
 * authorities, bounded in time and size. docs/design/autodiscovery.md §9.6, §9.8
 *
 * Follows no redirect, keeps no cookie, sends no credential.
 */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { gunzipSync } from "node:zlib";
import type {
  HttpFailure,
  HttpFailureKind,
  HttpRequest,
  HttpResponse,
  HttpSend,
} from "../../discovery/discover/ports.ts";
import { notToItself } from "../../ports/self_connection.ts";
import { covers } from "../certificate_names.ts";
import type { Guard } from "../guard.ts";

export interface HttpSettings {
  readonly guard: Guard;
  /** PEM file with the authorities; null: those of the system. */
  readonly ca: string | null;
  /** Says who asks. */
  readonly userAgent: string;
  /** The port that is connected to instead of 443 or 80: for tests. */
  readonly portOf?: (host: string, port: number) => number;
}

const failed = (kind: HttpFailureKind, reason: string): HttpFailure => ({
  _tag: "Failed",
  kind,
  reason,
});

const codeOf = (e: unknown): string =>
  typeof e === "object" && e !== null && "code" in e ? String(e.code) : "";

/** Octets of a header, and of all that goes over the wire for one octet of header or content, chunks' lines included. */
const MAX_HEADER = 65_536;
const OVERHEAD = 8;
/** How often what has come is weighed. */
const WEIGH_MS = 20;

/** Codes that speak of the certificate or the handshake. */
const ABOUT_TLS = /CERT|ISSUER|SIGNATURE|SELF_SIGNED|ALTNAME|TLS|SSL|EPROTO/;

const failureOf = (e: unknown): HttpFailure => {
  const text = e instanceof Error ? e.message : String(e);
  return ABOUT_TLS.test(codeOf(e)) || /certificate|handshake|tls/i.test(text)
    ? failed("tls", text)
    : failed("connect", codeOf(e) === "" ? text : codeOf(e));
};

/** Schemes of WWW-Authenticate: the first word of each challenge. RFC 9110 §11.6.1 */
const challengesOf = (header: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  [header ?? []].flat().flatMap((h) =>
    h.split(",").flatMap((part) => /^\s*([A-Za-z][A-Za-z0-9-]*)(?:\s|$)/.exec(part)?.[1] ?? [])
  ).map((s) => s.toLowerCase());

const one = (header: string | ReadonlyArray<string> | undefined): string | null =>
  typeof header === "string" ? header : header?.[0] ?? null;

/** Decoded size is bounded as well. */
const decoded = (
  body: Uint8Array,
  encoding: string | null,
  maxBytes: number,
): Uint8Array | HttpFailure => {
  if (encoding === null || encoding === "identity") return body;
  if (encoding !== "gzip") return failed("connect", "an encoding that was not asked for");
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (e) {
    return /larger|length|size/i.test(String(e))
      ? failed("too-big", "decodes to too much")
      : failed("connect", "is no gzip");
  }
};

export const httpSend = (settings: HttpSettings): HttpSend => {
  const ca = settings.ca === null ? null : readFileSync(settings.ca, "utf8");
  return async (r) => {
    const url = new URL(r.url);
    const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
    if (!/^https?:$/.test(url.protocol) || (url.port !== "" && port !== 443 && port < 1024)) {
      return failed("forbidden", `port ${port} may not be asked`);
    }
    const places = await settings.guard(url.hostname);
    switch (places._tag) {
      case "NotFound":
        return failed("not-found", `${url.hostname} has no address`);
      case "Trouble":
        return failed("dns", places.reason);
      case "Forbidden":
        return failed("forbidden", places.reason);
      case "Places": {
        let last = failed("connect", "no address");
        for (const address of places.addresses) {
          const answer = await exchange(settings, ca, r, url, address, port);
          if (answer._tag === "Response" || answer.kind !== "connect") return answer;
          last = answer;
        }
        return last;
      }
    }
  };
};

/** One connection, verified; the runtime's own agent for HTTPS wants to read more of the system than it needs. */
class Secured extends Agent {
  readonly #open: () => TLSSocket;

  constructor(
    place: { readonly host: string; readonly port: number },
    name: string,
    ca: string | null,
  ) {
    super();
    this.#open = () =>
      notToItself(connect({
        ...place,
        servername: name,
        minVersion: "TLSv1.2",
        ...(ca === null ? {} : { ca: [ca] }),
        checkServerIdentity: (_: string, certificate: PeerCertificate) =>
          covers(certificate.subjectaltname ?? "", name)
            ? undefined
            : Object.assign(new Error(`certificate is not for ${name}`), { code: "ALTNAME" }),
      }));
  }

  override createConnection(): TLSSocket {
    return this.#open();
  }
}

const exchange = (
  settings: HttpSettings,
  ca: string | null,
  r: HttpRequest,
  url: URL,
  address: string,
  port: number,
): Promise<HttpResponse | HttpFailure> =>
  new Promise((resolve) => {
    const place = { host: address, port: settings.portOf?.(url.hostname, port) ?? port };
    const request = httpRequest({
      ...place,
      path: `${url.pathname}${url.search}`,
      method: r.method,
      agent: url.protocol === "https:" ? new Secured(place, url.hostname, ca) : false,
      headers: {
        "host": url.host,
        "accept": r.accept,
        "accept-encoding": "identity",
        "user-agent": settings.userAgent,
        ...(r.body === null ? {} : {
          "content-type": r.contentType ?? "text/xml; charset=utf-8",
          "content-length": String(Buffer.byteLength(r.body)),
        }),
      },
    });
    let ended = false;
    const end = (answer: HttpResponse | HttpFailure): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      clearInterval(weighing);
      r.signal.removeEventListener("abort", abort);
      request.destroy();
      resolve(answer);
    };
    const abort = (): void => end(failed("aborted", "given up"));
    let timer = setTimeout(() => end(failed("timeout", "no answer in time")), r.timeoutMs);
    // what is no content is not handed out, and yet it costs
    const most = OVERHEAD * (r.maxBytes + MAX_HEADER);
    const weighing = setInterval(() => {
      if ((request.socket?.bytesRead ?? 0) > most) end(failed("too-big", "says too much"));
    }, WEIGH_MS);
    r.signal.addEventListener("abort", abort, { once: true });
    request.on("error", (e) => end(failureOf(e)));
    request.on("socket", notToItself);
    request.on("response", (response) => {
      clearTimeout(timer);
      timer = setTimeout(() => end(failed("timeout", "the body did not end in time")), r.timeoutMs);
      read(response, r, end);
    });
    if (r.signal.aborted) return abort();
    request.end(r.body ?? undefined);
  });

const read = (
  response: IncomingMessage,
  r: HttpRequest,
  end: (answer: HttpResponse | HttpFailure) => void,
): void => {
  const { headers, statusCode = 0 } = response;
  const parts: Array<Uint8Array> = [];
  let size = 0;
  response.on("data", (chunk: Uint8Array) => {
    size += chunk.length;
    if (size > r.maxBytes) end(failed("too-big", `more than ${r.maxBytes} octets`));
    else parts.push(chunk);
  });
  response.on("error", (e) => end(failureOf(e)));
  response.on("aborted", () => end(failed("connect", "connection lost")));
  response.on("end", () => {
    const body = decoded(
      Buffer.concat(parts),
      one(headers["content-encoding"])?.trim().toLowerCase() ?? null,
      r.maxBytes,
    );
    if ("_tag" in body) return end(body);
    end({
      _tag: "Response",
      status: statusCode,
      contentType: headers["content-type"] ?? "",
      location: one(headers.location),
      challenges: challengesOf(headers["www-authenticate"]),
      body,
    });
  });
};
