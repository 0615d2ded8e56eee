/** `host:port` as `[listen]` and `[dns]` write it. */
import { parseDomainName } from "../../address/domain.ts";
import { parseIp } from "../../address/ip.ts";

/** Where to listen: an IP address and a port; port 0 is any free one. */
export interface SocketAddress {
  /** An IP address without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
}

/** An IPv4 or IPv6 address without brackets. */
export const isIp = (host: string): boolean => parseIp(host) !== null;

/** A host that can be connected to or listened on: an IP address or a name of any number of labels. */
export const isHost = (host: string): boolean => isIp(host) || parseDomainName(host) !== null;

/** `least` to 65535 in decimal digits; null where it is none. */
const parsePort = (text: string, least: number): number | null => {
  if (!/^[0-9]{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= least && port <= 65535 ? port : null;
};

/** Where to listen: like `parseSocketAddress`, and port 0 for any free one. */
export const parseListener = (text: string): SocketAddress | null => parse(text, null, 0);

/**
 * `127.0.0.1:587`, `[::1]:587`, `localhost:587`; without a port only where `defaultPort` is given.
 * Null where it is none.
 */
export const parseSocketAddress = (text: string, defaultPort?: number): SocketAddress | null =>
  parse(text, defaultPort ?? null, 1);

const parse = (text: string, defaultPort: number | null, least: number): SocketAddress | null => {
  const bracketed = text.startsWith("[");
  const end = bracketed ? text.indexOf("]") : text.lastIndexOf(":");
  let host = bracketed ? text.slice(1, end) : end < 0 ? text : text.slice(0, end);
  let rest = bracketed ? text.slice(end + 1) : end < 0 ? "" : text.slice(end);
  if (bracketed && (end < 0 || !host.includes(":"))) return null;
  if (!bracketed && defaultPort !== null && isIp(text)) [host, rest] = [text, ""];
  if (!bracketed && host.includes(":") && rest !== "") return null;
  if (!isHost(host)) return null;
  if (rest === "") return defaultPort === null ? null : { host, port: defaultPort };
  const port = rest.startsWith(":") ? parsePort(rest.slice(1), least) : null;
  return port === null ? null : { host, port };
};

/** The form that `parseSocketAddress` reads. */
export const printSocketAddress = (a: SocketAddress): string =>
  a.host.includes(":") ? `[${a.host}]:${a.port}` : `${a.host}:${a.port}`;
