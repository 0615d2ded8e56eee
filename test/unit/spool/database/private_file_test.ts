import assert from "node:assert/strict";
import { join } from "node:path";
import { openDatabase as openAccounts } from "../../../../lib/accounts/store/database.ts";
import { KeptFile } from "../../../../lib/files/kept_file.ts";
import { openDatabase } from "../../../../lib/spool/database/database.ts";

const modes = (dir: string): ReadonlyArray<string> =>
  [...Deno.readDirSync(dir)].map((e) =>
    `${e.name} ${((Deno.statSync(join(dir, e.name)).mode ?? 0) & 0o777).toString(8)}`
  ).sort();

const STORES: ReadonlyArray<readonly [string, (path: string) => { readonly close: () => void }]> = [
  ["spool", openDatabase],
  ["accounts", (path) => openAccounts({ path })],
];

for (const [what, open] of STORES) {
  Deno.test(`the ${what} and all beside it are the owner's alone in a directory that is open, and after an update`, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await Deno.chmod(dir, 0o755);
      const path = join(dir, "x.db");
      const want = ["x.db 600", "x.db-shm 600", "x.db-wal 600"];
      const db = open(path);
      try {
        assert.deepEqual(modes(dir), want);
        for (const name of ["x.db", "x.db-shm", "x.db-wal"]) {
          await Deno.chmod(join(dir, name), 0o644);
        }
        open(path).close();
        assert.deepEqual(modes(dir), want);
      } finally {
        db.close();
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

Deno.test("what is kept beside the spool is the owner's alone", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const file = new KeptFile(join(dir, "sub", "sts.json"));
    file.write("{}");
    await file.idle();
    assert.deepEqual([...modes(dir), ...modes(join(dir, "sub"))], ["sub 700", "sts.json 600"]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
