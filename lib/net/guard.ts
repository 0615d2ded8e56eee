/**
 * Guards outgoing connections to a name: our own resolver looks it up, every address is checked, and exactly that
 * address is dialled. docs/design/autodiscovery.md §9.8
 */
import { isIP } from "node:net";
import type { Lookup } from "../discovery/discover/ports.ts";
import { isPublic } from "./public_address.ts";

export type Places =
  | { readonly _tag: "Places"; readonly addresses: ReadonlyArray<string> }
  | { readonly _tag: "NotFound" }
  | { readonly _tag: "Trouble"; readonly reason: string }
  /** One address that may not be asked spoils the name: the next connection could get that one. */
  | { readonly _tag: "Forbidden"; readonly reason: string };

/** Addresses of one host that are tried. */
const MAX_ADDRESSES = 4;

export type Guard = (host: string) => Promise<Places>;

/** `allowPrivate`: for networks of one's own, and for tests. */
export const guardOf = (lookup: Lookup, allowPrivate: boolean): Guard => async (host) => {
  // no honest publisher writes an address in place of a name
  if (isIP(host.replace(/^\[|\]$/g, "")) !== 0) {
    return { _tag: "Forbidden", reason: `${host} is an address, not a name` };
  }
  const [six, four] = await Promise.all([lookup(host, "AAAA"), lookup(host, "A")]);
  const found = [four, six].flatMap((a) => a._tag === "Found" ? a.records : []);
  if (found.length === 0) {
    const trouble = [six, four].find((a) => a._tag === "Trouble");
    return trouble?._tag === "Trouble"
      ? { _tag: "Trouble", reason: trouble.reason }
      : { _tag: "NotFound" };
  }
  const forbidden = allowPrivate ? undefined : found.find((ip) => !isPublic(ip));
  return forbidden === undefined
    ? { _tag: "Places", addresses: found.slice(0, MAX_ADDRESSES) }
    : { _tag: "Forbidden", reason: `${host} leads to ${forbidden}, which may not be asked` };
};
