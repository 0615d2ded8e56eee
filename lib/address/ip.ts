/**
 * IP addresses as text: read, printed, put into blocks and looked for in networks. RFC 4291 §2.2, RFC 5952 §4
 *
 * Opens no socket and asks no runtime; a zone (`%eth0`) is none of an address' text: see `withoutZone`.
 */

export interface Ip {
  readonly family: 4 | 6;
  /** Eight groups of 16 bits; an IPv4 address as the IPv6 address that maps it. RFC 4291 §2.5.5.2 */
  readonly groups: ReadonlyArray<number>;
}

const NUMBER = /^(?:0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;
const MAPPED: ReadonlyArray<number> = [0, 0, 0, 0, 0, 0xffff];

/** `192.0.2.1` as two groups; null where it is none. */
const dotted = (text: string): ReadonlyArray<number> | null => {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((p) => NUMBER.test(p) && Number(p) <= 255)) return null;
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return [a << 8 | b, c << 8 | d];
};

/** The groups between colons, the last of which may be an IPv4 address; null where one is none. */
const colons = (text: string, last: boolean): ReadonlyArray<number> | null => {
  if (text === "") return [];
  const parts = text.split(":");
  const v4 = last && parts.at(-1)?.includes(".") ? dotted(parts.pop() ?? "") : [];
  return v4 === null || !parts.every((p) => GROUP.test(p))
    ? null
    : [...parts.map((p) => parseInt(p, 16)), ...v4];
};

const parse6 = (text: string): ReadonlyArray<number> | null => {
  const [before = "", after, ...more] = text.split("::");
  if (more.length > 0) return null;
  const head = colons(before, after === undefined);
  const tail = colons(after ?? "", true);
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  // "::" stands for one group at least
  if (after === undefined ? missing !== 0 : missing < 1) return null;
  return [...head, ...Array<number>(missing).fill(0), ...tail];
};

/** `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1`; null for what is no address, and for one with a zone. */
export const parseIp = (text: string): Ip | null => {
  const v6 = text.includes(":");
  if (text.length > 45) return null;
  const groups = v6 ? parse6(text) : dotted(text);
  if (groups === null) return null;
  return v6 ? { family: 6, groups } : { family: 4, groups: [...MAPPED, ...groups] };
};

/** `fe80::1%eth0` without what only this machine understands. RFC 4007 §11 */
export const withoutZone = (text: string): string => text.split("%", 1)[0] ?? "";

const isMapped = (groups: ReadonlyArray<number>): boolean =>
  MAPPED.every((g, i) => g === groups[i]);

/** The IPv4 address that stands in the groups `at` and behind it, as in 6to4 and NAT64. RFC 3056 §2, RFC 6052 §2.1 */
export const wrapped = (groups: ReadonlyArray<number>, at: number): Ip => ({
  family: 4,
  groups: [...MAPPED, ...groups.slice(at, at + 2)],
});

/** Lower case, the longest run of zero groups as `::`; a mapped IPv4 address as itself. RFC 5952 §4 */
export const printIp = (groups: ReadonlyArray<number>): string => {
  if (isMapped(groups)) {
    const [high = 0, low = 0] = groups.slice(6);
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  }
  let best = { at: 0, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const hex = groups.map((g) => g.toString(16));
  if (best.length < 2) return hex.join(":");
  return `${hex.slice(0, best.at).join(":")}::${hex.slice(best.at + best.length).join(":")}`;
};

/** In lower case, without a zone; an IPv4 address that is mapped into IPv6 as itself. */
export const addressText = (address: string): string => {
  const text = withoutZone(address.toLowerCase());
  const mapped = text.startsWith("::ffff:") ? text.slice(7) : text;
  return mapped !== text && dotted(mapped) !== null ? mapped : text;
};

/**
 * The block of addresses that one client can be expected to hold: an IPv4 /24, an IPv6 /56 (what a
 * home or a small site is given, RFC 6177 §2).
 *
 * `address` is textual, with or without a zone; what is no address stands for itself.
 */
export const addressBlock = (address: string): string => {
  const text = addressText(address);
  const ip = parseIp(text);
  if (ip === null) return text;
  const [a = 0, b = 0, c = 0, d = 0] = ip.groups;
  return ip.family === 4
    ? `${text.slice(0, text.lastIndexOf("."))}.0/24`
    : `${[a, b, c, d & 0xff00].map((g) => g.toString(16)).join(":")}::/56`;
};

interface Network extends Ip {
  /** Of 128: an IPv4 prefix counts from the 96 bits before it. */
  readonly bits: number;
}

/** `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`; null where it is none. RFC 4632 §3.1 */
const parseNetwork = (text: string): Network | null => {
  const [address = "", prefix, ...more] = text.split("/");
  const ip = parseIp(address);
  if (ip === null || more.length > 0) return null;
  const most = ip.family === 4 ? 32 : 128;
  if (prefix !== undefined && (!/^[0-9]{1,3}$/.test(prefix) || Number(prefix) > most)) return null;
  return { ...ip, bits: 128 - most + Number(prefix ?? most) };
};

/** An IP address, or a network such as `192.0.2.0/24`. RFC 4632 §3.1 */
export const isNetwork = (text: string): boolean => parseNetwork(text) !== null;

const within = ({ groups }: Ip, network: Network): boolean => {
  for (let i = 0; i < 8; i++) {
    const bits = Math.min(16, network.bits - 16 * i);
    if (bits <= 0) return true;
    if (((groups[i] ?? 0) ^ (network.groups[i] ?? 0)) >> (16 - bits) !== 0) return false;
  }
  return true;
};

/** A set of addresses and networks. */
export class Networks {
  readonly #networks: ReadonlyArray<Network>;

  /** Texts that `isNetwork` takes; another one is in no set. */
  constructor(networks: ReadonlyArray<string>) {
    this.#networks = networks.flatMap((n) => parseNetwork(n) ?? []);
  }

  has(address: string): boolean {
    if (this.#networks.length === 0) return false;
    const ip = parseIp(address);
    return ip !== null && this.includes(ip);
  }

  /** An address that maps IPv4 into IPv6 is looked for as both; `::/0` has no other IPv4 address. */
  includes(ip: Ip): boolean {
    return this.#networks.some((n) => (ip.family === 6 || n.bits >= 96) && within(ip, n));
  }
}
