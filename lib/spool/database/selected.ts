/** Selections of an operator as SQL over the spool's tables. Touches finished messages only where it is asked for them. */
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../ports/spool.ts";
import type { Selection } from "../../ports/spool_admin.ts";
import { range } from "./number_ranges.ts";
import { PER_MESSAGE, STATE } from "./schema.ts";

/** Keys of recipients: `SELECT r.key ${from}`, with `values` for its parameters. */
export interface Selected {
  readonly from: string;
  readonly values: ReadonlyArray<string | number>;
}

/** `*` stands for any characters, the rest for itself. */
const pattern = (text: string): string => text.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%");

const INDEXED: ReadonlyArray<DeliveryState> = ["queued", "leased", "held", "damaged"];

/** States by their partial indices, so that history is not read. */
const inStates = (states: ReadonlyArray<DeliveryState> | null): string => {
  if (states === null || states.length === 0 || states.some((s) => !INDEXED.includes(s))) {
    return "recipient";
  }
  const each = states.map((s) => `SELECT key FROM recipient WHERE state = ${STATE[s]}`);
  return `(${each.join(" UNION ALL ")}) k CROSS JOIN recipient`;
};

/** `states`: those that count; null: all. */
export const selected = (
  db: DatabaseSync,
  s: Selection,
  states: ReadonlyArray<DeliveryState> | null,
): Selected => {
  const where: Array<string> = [`m.complete = 1`];
  const values: Array<string | number> = [];
  const like = (column: string, ...texts: ReadonlyArray<string>): void => {
    where.push(`(${texts.map(() => `${column} LIKE ? ESCAPE '\\'`).join(" OR ")})`);
    values.push(...texts.map(pattern));
  };
  const only = s.states === undefined
    ? states
    : states === null
    ? s.states
    : states.filter((x) => s.states?.includes(x) === true);
  if (only !== null) where.push(`r.state IN (${only.map((x) => STATE[x]).join(", ")})`);
  if (s.id !== undefined) {
    const found = db.prepare("SELECT number FROM message WHERE id = ?").get(s.id);
    const { first, end } = range(found === undefined ? -1 : found["number"] as number);
    where.push("r.key >= ? AND r.key < ?");
    values.push(first, end);
  }
  if (s.doubted === true) where.push("r.key IN (SELECT key FROM doubted)");
  if (s.sender === "") where.push("m.return_path IS NULL");
  else if (s.sender !== undefined) like("m.return_path", s.sender);
  if (s.account !== undefined) like("m.account", s.account);
  if (s.recipient !== undefined) like("r.address", s.recipient);
  if (s.domain !== undefined) like("r.address", ...s.domain.map((d) => `*@${d}`));
  if (s.hop !== undefined) like("r.hop", s.hop);
  if (s.before !== undefined) {
    where.push("m.accepted_at < ?");
    values.push(s.before);
  }
  if (s.after !== undefined) {
    where.push("m.accepted_at > ?");
    values.push(s.after);
  }
  // an id is one range of the primary key; else the states lead
  const source = s.id === undefined ? inStates(only) : "recipient";
  const link = source === "recipient" ? "" : "r.key = k.key AND ";
  return {
    from: `FROM ${source} r JOIN message m ON m.number = r.key / ${PER_MESSAGE} ` +
      `WHERE ${link}${where.join(" AND ")}`,
    values,
  };
};
