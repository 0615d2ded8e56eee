/**
 * Whether an address is on the public internet, and not a translation of another address. docs/design/threats.md
 * row 33, RFC 6890
 *
 * A server that fetches names from strangers must not give them access to the machines behind it.
 */
import { isIP } from "node:net";

type Block4 = readonly [string, number];

/** RFC 6890 §2.2.2 and the registry behind it. */
const SPECIAL4: ReadonlyArray<Block4> = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3], // multicast, reserved, broadcast
];

const number4 = (ip: string): number =>
  ip.split(".").reduce((n, part) => n * 256 + Number(part), 0);

const within4 = (ip: number, [base, bits]: Block4): boolean =>
  Math.floor(ip / 2 ** (32 - bits)) === Math.floor(number4(base) / 2 ** (32 - bits));

const public4 = (ip: number): boolean => !SPECIAL4.some((b) => within4(ip, b));

/** The eight groups of an IPv6 address; `isIP` has said that it is one. */
const groups = (ip: string): ReadonlyArray<number> => {
  const text = new URL(`http://[${ip.replace(/%.*$/, "")}]/`).hostname.slice(1, -1);
  const [head = "", tail] = text.split("::");
  const parts = (s: string) => s === "" ? [] : s.split(":").map((g) => parseInt(g, 16));
  const first = parts(head);
  if (tail === undefined) return first;
  const last = parts(tail);
  return [...first, ...Array(8 - first.length - last.length).fill(0), ...last];
};

const pair = (g: ReadonlyArray<number>, i: number): number =>
  (g[i] ?? 0) * 65_536 + (g[i + 1] ?? 0);

/** Global unicast that is assigned, and no wrapping of an IPv4 address that is special. RFC 4291 §2.4 */
const public6 = (g: ReadonlyArray<number>): boolean => {
  const [a = 0, b = 0, c = 0] = g;
  const nat64 = a === 0x64 && b === 0xff9b;
  // 64:ff9b::/96; its local form 64:ff9b:1::/48 is private. RFC 6052 §2.1, RFC 8215
  if (nat64) return c === 0 && g.slice(2, 6).every((x) => x === 0) && public4(pair(g, 6));
  if (a === 0x2002) return public4(pair(g, 1)); // 6to4
  // the rest outside 2000::/3: unspecified, loopback, IPv4-mapped, unique local, link-local, multicast
  if (a < 0x2000 || a > 0x3fff) return false;
  if (a === 0x2001 && b < 0x200) return false; // Teredo, benchmarking, ORCHID and others
  if (a === 0x2001 && b === 0xdb8) return false;
  return !(a === 0x3fff && b < 0x1000); // documentation
};

/** `ip` as DNS gives it; what is no address is not public either. */
export const isPublic = (ip: string): boolean => {
  switch (isIP(ip)) {
    case 4:
      return public4(number4(ip));
    case 6:
      return public6(groups(ip));
    default:
      return false;
  }
};
