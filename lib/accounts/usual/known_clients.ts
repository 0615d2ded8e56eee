/**
 * The port `KnownClients` over the accounts' file. Clients are kept as keyed digests: the file does not reveal
 * their addresses.
 */
import { createHmac } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { ClientMarks, KnownClients } from "../../ports/known_clients.ts";
import { addressBlock } from "../throttle/address_block.ts";
import { attempt } from "../store/attempt.ts";
import type { Store } from "../store/store.ts";

const HOUR = 3_600_000;

/** `secret`: that of the file. */
export const makeKnownClients = (
  db: DatabaseSync,
  store: Store,
  secret: Uint8Array,
): KnownClients["Service"] => {
  const any = db.prepare("SELECT 1 FROM client WHERE account = ? AND seen >= ? LIMIT 1");
  const one = db.prepare("SELECT seen FROM client WHERE account = ? AND mark = ?");
  const keep = db.prepare(
    "INSERT INTO client (account, mark, seen) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen",
  );

  const digest = (kind: string, text: string): Uint8Array =>
    createHmac("sha256", secret).update(`client\0${kind}\0${text}`, "utf8").digest()
      .subarray(0, 16);
  const marks = ({ address, name }: ClientMarks): readonly [Uint8Array, Uint8Array] => [
    digest("address", addressBlock(address)),
    digest("name", nameKey(name)),
  ];
  const lastSeen = (row: number, mark: Uint8Array): number =>
    Number(one.get(row, mark)?.["seen"] ?? -Infinity);

  return {
    seen: (account, client, since) =>
      attempt(() => {
        const row = store.rowOf(account);
        if (row === null) return { any: false, address: false, name: false };
        const [address, name] = marks(client);
        return {
          any: any.get(row, since) !== undefined,
          address: lastSeen(row, address) >= since,
          name: lastSeen(row, name) >= since,
        };
      }),
    note: (account, client, now) =>
      attempt(() => {
        const row = store.rowOf(account);
        if (row === null) return;
        // an hour is near enough, and spares a write a message
        for (const mark of marks(client)) {
          if (lastSeen(row, mark) < now - HOUR) keep.run(row, mark, now);
        }
      }),
  };
};

/** Clients that give their address for a name change it with every network. RFC 5321 §4.1.3 */
const nameKey = (name: string): string => name.startsWith("[") ? "[]" : name.toLowerCase();
