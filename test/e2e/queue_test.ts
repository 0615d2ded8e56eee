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

Deno.test({
  name:
    "QUE-4: hold says what is on the wire, show says that it may arrive, and what arrived is told with its attempts",
  ignore: !installed("openssl"),
  fn: async () => {
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => go = resolve);
    const hop = await ScriptedHop.start({
      hold: gate,
      on: (c) => c.includes("later@") ? "450 4.2.1 mailbox busy" : undefined,
    });
    const site = await makeSite({
      routes: `[[route]]
to = "*"
via = ["smtp://127.0.0.2:9", "smtp://127.0.0.1:${hop.port}"]
tls = "none"
connections = 3
messages_per_minute = 6000`,
    });
    const run = (...args: ReadonlyArray<string>) => postern(["--config", site.config, ...args]);
    const server = await startPostern(site);
    try {
      const id = await submitOne(site, "slow@example.net");
      await eventually(() => hop.commands.includes("DATA") || null);
      const route = await run("route", "test", "slow@example.net");
      assert.match(route.stdout, /at most 3 connections and 6000 messages a minute/);
      assert.match(
        (await run("queue", "show", id)).stdout,
        /its next hop gets at most 3 connections and 6000 messages a minute, by route 1/,
      );
      const held = await run("queue", "hold", id);
      assert.match(
        held.stdout,
        /^held 1 recipient of 1 message\n1 recipient may be on the wire at this moment: /,
      );
      assert.match((await run("queue", "show", id)).stdout, /it may still arrive/);
      assert.match((await run("queue", "list", "--state", "held")).stdout, new RegExp(id));
      go();
      const shown = await eventually(async () => {
        const { stdout } = await run("queue", "show", id);
        return stdout.includes("done: the next hop took it") ? stdout : null;
      });
      assert.match(
        shown,
        /took \d+(?:\.\d)? m?s; before: 127\.0\.0\.2: Connection refused/,
      );
      const later = await submitOne(site, "later@example.net");
      await eventually(async () => {
        const [r] = JSON.parse((await run("queue", "show", later, "--json")).stdout).recipients;
        return r.lastAttempt?.host === "127.0.0.1" && r.lastAttempt.ms >= 0 ? true : null;
      });
      const taken = await run("queue", "remove", later);
      assert.equal(taken.stdout, "took out 1 recipient of 1 message\n");
      const again = await run("queue", "retry", later);
      assert.deepEqual([again.code, again.stderr], [
        1,
        `postern: nothing to do: the recipients selected of ${later} are removed\n`,
      ]);
      assert.equal(await server.stop(), 0);
    } finally {
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
