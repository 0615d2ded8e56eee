/** Stores a message: content, envelope, trail, recipients and its hold; or finds that it was submitted before. */
import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { release } from "../../message/release.ts";
import { enterCopy } from "./copies.ts";
import { lostBy } from "./finished.ts";
import type { Known } from "./digest_table.ts";
import { enterHold } from "./holds.ts";
import type { Sql } from "./transaction.ts";
import type { CommitOp, KnownMessage } from "./protocol.ts";
import type { Resubmissions } from "./resubmissions.ts";
import { range } from "./number_ranges.ts";
import { PER_MESSAGE, STATE } from "./schema.ts";

/**
 * Within a transaction. The number of the message, or the one that was submitted before in its place. `owner`: who
 * gets the lease, where one is asked for.
 */
export const commitMessage = (
  sql: Sql,
  m: CommitOp,
  owner: string,
  repeated: Resubmissions,
): number | KnownMessage => {
  const read = readThrough(sql, m, repeated);
  const { submitted } = read;
  if (m.once !== null && submitted !== null) {
    const known = repeated.find(submitted, m.acceptedAt);
    if (known !== null && stands(sql, known, repeated)) {
      sql("UPDATE message SET trail = json_insert(trail, '$.trail[#]', json(?)) WHERE number = ?")
        .run(m.once.note, known.number);
      return { known: known.id };
    }
  }
  const number = enterRow(sql, m, read);
  let index = read.chunks;
  for (const c of m.body) {
    sql("INSERT INTO chunk (key, octets) VALUES (?, ?)").run(number * PER_MESSAGE + index++, c);
  }
  if (m.hold) enterHold(sql, number, m.hold);
  enterRecipients(sql, m, number, owner);
  if (submitted !== null) repeated.add(submitted, { number, id: m.id, at: m.acceptedAt });
  if (m.copyOf !== undefined) enterCopy(sql, number, m.copyOf);
  if (m.replicated === true) sql("INSERT INTO replicated (number) VALUES (?)").run(number);
  return number;
};

/** Whether who submits it again may be told that it is taken: it is there or delivered, and nobody lost it. */
const stands = (sql: Sql, { number, id }: Known, repeated: Resubmissions): boolean => {
  const there = sql("SELECT 1 FROM message WHERE number = ? AND id = ? AND complete = 1")
    .get(number, id) !== undefined;
  return there ? !lostBy(sql, number) : repeated.wasDelivered(number);
};

/** What one look at the content tells. */
interface ReadThrough {
  /** SHA-256 of head and body. */
  readonly digest: Buffer;
  /** Of what tells the submission from others; null where nothing does. */
  readonly submitted: Buffer | null;
  /** Octets of head and body. */
  readonly size: number;
  /** Staged before. */
  readonly chunks: number;
}

/** What was staged is read once more: the digest is of what the disk gave back. */
const readThrough = (sql: Sql, m: CommitOp, repeated: Resubmissions): ReadThrough => {
  const hash = createHash("sha256").update(m.head);
  const body = repeated.on && m.once !== null ? repeated.digest(m.once.key) : null;
  let size = m.head.length;
  let chunks = 0;
  if (m.staged !== null) {
    const { first, end } = range(m.staged);
    for (
      const row of sql("SELECT octets FROM chunk WHERE key >= ? AND key < ? ORDER BY key")
        .iterate(first, end)
    ) {
      const octets = row["octets"] as Uint8Array;
      hash.update(octets);
      body?.update(octets);
      size += octets.length;
      chunks++;
      release(octets);
    }
  }
  for (const c of m.body) {
    hash.update(c);
    body?.update(c);
    size += c.length;
  }
  return { digest: hash.digest(), submitted: body?.digest() ?? null, size, chunks };
};

/** A new row, or the one that was made when its body was staged. */
const enterRow = (sql: Sql, m: CommitOp, { digest, submitted, size }: ReadThrough): number => {
  const facts = submitted === null
    ? m.facts
    : `${m.facts.slice(0, -1)},"once":"${submitted.toString("base64url")}"}`;
  const { id, acceptedAt, account, returnPath, head, trail, staged } = m;
  if (staged === null) {
    return Number(
      sql(
        "INSERT INTO message (id, complete, accepted_at, account, return_path, facts, size, digest, head, trail) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
      ).run(id, acceptedAt, account, returnPath, facts, size, digest, head, trail).lastInsertRowid,
    );
  }
  const done = sql(
    "UPDATE message SET id = ?, complete = 1, accepted_at = ?, account = ?, return_path = ?, facts = ?, size = ?, digest = ?, head = ?, trail = ?, owner = NULL WHERE number = ? AND complete = 0",
  ).run(id, acceptedAt, account, returnPath, facts, size, digest, head, trail, staged);
  if (done.changes !== 1) throw new Error("the staged body is gone");
  return staged;
};

const enterRecipients = (sql: Sql, m: CommitOp, number: number, owner: string): void => {
  const insert = sql(
    "INSERT INTO recipient (key, address, hop, state, due, owner, sender, priority) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const state = m.hold ? STATE.held : m.lease ? STATE.leased : STATE.queued;
  const sender = m.account ?? m.returnPath ?? "";
  m.recipients.forEach(({ address, hop }, i) => {
    const key = number * PER_MESSAGE + i;
    insert.run(key, address, hop, state, m.due, m.lease ? owner : null, sender, m.priority ?? 0);
  });
};
