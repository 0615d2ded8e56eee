/** The records of a configuration, read-only. */
import { Duration, Effect } from "effect";
import type { Config } from "../config/config.ts";
import type { Records, RecordsFault } from "../ports/records.ts";
import { recordsLayer } from "../trace/records.ts";
import { failed, Failure, reasonOf } from "./failure.ts";

export const withRecords = <A, E extends RecordsFault | Failure>(
  { records }: Config,
  work: Effect.Effect<A, E, Records>,
): Effect.Effect<A, Failure> =>
  work.pipe(
    Effect.provide(
      recordsLayer({ ...records, keepMs: Duration.toMillis(records.keep), readOnly: true }),
    ),
    Effect.mapError((e) =>
      e instanceof Failure ? e : failed(`records in ${records.path}: ${reasonOf(e.cause)}`)
    ),
  );
