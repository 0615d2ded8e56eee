/** Responses with their common headers, bounded bodies, and conditional requests. */
import { hex, sha256 } from "../digest.ts";

const COMMON = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
} as const;

export type Headers = Readonly<Record<string, string>>;

export const answer = (status: number, body: string | null, headers: Headers = {}): Response =>
  new Response(body, { status, headers: { ...COMMON, ...headers } });

export const plain = (status: number, text: string, headers: Headers = {}): Response =>
  answer(status, `${text}\n`, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    ...headers,
  });

/** A body that may be kept, with its digest as ETag. RFC 9110 §8.8.3, §13.1.2 */
export const kept = async (
  request: Request,
  body: string,
  headers: Headers,
): Promise<Response> => {
  const etag = `"${hex(await sha256(body)).slice(0, 32)}"`;
  const same = (request.headers.get("if-none-match") ?? "").split(",").some((t) =>
    t.trim().replace(/^W\//, "") === etag
  );
  return same ? answer(304, null, { ...headers, etag }) : answer(200, body, { ...headers, etag });
};

export const notAllowed = (...allow: ReadonlyArray<string>): Response =>
  plain(405, "method not allowed", { allow: allow.join(", ") });

/** A body of `max` octets at most, within `ms`; null where it is longer, slower or no UTF-8. */
export const readBody = async (
  request: Request,
  max: number,
  ms: number,
): Promise<string | null> => {
  if (request.body === null) return "";
  const reader = request.body.getReader();
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), ms);
  const chunks: Array<Uint8Array> = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > max) {
        await reader.cancel();
        return null;
      }
      chunks.push(value);
    }
    return decode(chunks, size);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
};

const decode = (chunks: ReadonlyArray<Uint8Array>, size: number): string => {
  const all = new Uint8Array(size);
  let at = 0;
  for (const c of chunks) {
    all.set(c, at);
    at += c.length;
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(all);
};
