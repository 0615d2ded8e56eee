/**
 * A route that leads back to where we listen: mail would go round until its Received fields are counted.
 * RFC 5321 §6.3
 */
import type { HopTemplate } from "../../ports/routes.ts";
import { printSocketAddress, type SocketAddress } from "../values/address.ts";

export interface OwnPlaces {
  readonly hostname: string;
  readonly listeners: ReadonlyArray<SocketAddress>;
}

/** The listener that `hop` leads to; null where it leads elsewhere, as far as can be told without asking the DNS. */
export const ownListener = (hop: HopTemplate, own: OwnPlaces): SocketAddress | null => {
  switch (hop._tag) {
    case "Several":
      return hop.hops.map((h) => ownListener(h, own)).find((l) => l !== null) ?? null;
    case "Smtp":
    case "Lmtp":
      return own.listeners.find((l) => l.port === hop.port && reaches(hop.host, l.host, own)) ??
        null;
    default:
      return null;
  }
};

/** What is wrong with such a route, for people. */
export const loopMessage = (listener: SocketAddress): string =>
  `is our own listener ${printSocketAddress(listener)}: mail would come back to us for ever; ` +
  "name the server that mail goes on to, on another host or port";

const plain = (host: string): string => host.toLowerCase().replace(/\.$/, "");

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(?:\.[0-9]{1,3}){3}$/.test(host);

/** The unspecified address stands for every address of the machine. */
const isAny = (host: string): boolean => host === "0.0.0.0" || host === "::";

const reaches = (to: string, listened: string, { hostname }: OwnPlaces): boolean => {
  const [a, b, name] = [plain(to), plain(listened), plain(hostname)];
  if (a === b) return true;
  // to connect to the unspecified address is to connect to oneself
  const here = a === name || isAny(a) || isLoopback(a);
  if (isAny(b)) return here;
  if (a === "localhost") return isLoopback(b);
  if (isAny(a)) return isLoopback(b);
  if (b === "localhost") return isLoopback(a);
  // another address of this machine, or of whatever the name stands for
  return a === name && !isLoopback(b);
};
