/**
 * The header that a balancer writes before a client's octets: PROXY protocol, version 1 (a line) and 2 (binary),
 * as haproxy's "The PROXY protocol" describes them. Reads octets, opens nothing.
 */
import { isIPv4, isIPv6 } from "node:net";
import { printIp } from "../address/ip.ts";

/** The client as the balancer saw it. */
export interface ProxiedClient {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  /** So far it may be one: wait for more. */
  | { readonly _tag: "More" }
  /** `octets` belong to the header. `client` null: the balancer speaks for itself, or does not know. */
  | { readonly _tag: "Header"; readonly octets: number; readonly client: ProxiedClient | null }
  | { readonly _tag: "Bad"; readonly reason: string };

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** Octets of the longest line of version 1, CRLF included. */
const MAX_LINE = 107;
/** Fixed part of version 2. */
const FIXED = 16;
/** More than addresses and the known extras need. */
const MAX_EXTRAS = 2048;

const MORE: ProxyHeader = { _tag: "More" };
const bad = (reason: string): ProxyHeader => ({ _tag: "Bad", reason });
const header = (octets: number, client: ProxiedClient | null): ProxyHeader => ({
  _tag: "Header",
  octets,
  client,
});

/** What the first octets of a connection say; `octets` is all that has come. */
export const readProxyHeader = (octets: Uint8Array): ProxyHeader => {
  if (octets.length === 0) return MORE;
  return octets[0] === SIGNATURE[0] ? binary(octets) : line(octets);
};

const text = (octets: Uint8Array): string => String.fromCharCode(...octets);

/** `PROXY TCP4 192.0.2.1 198.51.100.1 56324 587`, or `PROXY UNKNOWN` and anything. */
const line = (octets: Uint8Array): ProxyHeader => {
  const start = octets.subarray(0, MAX_LINE);
  const end = start.findIndex((c, i) => c === 0x0d && start[i + 1] === 0x0a);
  if (!"PROXY ".startsWith(text(start.subarray(0, 6)))) return bad("no PROXY header");
  if (end < 0) return start.length < MAX_LINE ? MORE : bad("PROXY line without end");
  const line = text(start.subarray(0, end));
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return header(end + 2, null);
  const m = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line);
  if (m === null) return bad("PROXY line of no known form");
  const [, family, source = "", target = "", port, targetPort] = m;
  const isAddress = family === "4" ? isIPv4 : isIPv6;
  if (!isAddress(source) || !isAddress(target)) return bad("PROXY line with a bad address");
  if (Number(port) > 65535 || Number(targetPort) > 65535) return bad("PROXY line with a bad port");
  return header(end + 2, { address: source, port: Number(port) });
};

const binary = (octets: Uint8Array): ProxyHeader => {
  if (octets.subarray(0, 12).some((c, i) => c !== SIGNATURE[i])) return bad("no PROXY header");
  if (octets.length < FIXED) return MORE;
  const [version = 0, family = 0] = octets.subarray(12);
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const length = view.getUint16(14);
  if (version >> 4 !== 2) return bad("PROXY header of an unknown version");
  if (length > MAX_EXTRAS) return bad("PROXY header too long");
  if (octets.length < FIXED + length) return MORE;
  const all = FIXED + length;
  switch (version & 0x0f) {
    case 0: // LOCAL: a health check of the balancer itself
      return header(all, null);
    case 1:
      return addresses(family, view, all, length);
    default:
      return bad("PROXY header with an unknown command");
  }
};

/** Of TCP over IPv4 and IPv6; a balancer that hides them says "unspecified". */
const addresses = (family: number, view: DataView, all: number, length: number): ProxyHeader => {
  switch (family) {
    case 0x00:
      return header(all, null);
    case 0x11: {
      if (length < 12) return bad("PROXY header with too few octets for its addresses");
      const address = [0, 1, 2, 3].map((i) => view.getUint8(FIXED + i)).join(".");
      return header(all, { address, port: view.getUint16(FIXED + 8) });
    }
    case 0x21: {
      if (length < 36) return bad("PROXY header with too few octets for its addresses");
      const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(FIXED + 2 * i));
      return header(all, { address: printIp(groups), port: view.getUint16(FIXED + 32) });
    }
    default:
      return bad("PROXY header of another family than TCP over IP");
  }
};
