/** The queue as an operator and a sender meet it, through the server and the command line. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { eventually, installed, makeSite, postern, startPostern } from "../support/postern.ts";
import { submitOne } from "../support/submit_one.ts";

Deno.test({
  name:
    "QUE-4: an address that failed for good is refused until an operator lifts it; show and the log of events tell why",
  ignore: !installed("openssl"),
  fn: async () => {
    const hop = await ScriptedHop.start({
      on: (c) => c.includes("gone@") ? "550 5.1.1 nobody of that name" : undefined,
    });
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
      more: '[queue]\nsuppress_days = 1\n[events]\nlog = "events.jsonl"',
    });
    const run = (...args: ReadonlyArray<string>) => postern(["--config", site.config, ...args]);
    const server = await startPostern(site);
    try {
      const id = await submitOne(site, "gone@example.net");
      const shown = await eventually(async () => {
        const r = await run("queue", "show", id);
        return r.stdout.includes("refused for good") ? r.stdout : null;
      });
      assert.match(shown, /550 5\.1\.1 nobody of that name/);
      assert.match(shown, /the sender was sent a bounce/);
      const refused = await eventually(async () => {
        const r = await submitOne(site, "Gone@example.net");
        return r.startsWith("550 5.1.1") ? r : null;
      });
      assert.match(refused, /failed for good lately/);
      const list = await run("suppress", "list", "--json");
      assert.equal(JSON.parse(list.stdout)[0].address, "gone@example.net");
      assert.equal((await run("suppress", "remove", "gone@example.net")).code, 0);
      assert.equal((await run("suppress", "remove", "gone@example.net")).code, 1);
      await eventually(async () =>
        (await submitOne(site, "gone@example.net")).startsWith("550") ? null : true
      );
      assert.equal((await run("suppress", "add", "other@example.net", "--days", "3")).code, 0);
      await eventually(async () =>
        (await submitOne(site, "other@example.net")).startsWith("550 5.1.1") ? true : null
      );
      const events = (await Deno.readTextFile(join(site.dir, "events.jsonl"))).trimEnd().split("\n")
        .map((l) => JSON.parse(l)).filter((e) => e.message === id);
      assert.deepEqual(events.map((e) => e.event), ["accepted", "bounced"]);
      assert.equal(await server.stop(), 0);
    } finally {
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
