/**
 * The block of addresses that one client can be expected to hold: an IPv4 /24, an IPv6 /56 (what a
 * home or a small site is given, RFC 6177 §2).
 */

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/;

/** In lower case, without a zone; an IPv4 address that is mapped into IPv6 as itself. */
export const addressText = (address: string): string => {
  const text = address.toLowerCase().split("%", 1)[0] ?? "";
  return text.startsWith("::ffff:") && IPV4.test(text.slice(7)) ? text.slice(7) : text;
};

/** `address` is textual, with or without a zone; what is no address stands for itself. */
export const addressBlock = (address: string): string => {
  const text = addressText(address);
  const v4 = IPV4.exec(text);
  if (v4 !== null) return `${v4[1]}.${v4[2]}.${v4[3]}.0/24`;
  const groups = expand(text);
  if (groups === null) return text;
  const [a = 0, b = 0, c = 0, d = 0] = groups;
  return `${[a, b, c, d & 0xff00].map((g) => g.toString(16)).join(":")}::/56`;
};

/** The eight groups of an IPv6 address; null where it is none. */
const expand = (text: string): ReadonlyArray<number> | null => {
  const halves = text.split("::");
  if (!text.includes(":") || halves.length > 2) return null;
  const [head = [], tail = []] = halves.map((h) => h === "" ? [] : h.split(":"));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 0) return null;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  const numbers = groups.map((g) => /^[0-9a-f]{1,4}$/.test(g) ? parseInt(g, 16) : NaN);
  return numbers.some(Number.isNaN) ? null : numbers;
};
