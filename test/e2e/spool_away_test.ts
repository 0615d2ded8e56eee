/** A spool whose files are taken away, put back from a copy, or left alone for days. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ScriptedHop } from "../support/scripted_hop.ts";
import {
  eventually,
  freePort,
  installed,
  makeSite,
  postern,
  startPostern,
} from "../support/postern.ts";
import { submitOne } from "../support/submit_one.ts";

const DAY = 86_400_000;
const siteTo = (port: number) =>
  makeSite({ routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${port}"\ntls = "none"` });
const tos = (hop: ScriptedHop) =>
  hop.messages.filter((m) => m.data !== "").flatMap((m) => m.to).sort();

Deno.test({
  name:
    "no 250 into a spool that no name leads to: unlinked, renamed or replaced under the server, and taken again once it is back",
  ignore: !installed("openssl"),
  fn: async () => {
    const hop = await ScriptedHop.start();
    const site = await siteTo(hop.port);
    const path = join(site.dir, "data/spool.db");
    const kept = `${path}.kept`;
    const server = await startPostern(site);
    const away: Readonly<Record<string, () => void>> = {
      removed: () => {
        Deno.linkSync(path, kept);
        Deno.removeSync(path);
      },
      renamed: () => Deno.renameSync(path, kept),
      replaced: () => {
        Deno.linkSync(path, kept);
        Deno.writeTextFileSync(`${path}.new`, "");
        Deno.renameSync(`${path}.new`, path);
      },
    };
    try {
      for (const [how, take] of Object.entries(away)) {
        assert.doesNotMatch(await submitOne(site, `before-${how}@example.net`), / /);
        take();
        assert.match(await submitOne(site, `lost-${how}@example.net`), /^451 4\.3\.0 /);
        const nth = Object.keys(away).indexOf(how) + 2;
        const said = (text: string) => server.output().split(text).length === nth || null;
        await eventually(() => said("The spool takes no mail"));
        Deno.renameSync(kept, path);
        await eventually(() => said("in its place again"));
        assert.doesNotMatch(await submitOne(site, `after-${how}@example.net`), / /);
      }
      const expected = Object.keys(away).flatMap((how) =>
        [`before-${how}`, `after-${how}`].map((n) => `<${n}@example.net>`)
      );
      const accounts = join(site.dir, "data/accounts.db");
      Deno.renameSync(accounts, `${accounts}.kept`);
      await eventually(() => server.output().includes("A database is not in its place") || null);
      Deno.renameSync(`${accounts}.kept`, accounts);
      await eventually(() => server.output().includes("A database is in its place again") || null);
      await eventually(() => hop.messages.length >= expected.length || null);
      assert.equal(await server.stop(), 0);
      assert.deepEqual(tos(hop).map((t) => t.replace(/^[^<]*/, "")), expected.sort());
    } finally {
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "three messages accepted six days ago, by a server that was off since, are tried and not bounced",
  ignore: !installed("openssl"),
  fn: async () => {
    const port = await freePort();
    const site = await siteTo(port);
    const first = await startPostern(site);
    let server = first;
    let hop: ScriptedHop | null = null;
    try {
      for (const n of [1, 2, 3]) {
        assert.doesNotMatch(await submitOne(site, `${n}@example.net`), / /);
      }
      await eventually(async () =>
        (await postern(["--config", site.config, "queue", "count"])).stdout.includes("3 queued") ||
        null
      );
      assert.equal(await first.stop(), 0);
      const db = new DatabaseSync(join(site.dir, "data/spool.db"));
      const ago = Date.now() - 6 * DAY;
      db.prepare("UPDATE message SET accepted_at = ?").run(ago);
      db.prepare("UPDATE recipient SET due = ?, at = ?, attempts = 1").run(ago, ago);
      db.prepare("UPDATE life SET alive_at = ?").run(ago);
      db.close();
      server = await startPostern(site);
      const list = async () =>
        JSON.parse(
          (await postern(["--config", site.config, "queue", "list", "--all", "--json"])).stdout,
        ) as ReadonlyArray<
          {
            readonly recipients: ReadonlyArray<
              {
                readonly address: string;
                readonly state: string;
                readonly attempts: number;
                readonly due: string | null;
              }
            >;
          }
        >;
      // the notice that it takes long may wait there as well
      const own = await eventually(async () => {
        const found = (await list()).flatMap((m) => m.recipients)
          .filter((r) => r.address.endsWith("@example.net"));
        return found.every((r) => r.state === "queued" && r.attempts > 1) ? found : null;
      });
      assert.equal(own.length, 3);
      for (const r of own) assert.ok(Date.parse(r.due ?? "") < Date.now() + 3 * 60_000, `${r.due}`);
      const back = await ScriptedHop.start({ port });
      hop = back;
      await eventually(
        () => tos(back).filter((t) => t.includes("example.net")).length === 3 || null,
        100_000,
      );
      assert.equal(back.messages.some((m) => m.data.includes("Action: failed")), false);
    } finally {
      await server.stop();
      await hop?.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "a spool that was restored from an older copy, and one that is started held, wait for `queue release --all`, which leaves the holds of operators",
  ignore: !installed("openssl"),
  fn: async () => {
    let up = false;
    const hop = await ScriptedHop.start({
      on: (c) => !up && c.startsWith("MAIL") ? "450 4.3.2 not now" : undefined,
    });
    const site = await siteTo(hop.port);
    const path = join(site.dir, "data/spool.db");
    const run = (...args: ReadonlyArray<string>) => postern(["--config", site.config, ...args]);
    let server = await startPostern(site);
    try {
      const sent = await submitOne(site, "sent@example.net");
      const dropped = await submitOne(site, "dropped@example.net");
      const own = await submitOne(site, "own@example.net");
      await eventually(async () =>
        (await run("queue", "count")).stdout.includes("3 queued") || null
      );
      assert.equal((await run("queue", "hold", own)).code, 0);
      assert.equal(await server.stop(), 0);
      await Deno.copyFile(path, `${path}.old`);
      server = await startPostern(site);
      await submitOne(site, "later@example.net");
      const witness = await Deno.readTextFile(`${path}.witness`);
      await eventually(async () =>
        (await Deno.readTextFile(`${path}.witness`)) !== witness || null
      );
      await server.kill();
      for (const ending of ["-wal", "-shm"]) {
        await Deno.remove(path + ending).catch(() => {});
      }
      await Deno.rename(`${path}.old`, path);
      up = true;
      server = await startPostern(site);
      assert.match(server.output(), /The spool starts held[\s\S]*queue release --all/);
      await submitOne(site, "new@example.net");
      await eventually(() => tos(hop).length === 1 || null);
      assert.equal((await run("queue", "remove", dropped)).code, 0);
      const released = await run("queue", "release", "--all");
      assert.match(released.stdout, /released 1 recipient of 1 message/);
      assert.match(released.stderr, /1 message that a policy or an operator holds stays held/);
      await eventually(() => tos(hop).length === 2 || null);
      assert.equal(tos(hop).some((t) => t.includes("sent@")), true);
      assert.match((await run("queue", "show", own)).stdout, /own@example\.net {2}held/);
      assert.equal(await server.stop(), 0);
      server = await startPostern(site, ["--held"]);
      assert.match(server.output(), /The spool starts held, as asked for/);
      assert.match((await run("queue", "release", "--all")).stdout, /released 1 recipient/);
      await eventually(() => tos(hop).some((t) => t.includes("own@")) || null);
      assert.equal(tos(hop).length, 3);
      assert.equal(sent.length > 0, true);
    } finally {
      await server.stop();
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});

Deno.test({
  name: "a server that is stopped (SIGSTOP) for longer than its leases sends nothing twice",
  ignore: !installed("openssl"),
  fn: async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const hop = await ScriptedHop.start({ hold: promise });
    const site = await siteTo(hop.port);
    const server = await startPostern(site);
    try {
      await submitOne(site, "first@example.net");
      await eventually(() => hop.messages.length === 1 || null);
      await submitOne(site, "second@example.net");
      Deno.kill(server.pid, "SIGSTOP");
      await new Promise((r) => setTimeout(r, 20_000));
      resolve();
      Deno.kill(server.pid, "SIGCONT");
      await eventually(() => hop.messages.length === 2 || null);
      const third = await submitOne(site, "third@example.net");
      await eventually(async () =>
        (await postern(["--config", site.config, "queue", "show", third])).stdout
          .includes("delivered") || null
      );
      assert.equal(await server.stop(), 0);
      assert.equal(hop.messages.length, 3);
    } finally {
      resolve();
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
