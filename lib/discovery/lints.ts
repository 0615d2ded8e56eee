/** What is wrong or unwise about an offer, found without any look-up. */
import { autoconfigLints } from "./autoconfig.ts";
import { type Offer, within } from "./offer.ts";
import { paccLints } from "./pacc.ts";
import type { ExpectedRecord } from "./record.ts";

export interface Lint {
  readonly code: string;
  readonly message: string;
}

/** What is legal in an offer, and will give some mail program trouble. */
export const lintsOf = (
  offer: Offer,
  records: ReadonlyArray<ExpectedRecord>,
): ReadonlyArray<Lint> => [
  ...aliasTargets(records),
  ...(offer.web === null ? [] : [...autoconfigLints(offer), ...paccLints(offer)]),
  ...noAddress(offer),
  ...mtaSts(offer),
];

/** SRV-7, P-7. RFC 2782, RFC 2181 §10.3 */
const aliasTargets = (records: ReadonlyArray<ExpectedRecord>): ReadonlyArray<Lint> => {
  const aliases = new Set(records.filter((r) => r.data.type === "CNAME").map((r) => r.owner));
  const bad = new Set(
    records.flatMap(({ data }) =>
      (data.type === "SRV" || data.type === "MX") && aliases.has(data.target) ? [data.target] : []
    ),
  );
  return [...bad].map((target) => ({
    code: "srv-target-alias",
    message: `${target} is an alias; a server that SRV or MX names must have addresses of its own`,
  }));
};

/** A host inside the domain without an address in our records: it must be published elsewhere. */
const noAddress = (offer: Offer): ReadonlyArray<Lint> => {
  if (offer.hosts.length === 0) return []; // addresses are kept elsewhere
  const known = new Set(offer.hosts.map((h) => h.host));
  const used = [...offer.services.map((s) => s.host), ...offer.mx.map((m) => m.host)];
  return [...new Set(used)].filter((h) => within(h, offer.domain) && !known.has(h)).map((h) => ({
    code: "srv-target-no-address",
    message: `${h} has no addresses in the configuration; they must be in DNS already`,
  }));
};

/** RFC 8461 §3.2: a policy without exchangers fits no server. */
const mtaSts = (offer: Offer): ReadonlyArray<Lint> => {
  if (offer.mtaSts === null) return [];
  const out: Array<Lint> = [];
  if (offer.mtaSts.mx.length === 0 && offer.mtaSts.mode !== "none") {
    out.push({ code: "mta-sts-no-mx", message: "the MTA-STS policy names no mail exchanger" });
  }
  if (offer.web === null) {
    out.push({
      code: "mta-sts-no-web",
      message: "an MTA-STS policy needs a web host: configure [http], or web in [[domain]]",
    });
  }
  return out;
};
