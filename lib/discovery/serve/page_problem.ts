/** The problem with an entry on the page, and the likely intention. */
import { distance } from "../../address/distance.ts";
import { parseDomainName } from "../../address/domain.ts";
import { toUnicode } from "../../address/u_label.ts";
import type { Offer } from "../offer.ts";
import { hasUnseen } from "./visible.ts";
import { offerFor, readAddress } from "./which.ts";

export interface Problem {
  readonly what: "notAddress" | "noAt" | "unseen" | "notHere";
  /** As people read it; only of `notHere`. */
  readonly domain: string;
  /** An address that may have been meant; null where none is near. */
  readonly near: string | null;
}

/** Longer names are not compared. */
const LONGEST = 64;

/** The domain nearest to `domain`: at most a third of its characters differ, and never more than three. */
const nearDomain = (domain: string, known: ReadonlyArray<Offer>): string | null => {
  if (domain.length > LONGEST) return null;
  let least = Math.min(3, Math.floor(domain.length / 3)) + 1;
  let best: string | null = null;
  for (const o of known) {
    const d = distance(domain, toUnicode(o.domain));
    if (d < least) [best, least] = [toUnicode(o.domain), d];
  }
  return best;
};

const usable = (address: string): string | null => readAddress(address) === null ? null : address;

/**
 * Null: an address of a domain that is served here. `known`: the domains of this host, which alone are told of
 * where a name is mistyped.
 */
export const problemOf = (
  entered: string,
  offers: ReadonlyArray<Offer>,
  known: ReadonlyArray<Offer>,
): Problem | null => {
  const text = entered.trim();
  if (hasUnseen(text)) return { what: "unseen", domain: "", near: null };
  const at = text.lastIndexOf("@");
  const [only] = known.length === 1 ? known : [];
  const local = at < 0 ? text : text.slice(0, at);
  if (at < 0 || at === text.length - 1) {
    const near = only === undefined ? null : usable(`${local}@${toUnicode(only.domain)}`);
    return { what: at < 0 ? "noAt" : "notAddress", domain: "", near };
  }
  const read = readAddress(text);
  if (read !== null && offerFor(offers, read.domain) !== null) return null;
  const name = parseDomainName(text.slice(at + 1));
  const shown = name === null ? text.slice(at + 1) : toUnicode(name.ascii);
  const domain = nearDomain(shown.toLowerCase(), known);
  const near = domain === null ? null : usable(`${local}@${domain}`);
  return read === null
    ? { what: "notAddress", domain: "", near }
    : { what: "notHere", domain: shown, near };
};
