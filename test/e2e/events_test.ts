/** Events of messages for programs: nothing is missed over a kill, what an operator does included. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  eventually,
  freePort,
  installed,
  makeSite,
  postern,
  startPostern,
} from "../support/postern.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { submitOne } from "../support/submit_one.ts";
import { webhookReceiver } from "../support/webhook_receiver.ts";

Deno.test({
  name: "events wait over kill -9 for a receiver that is down, signed, each under one id",
  ignore: !installed("openssl"),
  fn: async () => {
    const hop = await ScriptedHop.start({
      on: (c) => c.includes("later@") ? "450 4.2.1 not now" : undefined,
    });
    const port = await freePort();
    const key = await Deno.makeTempFile({ prefix: "postern-key-" });
    await Deno.writeTextFile(key, "s3cret\n");
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
      more:
        `[events]\nwebhook = "http://127.0.0.1:${port}/hook"\nsecret_file = "${key}"\nlog = "events.jsonl"`,
    });
    const run = async (...args: ReadonlyArray<string>) => {
      const r = await postern(["--config", site.config, ...args]);
      assert.equal(r.code, 0, r.stderr + r.stdout);
      return r.stdout;
    };
    let server = await startPostern(site);
    try {
      const taken = await submitOne(site, "now@example.net");
      const waits = await submitOne(site, "later@example.net");
      await eventually(async () =>
        (await run("queue", "show", waits)).includes("450 4.2.1") || null
      );
      await eventually(async () => (await run("queue", "show", taken)).includes("done:") || null);
      await run("queue", "hold", waits);
      await server.kill();
      // without a server as with one
      await run("queue", "release", waits);
      await run("queue", "remove", waits);
      const receiver = await webhookReceiver("s3cret", [500], port);
      try {
        server = await startPostern(site);
        await eventually(() => receiver.taken.length >= 7 || null, 40_000);
        const last = await submitOne(site, "now@example.net");
        await eventually(() =>
          receiver.taken.some((e) => e.message === last && e.event === "delivered") || null
        );
        assert.ok(receiver.signatures.every((s) => s));
        const once = [...new Map(receiver.taken.map((e) => [e.id, e])).values()];
        const of = (id: string) => once.filter((e) => e.message === id).map((e) => e.event);
        assert.deepEqual(of(taken), ["accepted", "delivered"]);
        assert.deepEqual(of(waits), ["accepted", "deferred", "held", "released", "removed"]);
        assert.deepEqual(of(last), ["accepted", "delivered"]);
        assert.equal(await server.stop(), 0, server.output());
        const lines = (await Deno.readTextFile(join(site.dir, "events.jsonl"))).trimEnd().split(
          "\n",
        );
        const logged = new Set(lines.map((l) => JSON.parse(l).id));
        assert.deepEqual([...logged].sort(), once.map((e) => e.id).sort());
      } finally {
        await receiver.stop();
      }
    } finally {
      await server.kill().catch(() => {});
      await hop.stop();
      await Deno.remove(key);
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});

Deno.test({
  name: "events of what is passed through are noted before the client has its 250",
  ignore: !installed("openssl"),
  fn: async () => {
    const hop = await ScriptedHop.start();
    const key = await Deno.makeTempFile({ prefix: "postern-key-" });
    await Deno.writeTextFile(key, "s3cret\n");
    const site = await makeSite({
      routes:
        `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"\ndurability = "next_hop"`,
      // nobody is there: they wait
      more: `[events]\nwebhook = "http://127.0.0.1:${await freePort()}/"\nsecret_file = "${key}"`,
    });
    const server = await startPostern(site);
    const db = new DatabaseSync(join(site.dir, "data/spool.db"), { readOnly: true });
    try {
      const noted = db.prepare("SELECT count(*) AS n FROM event");
      for (let n = 1; n <= 10; n++) {
        await submitOne(site, "bob@example.net");
        assert.equal(noted.get()?.["n"], 2 * n);
      }
    } finally {
      db.close();
      await server.stop();
      await hop.stop();
      await Deno.remove(key);
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
