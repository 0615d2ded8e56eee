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

/** Null: too long, or not a request that can be answered. */
export const toRequest = async (
  incoming: IncomingMessage,
  origin: Origin,
): Promise<Request | null> => {
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

/** One answer a connection: who sets up a mail program asks once. */
export const send = async (response: Response, outgoing: ServerResponse): Promise<void> => {
  const body = new Uint8Array(await response.arrayBuffer());
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.setHeader(name, value);
  outgoing.setHeader("connection", "close");
  if (response.status !== 204 && response.status !== 304) {
    outgoing.setHeader("content-length", String(body.length));
  }
  outgoing.end(body.length > 0 ? body : undefined);
};
