/**
 * The records that stay in a zone whose parts are delegated to our own name server: all others, and the delegation.
 * P-8
 */
import { within } from "./offer.ts";
import { type ExpectedRecord, inOrder } from "./record.ts";

export interface Delegation {
  /** The delegated zones. */
  readonly zones: ReadonlyArray<string>;
  readonly ns: ReadonlyArray<string>;
}

/** `zone` is the one that is written to; a delegated zone itself is not cut again. */
export const withDelegations = (
  records: ReadonlyArray<ExpectedRecord>,
  zone: string,
  delegation: Delegation | null,
  ttl: number,
): ReadonlyArray<ExpectedRecord> => {
  const cuts = (delegation?.zones ?? []).filter((z) => z !== zone && within(z, zone));
  const cut = records.filter((r) => !cuts.some((z) => within(r.owner, z)));
  const ns = cuts.flatMap((owner) =>
    (delegation?.ns ?? []).map((target): ExpectedRecord => ({
      key: "delegation",
      owner,
      ttl,
      data: { type: "NS", target },
      note: "answered by our own name server",
      need: "required",
    }))
  );
  return inOrder([...cut, ...ns]);
};
