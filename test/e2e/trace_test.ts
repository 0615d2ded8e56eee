/** Refusals that can be asked about, sealed Received fields, and what another configuration would have done. */
import assert from "node:assert/strict";
import { join } from "node:path";
import nodemailer from "nodemailer";
import { eventually, installed, makeSite, postern, startPostern } from "../support/postern.ts";

Deno.test({
  name: "postern trace and policy replay answer for what a server did",
  ignore: !installed("openssl"),
  fn: async () => {
    const site = await makeSite({
      routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"',
      more:
        '[records]\naccepted = true\n[headers]\nreceived = "sealed"\nseal_key_file = "seal.key"\n',
    });
    const run = (...args: ReadonlyArray<string>) => postern(["--config", site.config, ...args]);
    assert.equal((await run("trace", "new-key", join(site.dir, "seal.key"))).code, 0);
    const server = await startPostern(site);
    try {
      const transport = nodemailer.createTransport({
        host: "127.0.0.1",
        port: site.submissions,
        secure: true,
        auth: { user: site.user, pass: site.password },
        tls: { rejectUnauthorized: false },
      });
      const mail = { from: site.user, to: "bob@example.org", subject: "s", text: "t" };
      const said = await transport.sendMail(mail);
      const queued = /queued as (\S+)/.exec(said.response)?.[1] ?? "";
      const accepted = await run("trace", queued);
      assert.equal(accepted.code, 0, accepted.stderr);
      assert.match(accepted.stdout, /Enforce sender rights/);

      const refusal = await transport.sendMail({
        ...mail,
        from: "boss@example.com",
        envelope: { from: site.user, to: mail.to },
      }).then(() => "", (e: Error) => e.message);
      assert.match(refusal, /550-5\.7\.1 You may send as alice@example\.com/);
      const id = /Trace id (\S+)/.exec(refusal)?.[1] ?? "";
      const traced = await eventually(async () => {
        const e = await run("trace", id, "--json");
        return e.code === 0 ? JSON.parse(e.stdout) : null;
      });
      assert.equal(traced.account, site.user);
      assert.deepEqual(traced.recipients, ["bob@example.org"]);
      assert.equal(traced.trail.at(-1).rule, "RGT-5");
      assert.equal((await run("trace", "0".repeat(17))).code, 1);

      // a name that shows a colleague's address
      const named = await transport.sendMail({
        ...mail,
        from: { name: "ceo@example.com", address: site.user },
      }).then(() => "", (e: Error) => e.message);
      assert.match(named, /550-5\.7\.1 The name in the From field shows an address/);
      const why = await eventually(async () => {
        const e = await run("trace", /Trace id (\S+)/.exec(named)?.[1] ?? "", "--json");
        return e.code === 0 ? JSON.parse(e.stdout) : null;
      });
      assert.equal(why.trail.at(-1).rule, "RGT-11");

      // Received, sealed
      const outbox = join(site.dir, "outbox", "new");
      const file = await eventually(async () => {
        for await (const e of Deno.readDir(outbox)) return join(outbox, e.name);
        return null;
      });
      const text = await Deno.readTextFile(file);
      assert.doesNotMatch(text, /127\.0\.0\.1/);
      const token = /\(sealed\s+([^)]+)\)/.exec(text)?.[1] ?? "";
      const opened = await run("trace", "unseal", token);
      assert.equal(opened.code, 0, opened.stderr);
      const facts = JSON.parse(opened.stdout);
      assert.deepEqual([facts.id, facts.account, facts.address], [queued, site.user, "127.0.0.1"]);

      // another configuration, and the same one
      const next = join(site.dir, "next.toml");
      const config = await Deno.readTextFile(site.config);
      await Deno.writeTextFile(
        next,
        `${config}[[grant]]\nprincipal = "alice@example.com"\naddress = "boss@example.com"\n`,
      );
      const replay = await run("policy", "replay", "--against", next, "--json");
      assert.equal(replay.code, 1, replay.stderr);
      const would = JSON.parse(replay.stdout);
      assert.equal(would.submissions, 3);
      assert.deepEqual(
        would.changes.map((c: { id: string; after: { reply: string } }) => [c.id, c.after.reply]),
        [[id, "accepted"]],
      );
      assert.equal(would.notice, undefined);
      const same = await run("policy", "replay", "--against", site.config);
      assert.deepEqual([same.code, same.stderr], [0, ""]);

      // a server that does not record what it accepts has only refusals to judge, and says so
      await Deno.writeTextFile(site.config, config.replace("accepted = true", "accepted = false"));
      const notice =
        /^accepted submissions are not recorded: only refused ones are judged here; set accepted = true in \[records\]/;
      const partial = await run("policy", "replay", "--against", next, "--json");
      assert.match(JSON.parse(partial.stdout).notice, notice);
      const inWords = await run("policy", "replay", "--against", next);
      assert.match(inWords.stderr.replace("postern: ", ""), notice);
    } finally {
      await server.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
