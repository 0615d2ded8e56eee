/** Between `node:http` and the web's `Request` and `Response`. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Larger bodies are refused before anybody looks at them; endpoints may take less. */
const MAX_BODY = 64 * 1024;

export interface Origin {
  /** Whether the client came over TLS to us. */
  readonly tls: boolean;
  /** Proxies whose word is taken for what the client asked for. */
  readonly trustedProxies: ReadonlyArray<string>;
}

/**
 * Methods that a `Request` cannot hold, and that no endpoint has: what TRACE sends back, and where CONNECT leads, is
 * nothing of ours. RFC 9110 §9.3.6, §9.3.8
 */
export const FORBIDDEN: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** RFC 9110 §15.5.6 wants the field; what a single endpoint allows, its own answer says. */
export const ALLOWED = "GET, HEAD, POST";

/**
 * Whether those who stand between could read the request in another way than we do: Host more than once, or a coding
 * that HTTP/1.0 does not know. RFC 9112 §3.2, §6.1
 */
const ambiguous = ({ rawHeaders, headers, httpVersion }: IncomingMessage): boolean => {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === "host") hosts++;
  }
  return hosts > 1 || (httpVersion === "1.0" && headers["transfer-encoding"] !== undefined);
};

/** Null: too long, or not a request that can be answered. */
export const toRequest = async (
  incoming: IncomingMessage,
  origin: Origin,
): Promise<Request | null> => {
  if (ambiguous(incoming)) return null;
  const body = await bodyOf(incoming);
  const url = urlOf(incoming, origin);
  if (body === null || url === null) return null;
  const method = incoming.method ?? "GET";
  const headers = new Headers();
  for (const name of PASSED) {
    const value = incoming.headers[name];
    if (typeof value === "string") headers.set(name, value);
  }
  return new Request(url, {
    method,
    headers,
    ...(method === "GET" || method === "HEAD" ? {} : { body: Uint8Array.from(body) }),
  });
};

/** All that the endpoints look at. A password that some clients send unasked goes no further. AD-9 */
const PASSED = ["if-none-match", "content-type", "accept", "accept-language"] as const;

const peerOf = (incoming: IncomingMessage): string =>
  (incoming.socket.remoteAddress ?? "").replace(/^::ffff:/, "");

/** Who asks: the peer, or behind a trusted proxy the last address that it has added. */
export const clientOf = (
  incoming: IncomingMessage,
  trustedProxies: ReadonlyArray<string>,
): string => {
  const peer = peerOf(incoming);
  const said = incoming.headers["x-forwarded-for"];
  const last = (typeof said === "string" ? said : "").split(",").at(-1)?.trim() ?? "";
  return trustedProxies.includes(peer) && last !== "" ? last : peer;
};

const urlOf = (incoming: IncomingMessage, origin: Origin): string | null => {
  const trusted = origin.trustedProxies.includes(peerOf(incoming));
  const said = (name: string): string | null => {
    const value = trusted ? incoming.headers[name] : undefined;
    return typeof value === "string" ? value.split(",", 1)[0]?.trim() ?? null : null;
  };
  const host = said("x-forwarded-host") ?? incoming.headers.host ?? "";
  const tls = (said("x-forwarded-proto") ?? (origin.tls ? "https" : "http")) === "https";
  const path = incoming.url ?? "/";
  if (!/^[A-Za-z0-9.:[\]-]{1,260}$/.test(host) || !path.startsWith("/")) return null;
  try {
    return new URL(`${tls ? "https" : "http"}://${host}${path}`).href;
  } catch {
    return null;
  }
};

const bodyOf = (incoming: IncomingMessage): Promise<Uint8Array | null> =>
  new Promise((resolve) => {
    const chunks: Array<Uint8Array> = [];
    let size = 0;
    incoming.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size <= MAX_BODY) chunks.push(chunk);
      else resolve(null);
    });
    incoming.on("end", () => {
      const all = new Uint8Array(size);
      let at = 0;
      for (const c of chunks) {
        all.set(c, at);
        at += c.length;
      }
      resolve(all);
    });
    incoming.on("error", () => resolve(null));
  });

/** One answer a connection: who sets up a mail program asks once. HEAD gets the length without the content. */
export const send = async (
  response: Response,
  method: string | undefined,
  outgoing: ServerResponse,
): Promise<void> => {
  const body = new Uint8Array(await response.arrayBuffer());
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.setHeader(name, value);
  outgoing.setHeader("connection", "close");
  if (response.status !== 204 && response.status !== 304) {
    // an endpoint that has made the content of HEAD already knows how long it was
    const known = method === "HEAD" ? response.headers.get("content-length") : null;
    outgoing.setHeader("content-length", known ?? String(body.length));
  }
  outgoing.end(body.length > 0 && method !== "HEAD" ? body : undefined);
};
