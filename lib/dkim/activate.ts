/** Activates a new key once DNS serves it, which is checked periodically. RFC 6376 §3.6.1, §5.2 */
import { Clock, Effect } from "effect";
import { type DkimRecord, parseRecord, recordName } from "../message/dkim/dkim_record.ts";
import { Resolver } from "../ports/resolver.ts";
import { readKey } from "./key.ts";
import { activated, type KeyEntry, readIndex, readKeyFile, writeIndex } from "./key_store.ts";

/** What DNS says of a key. */
export type Served =
  | { readonly _tag: "Served" }
  /** There is none, or another one. */
  | { readonly _tag: "Absent" }
  | { readonly _tag: "Other" }
  | { readonly _tag: "Unknown"; readonly reason: string };

export const served = Effect.fnUntraced(function* (
  key: KeyEntry,
  record: DkimRecord,
): Effect.fn.Return<Served, never, Resolver> {
  const answer = yield* (yield* Resolver).lookup(recordName(key.selector, key.domain), "TXT");
  switch (answer._tag) {
    case "Trouble":
      return { _tag: "Unknown", reason: answer.reason };
    case "Found": {
      const all = answer.records.flatMap((strings) => parseRecord(strings) ?? []);
      if (all.some((r) => r.type === record.type && r.key === record.key)) {
        return { _tag: "Served" };
      }
      return { _tag: all.length === 0 ? "Absent" : "Other" };
    }
    default:
      return { _tag: "Absent" };
  }
});

/** The public half; a key that cannot be read is a defect of the directory. */
export const recordOf = (dir: string, key: KeyEntry): Effect.Effect<DkimRecord, unknown> =>
  Effect.tryPromise({
    try: async () => (await readKey(readKeyFile(dir, key))).record,
    catch: (e) => e,
  });

/** Activates every new key that DNS serves; returns those. */
export const activateServed = Effect.fnUntraced(function* (
  dir: string,
): Effect.fn.Return<ReadonlyArray<KeyEntry>, unknown, Resolver> {
  const fresh = (yield* Effect.try({ try: () => readIndex(dir), catch: (e) => e })).filter((e) =>
    e.state === "new"
  );
  const done: Array<KeyEntry> = [];
  for (const key of fresh) {
    if ((yield* served(key, yield* recordOf(dir, key)))._tag !== "Served") continue;
    const now = yield* Clock.currentTimeMillis;
    // read again: somebody may have added a key while DNS was asked
    yield* Effect.try({
      try: () => writeIndex(dir, activated(readIndex(dir), key, now)),
      catch: (e) => e,
    });
    done.push(key);
  }
  return done;
});
