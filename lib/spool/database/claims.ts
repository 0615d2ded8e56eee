/** Rows of the recipient table to deliveries: one per message and next hop. */
import type { Envelope } from "../../envelope/envelope.ts";
import type { SessionFacts } from "../../envelope/session.ts";
import type { Delivery, LeasedRecipient } from "../../ports/spool.ts";
import type { ClaimedRow } from "./protocol.ts";

/** What the `facts` column holds, and the size beside it. */
export interface Facts {
  readonly envelope: Envelope;
  readonly session: SessionFacts | null;
  readonly size: number;
  readonly eightBit: boolean;
  /** Absent in what was stored before routes asked for it. */
  readonly account?: string | null;
}

export const readFacts = (row: { readonly facts: string; readonly size: number }): Facts => ({
  ...JSON.parse(row.facts) as Omit<Facts, "size">,
  size: row.size,
});

/** What can be sent, with the facts of its messages; and what cannot be read, of which nothing more is known. */
export const legible = (rows: ReadonlyArray<ClaimedRow>) => {
  const facts = new Map<string, Facts>();
  const broken: Array<ClaimedRow> = [];
  const whole = rows.filter((row) => {
    const found = facts.get(row.id) ?? factsOrNull(row);
    if (found === null) broken.push(row);
    else facts.set(row.id, found);
    return found !== null;
  });
  const factsOf = (row: ClaimedRow): Facts => facts.get(row.id) ?? readFacts(row);
  return { whole, broken, factsOf };
};

const factsOrNull = (row: ClaimedRow): Facts | null => {
  try {
    const facts = readFacts(row);
    return typeof facts.envelope === "object" && facts.envelope !== null ? facts : null;
  } catch {
    return null;
  }
};

/** Keeps the order in which messages first appear. `content`: see `Delivery`. */
export const groupClaims = (
  rows: ReadonlyArray<ClaimedRow>,
  factsOf: (row: ClaimedRow) => Facts,
  content: Delivery["content"] = null,
): ReadonlyArray<Delivery> => {
  const groups = new Map<
    string,
    { readonly row: ClaimedRow; readonly to: Array<LeasedRecipient> }
  >();
  for (const row of rows) {
    const { key: number, address, attempts, due, via } = row;
    const recipient = via === null
      ? { key: number, address, attempts, due }
      : { key: number, address, attempts, due, via };
    const key = `${row.id} ${row.hop}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { row, to: [recipient] });
    else known.to.push(recipient);
  }
  return [...groups.values()].map(({ row, to }) => {
    const facts = factsOf(row);
    return {
      message: row.id,
      acceptedAt: row.acceptedAt,
      envelope: facts.envelope,
      size: facts.size,
      eightBit: facts.eightBit,
      account: facts.account ?? null,
      hop: row.hop,
      sender: row.sender ?? "",
      recipients: to,
      content: row.content ?? content,
      ...(row.overdue === 0 ? {} : { overdue: true }),
    };
  });
};
