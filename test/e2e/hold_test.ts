/** Grace for second thoughts: over a kill and a restart, with the note to the owner and its token. */
import assert from "node:assert/strict";
import { join } from "node:path";
import nodemailer from "nodemailer";
import { eventually, installed, makeSite, postern, startPostern } from "../support/postern.ts";

Deno.test({
  name:
    "a held message waits over a kill, its owner may call it back or let it go, and else it leaves",
  ignore: !installed("openssl"),
  fn: async () => {
    const site = await makeSite({
      routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"\n' +
        '[[route]]\nto = "example.com"\nvia = "maildir:own"',
      more: "[holds]\ngrace_seconds = 20\n",
    });
    const run = (...args: ReadonlyArray<string>) => postern(["--config", site.config, ...args]);
    const texts = async (box: string): Promise<ReadonlyArray<string>> => {
      const out: Array<string> = [];
      const dir = join(site.dir, box, "new");
      try {
        for await (const e of Deno.readDir(dir)) {
          out.push(await Deno.readTextFile(join(dir, e.name)));
        }
      } catch {
        // not made yet
      }
      return out;
    };
    let server = await startPostern(site);
    const send = async (subject: string) => {
      const transport = nodemailer.createTransport({
        host: "127.0.0.1",
        port: site.submissions,
        secure: true,
        auth: { user: site.user, pass: site.password },
        tls: { rejectUnauthorized: false },
      });
      const mail = { from: site.user, to: "bob@example.org", subject, text: "t" };
      const { response } = await transport.sendMail(mail);
      transport.close();
      return /queued as (\S+)/.exec(response)?.[1] ?? "";
    };
    try {
      const started = Date.now();
      const [back, soon, late] = [await send("back"), await send("soon"), await send("late")];
      const tokenOf = (id: string) =>
        eventually(async () => {
          const note = (await texts("own")).find((t) => t.includes(`Your message ${id} waits`));
          return note === undefined ? null : /queue release (hold-\S+)/.exec(note)?.[1] ?? null;
        });
      const [first, second] = [await tokenOf(back), await tokenOf(soon)];
      assert.match((await run("queue", "list")).stdout, /held: time to call it back; leaves /);
      assert.deepEqual(await texts("outbox"), []);
      await server.kill();

      // without a server as with one
      assert.equal((await run("queue", "cancel", first)).code, 0);
      assert.equal((await run("queue", "cancel", first)).code, 1);
      assert.equal((await run("queue", "release", first)).code, 1);
      server = await startPostern(site);
      assert.equal((await run("queue", "release", second)).code, 0);
      await eventually(async () => (await texts("outbox")).length > 0 || null);
      assert.match((await texts("outbox"))[0] ?? "", /Subject: soon/);
      await eventually(async () => (await texts("outbox")).length > 1 || null, 40_000);
      assert.ok(Date.now() - started >= 20_000, "it left too early");
      const subjects = (await texts("outbox")).map((t) => /Subject: (\w+)/.exec(t)?.[1]).sort();
      assert.deepEqual(subjects, ["late", "soon"]);
      assert.match((await run("queue", "show", late)).stdout, /Hold[\s\S]*hold\.grace/);
      assert.match((await run("queue", "show", back)).stdout, /removed/);
    } finally {
      await server.stop().catch(() => {});
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});

Deno.test({
  name: "a client with another name is held, let go by hand it is known; what expires comes back",
  ignore: !installed("openssl"),
  fn: async () => {
    const site = await makeSite({
      routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"\n' +
        '[[route]]\nto = "example.com"\nvia = "maildir:own"',
      more: '[holds]\nunusual = ["name"]\n[policies]\nfile = "site.ts"\n',
    });
    await Deno.writeTextFile(
      join(site.dir, "site.ts"),
      `export default (s: { recipients: ReadonlyArray<string> }) =>
  s.recipients[0] === "odd@example.org"
    ? { verdict: "hold", reason: "odd", minutes: 0.02, then: "expire" }
    : undefined;
`,
    );
    const run = (...args: ReadonlyArray<string>) => postern(["--config", site.config, ...args]);
    const server = await startPostern(site);
    const send = async (name: string, to = "bob@example.org") => {
      const transport = nodemailer.createTransport({
        host: "127.0.0.1",
        port: site.submissions,
        secure: true,
        name,
        auth: { user: site.user, pass: site.password },
        tls: { rejectUnauthorized: false },
      });
      const { response } = await transport.sendMail({
        from: site.user,
        to,
        subject: "s",
        text: "t",
      });
      transport.close();
      return /queued as (\S+)/.exec(response)?.[1] ?? "";
    };
    const holds = async () =>
      (JSON.parse((await run("queue", "list", "--json")).stdout) as ReadonlyArray<
        { id: string; hold: { reason: string; then: string } | null }
      >).filter((e) => e.hold !== null);
    try {
      await send("home.example");
      const odd = await send("elsewhere.example");
      const [held] = await holds();
      assert.deepEqual([held?.id, held?.hold?.then], [odd, "expire"]);
      assert.match(held?.hold?.reason ?? "", /unusual name/);
      assert.equal((await run("queue", "release", odd)).code, 0);
      await send("elsewhere.example");
      assert.deepEqual(await holds(), []);

      await send("home.example", "odd@example.org");
      const own = join(site.dir, "own", "new");
      await eventually(async () => {
        for await (const e of Deno.readDir(own)) {
          const text = await Deno.readTextFile(join(own, e.name));
          if (/Held for a check, and not released\s+in time/.test(text)) return text;
        }
        return null;
      });
      for await (const e of Deno.readDir(join(site.dir, "outbox", "new"))) {
        assert.doesNotMatch(
          await Deno.readTextFile(join(site.dir, "outbox", "new", e.name)),
          /To: odd/,
        );
      }
    } finally {
      await server.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
