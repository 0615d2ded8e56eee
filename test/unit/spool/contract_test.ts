import { Effect, Layer } from "effect";
import { spoolLayer } from "../../../lib/spool/sqlite.ts";
import { adminLayer } from "../../../lib/spool/sqlite_admin.ts";
import { commitSuite } from "../../contract/commit_suite.ts";
import { spoolSuite } from "../../contract/spool_suite.ts";
import { memorySpoolLayer } from "../../../lib/testing/memory_spool.ts";
import { sqliteTrouble } from "../../support/sqlite_trouble.ts";
import { temporaryDirectory } from "../../support/temporary_directory.ts";

const sqliteSpoolLayer = () =>
  Layer.unwrap(Effect.map(temporaryDirectory, (dir) => {
    const path = `${dir}/new/spool.db`;
    return Layer.provideMerge(
      Layer.merge(adminLayer(path), sqliteTrouble(path)),
      spoolLayer({ path, keepDays: 1, onceMs: 3_600_000 }),
    );
  }));

spoolSuite("memory spool", memorySpoolLayer);
commitSuite("memory spool", memorySpoolLayer);
spoolSuite("SQLite spool", sqliteSpoolLayer);
commitSuite("SQLite spool", sqliteSpoolLayer);
