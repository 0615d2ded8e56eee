import { Effect, Layer } from "effect";
import { spoolLayer } from "../../../lib/spool/sqlite.ts";
import { adminLayer } from "../../../lib/spool/sqlite_admin.ts";
import { spoolSuite } from "../../contract/spool_suite.ts";
import { memorySpoolLayer } from "../../support/memory_spool.ts";
import { temporaryDirectory } from "../../support/temporary_directory.ts";

spoolSuite("memory spool", memorySpoolLayer);

spoolSuite("SQLite spool", () =>
  Layer.unwrap(Effect.map(temporaryDirectory, (dir) => {
    const path = `${dir}/new/spool.db`;
    return Layer.provideMerge(
      adminLayer(path),
      spoolLayer({ path, keepDays: 1, onceMs: 3_600_000 }),
    );
  })));
