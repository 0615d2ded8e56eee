/** Messages whose stored content is broken, through the server and the command line. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { eventually, installed, makeSite, postern, startPostern } from "../support/postern.ts";
import { submitLarge, submitOne } from "../support/submit_one.ts";

const PAGE = 4096;

/** Breaks a page in the middle of the text that only one message holds. */
const breakPage = async (path: string): Promise<void> => {
  const octets = await Deno.readFile(path);
  const text = new TextDecoder("latin1").decode(octets);
  const at = text.indexOf("0123456789".repeat(7), text.indexOf("0123456789".repeat(7)) + 8 * PAGE);
  // the number of the page that goes on with the text
  octets.fill(0xff, Math.floor(at / PAGE) * PAGE, Math.floor(at / PAGE) * PAGE + 4);
  await Deno.writeFile(path, octets);
};

Deno.test({
  name:
    "what is damaged in the spool is told to its sender and the log at once, is kept to look at, and stops nothing else",
  ignore: !installed("openssl"),
  fn: async () => {
    let open = false;
    const hop = await ScriptedHop.start({
      on: (c) => !open && c.startsWith("MAIL") ? "450 4.3.2 not now" : undefined,
    });
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
    });
    const path = join(site.dir, "data/spool.db");
    const run = (...args: ReadonlyArray<string>) => postern(["--config", site.config, ...args]);
    const first = await startPostern(site);
    let server = first;
    try {
      const changed = await submitOne(site, "changed@example.net");
      const gone = await submitOne(site, "gone@example.net");
      const torn = await submitLarge(site, ["torn@example.net"], 60_000);
      const facts = await submitOne(site, "facts@example.net");
      const whole = await submitOne(site, "whole@example.net");
      await eventually(async () =>
        (await run("queue", "count")).stdout.includes("5 queued") || null
      );
      assert.equal(await first.stop(), 0);
      const db = new DatabaseSync(path);
      const chunks = "SELECT c.key FROM chunk c JOIN message m ON m.number = c.key / 1048576";
      db.prepare(
        `UPDATE chunk SET octets = CAST('hellO' || char(13, 10) AS BLOB) WHERE key IN (${chunks} WHERE m.id = ?)`,
      ).run(changed);
      db.prepare(`DELETE FROM chunk WHERE key IN (${chunks} WHERE m.id = ?)`).run(gone);
      db.prepare("UPDATE message SET facts = substr(facts, 2) WHERE id = ?").run(facts);
      db.exec("UPDATE recipient SET due = 0; PRAGMA wal_checkpoint(TRUNCATE)");
      db.close();
      await breakPage(path);
      open = true;
      server = await startPostern(site);
      const to = (address: string) =>
        hop.messages.filter((m) => m.data !== "" && m.to.some((t) => t.includes(address)));
      await eventually(() => to("whole@").length === 1 || null);
      const reports = await eventually(() => {
        const found = to(site.user);
        return found.length >= 3 ? found.map((m) => m.data) : null;
      });
      for (const address of ["changed", "gone", "torn"]) {
        const about = reports.filter((r) => r.includes(`${address}@example.net`));
        assert.equal(about.length, 1);
        assert.match(about[0] ?? "", /Status: 5\.3\.0/);
        assert.match(about[0] ?? "", /damaged in our storage/);
      }
      const listed = await eventually(async () => {
        const r = await run("queue", "list", "--state", "damaged", "--json");
        const found: ReadonlyArray<{ readonly id: string }> = JSON.parse(r.stdout);
        return found.length === 4 ? found.map((m) => m.id) : null;
      });
      assert.deepEqual([...listed].sort(), [changed, gone, torn, facts].sort());
      const errors = server.output().split("\n").filter((l) => l.includes("damaged in the spool"));
      for (const id of [changed, gone, torn, facts]) {
        assert.equal(errors.filter((l) => l.includes(id)).length, 1, `${id}: ${errors.join("\n")}`);
      }
      assert.match((await run("queue", "show", changed)).stdout, /damaged in our storage/);
      assert.match((await run("queue", "show", changed, "--content")).stdout, /hellO\r\n$/);
      const rest = await run("queue", "show", torn, "--content");
      assert.match(rest.stdout, /^Received:/);
      assert.deepEqual([rest.code, /cannot be read/.test(rest.stderr)], [1, true]);
      assert.equal((await run("queue", "remove", changed)).code, 0);
      assert.equal((await run("queue", "list")).stdout.includes(changed), false);
      assert.match(await submitOne(site, "after@example.net"), /^[^ ]+$/);
      await eventually(() => to("after@").length === 1 || null);
      assert.equal(to("whole@").length, 1);
      assert.equal(to("changed@").length, 0);
      assert.equal(whole.length > 0, true);
    } finally {
      await server.stop();
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
