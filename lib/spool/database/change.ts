/**
 * What an operator does to recipients in the spool: one transaction, which a running server notices within a second.
 *
 * A leased recipient loses its lease, so that it is not sent again; one that is on the wire at this moment may
 * still arrive, and is then recorded as delivered.
 */
import type { DatabaseSync } from "node:sqlite";
import {
  asciiMailbox,
  type Mailbox,
  printMailboxAscii,
  printWire,
  same,
} from "../../address/mailbox.ts";
import { parseMailbox } from "../../address/path.ts";
import type { Envelope } from "../../envelope/envelope.ts";
import { AT_ONCE, type DeliveryState, type QueueEvent } from "../../ports/spool.ts";
import type { Change, Changed, Selection } from "../../ports/spool_admin.ts";
import { encodeXtext } from "../../smtp/syntax/xtext.ts";
import { isCorrupt } from "./content.ts";
import { EventStore } from "./events.ts";
import { finishMessages } from "./finished.ts";
import { heldBy, leaveHold } from "./holds.ts";
import { numberOf, range, rangesOf } from "./number_ranges.ts";
import { REMEMBER, STATE } from "./schema.ts";
import { selected } from "./selected.ts";
import { inTransaction, statementsOf } from "./transaction.ts";

interface Rule {
  /** States in which it can be done. */
  readonly from: ReadonlyArray<DeliveryState>;
  readonly set: string;
  readonly values: ReadonlyArray<string | number | null>;
  readonly what: QueueEvent["what"];
  /** What is remembered of it. */
  readonly words: string | null;
}

/** A message is never sent before its time, by whatever command. RFC 4865 §4.2 */
const waits = (now: number): string => `(attempts = 0 AND due > ${now})`;
const soon = (now: number): string =>
  `due = CASE WHEN ${waits(now)} THEN due ELSE ${now} END, owner = NULL`;
const again = (now: number): string =>
  `state = CASE WHEN state = ${STATE.held} THEN state ELSE ${STATE.queued} END, ${soon(now)}`;

const ruleOf = (change: Change, now: number): Rule => {
  switch (change._tag) {
    case "Retry":
      return {
        from: ["queued"],
        set: `due = ${AT_ONCE}, owner = NULL`,
        values: [],
        what: "retried",
        words: null,
      };
    case "Hold":
      return {
        from: ["queued", "leased"],
        set: `state = ${STATE.held}`,
        values: [],
        what: "held",
        words: change.reason ?? null,
      };
    case "Release":
      return {
        from: ["held"],
        set: `state = ${STATE.queued}, due = CASE WHEN ${
          waits(now)
        } THEN due ELSE ${AT_ONCE} END, owner = NULL`,
        values: [],
        what: "released",
        words: null,
      };
    case "Remove":
      return {
        from: ["queued", "leased", "held", "damaged"],
        set: `state = ${STATE.removed}`,
        values: [],
        what: "removed",
        words: null,
      };
    case "Reroute":
      return {
        from: ["queued", "leased", "held"],
        set: `via = ?, hop = coalesce(?, hop), ${again(now)}`,
        values: [change.via?.text ?? null, change.via?.hop ?? null],
        what: "rerouted",
        words: change.via === null ? "by the routes" : `to ${change.via.hop}`,
      };
    case "Edit":
      return {
        from: ["queued", "leased", "held"],
        set: `address = ?, hop = CASE WHEN via IS NULL THEN ? ELSE hop END, ${again(now)}`,
        values: [printWire(change.to), change.hop],
        what: "edited",
        words: null,
      };
  }
};

/** With these somebody has said what is to become of it. */
const DECIDES: ReadonlyArray<Change["_tag"]> = ["Hold", "Release", "Remove"];

/** `dryRun`: everything is undone again. */
export const changeQueue = (
  db: DatabaseSync,
  change: Change,
  selection: Selection,
  now: number,
  dryRun: boolean,
): Changed => {
  try {
    return inTransaction(db, () => apply(db, change, selection, now), dryRun);
  } catch (e) {
    if (!isCorrupt(e) || change._tag !== "Remove") throw e;
    // what lies on broken pages stays there
    return inTransaction(db, () => apply(db, change, selection, now, false), dryRun);
  }
};

const NOTHING: Changed = { recipients: 0, messages: [], leased: 0 };

/** By the token of the note to the owner, once. */
export const redeem = (
  db: DatabaseSync,
  token: string,
  then: "release" | "cancel",
  now: number,
): Changed =>
  inTransaction(db, () => {
    const number = heldBy((text) => db.prepare(text), token);
    if (number === null) return NOTHING;
    const id = db.prepare("SELECT id FROM message WHERE number = ?").get(number)?.["id"];
    const change: Change = { _tag: then === "release" ? "Release" : "Remove" };
    return apply(db, change, { id: id as string }, now);
  });

/** Of `recipient r`, with the time as parameter: a running server has it. */
export const IN_HANDS =
  "EXISTS (SELECT 1 FROM owner o WHERE o.id = r.owner AND o.alive_until >= ?)";

/** How many of the recipients of these messages a server has not let go of. */
export const underWay = (
  db: DatabaseSync,
  messages: ReadonlyArray<string>,
  now: number,
): number => {
  const number = db.prepare("SELECT number FROM message WHERE id = ?");
  const count = db.prepare(
    `SELECT count(*) AS n FROM recipient r WHERE r.key >= ? AND r.key < ? AND r.state IN (${STATE.held}, ${STATE.removed}) AND ${IN_HANDS}`,
  );
  let n = 0;
  for (const id of messages) {
    const found = number.get(id)?.["number"];
    if (typeof found !== "number") continue;
    const { first, end } = range(found);
    n += Number(count.get(first, end, now)?.["n"]);
  }
  return n;
};

const apply = (
  db: DatabaseSync,
  change: Change,
  selection: Selection,
  now: number,
  content = true,
): Changed => {
  const rule = ruleOf(change, now);
  const { from, values } = selected(db, selection, rule.from);
  const rows = db.prepare(
    `SELECT r.key AS key, r.address AS address, ${IN_HANDS} AS leased ${from} ORDER BY r.key`,
  ).all(now, ...values);
  const more = change._tag === "Retry" ? ` AND NOT ${waits(now)}` : "";
  const update = db.prepare(`UPDATE recipient SET ${rule.set} WHERE key = ?${more}`);
  const remember = db.prepare(REMEMBER);
  const doubt = db.prepare(
    change._tag === "Hold" && change.doubted === true
      ? "INSERT OR IGNORE INTO doubted (key) VALUES (?)"
      : DECIDES.includes(change._tag)
      ? "DELETE FROM doubted WHERE key = ?"
      : "SELECT ?",
  );
  const numbers = new Set<number>();
  const keys: Array<number> = [];
  let leased = 0;
  for (const row of rows) {
    const key = row["key"] as number;
    if (update.run(...rule.values, key).changes === 0) continue;
    keys.push(key);
    doubt.run(key);
    leased += row["leased"] as number;
    const number = numberOf(key);
    numbers.add(number);
    const words = change._tag === "Edit" ? `was ${row["address"]}` : rule.words;
    remember.run(key, now, rule.what, null, words, null);
    if (change._tag === "Edit") editEnvelope(db, number, row["address"] as string, change.to);
  }
  const sql = statementsOf(db);
  // what is over goes with the purge of whoever runs the server
  if (change._tag === "Remove" && content) finishMessages(sql, numbers, now, Infinity);
  // from now on it leaves, or stays, as an operator says
  if (change._tag === "Release" || (change._tag === "Hold" && change.doubted !== true)) {
    for (const run of rangesOf(numbers)) leaveHold(sql, run);
  }
  const events = new EventStore(sql);
  const { what } = rule;
  if (events.on && (what === "held" || what === "released" || what === "removed")) {
    events.moved(what, now, keys);
  }
  const id = db.prepare("SELECT id FROM message WHERE number = ?");
  return {
    recipients: keys.length,
    leased,
    messages: Array.from(numbers, (n) => id.get(n)?.["id"] as string),
  };
};

/** Reports name whom the sender meant, so the address that was given stays as ORCPT. RFC 3461 §5.2.1 */
const editEnvelope = (db: DatabaseSync, number: number, was: string, to: Mailbox): void => {
  const old = parseMailbox(was);
  const row = db.prepare("SELECT facts FROM message WHERE number = ?").get(number);
  if (old === null || row === undefined) return;
  const facts = JSON.parse(row["facts"] as string) as { envelope: Envelope };
  const recipients = facts.envelope.recipients.map((r) =>
    !same(r.mailbox, old)
      ? r
      : asciiMailbox(old)
      ? { ...r, mailbox: to, orcpt: r.orcpt ?? `rfc822;${encodeXtext(printMailboxAscii(old))}` }
      : { ...r, mailbox: to }
  );
  db.prepare("UPDATE message SET facts = ? WHERE number = ?").run(
    JSON.stringify({ ...facts, envelope: { ...facts.envelope, recipients } }),
    number,
  );
};
