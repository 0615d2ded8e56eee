/** A site's own policy: over SMTP, in explain, in replay, and a new version while sessions go on. */
import assert from "node:assert/strict";
import { join } from "node:path";
import nodemailer from "nodemailer";
import { eventually, installed, makeSite, postern, startPostern } from "../support/postern.ts";

const POLICY = (limit: number): string =>
  `import type { SitePolicyFunction } from "@postern/postern/policy";
const policy: SitePolicyFunction = (s) => {
  if (s.recipients.length > ${limit}) {
    return { verdict: "refuse", as: "recipients", text: "At most ${limit}" };
  }
  if (s.header.some((f) => f.name === "Subject" && f.value === "wait")) {
    return { verdict: "hold", reason: "asked to wait" };
  }
  return { verdict: "pass", notes: { limit: ${limit} } };
};
export default policy;
`;

Deno.test({
  name:
    "the site's own policy refuses, holds and notes, and is taken anew without a dropped session",
  ignore: !installed("openssl"),
  fn: async () => {
    const site = await makeSite({
      routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"',
      more: '[policies]\nfile = "site.ts"\n[records]\naccepted = true\n',
    });
    const file = join(site.dir, "site.ts");
    await Deno.writeTextFile(file, POLICY(1));
    const run = (...args: ReadonlyArray<string>) => postern(["--config", site.config, ...args]);
    const good = await run("policy", "check");
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stderr, /types were not checked: no permission/);
    const server = await startPostern(site);
    const transport = nodemailer.createTransport({
      host: "127.0.0.1",
      port: site.submissions,
      secure: true,
      pool: true,
      maxConnections: 1,
      auth: { user: site.user, pass: site.password },
      tls: { rejectUnauthorized: false },
    });
    try {
      const send = (to: ReadonlyArray<string>, subject = "s") =>
        transport.sendMail({ from: site.user, to: [...to], subject, text: "t" })
          .then((i) => i.response, (e: Error) => e.message);
      const two = ["bob@example.org", "carol@example.org"];
      assert.match(await send(two), /550[- ]5\.5\.3 At most 1/);
      assert.match(await send(["bob@example.org"]), /^250 /);

      const held = /queued as (\S+)/.exec(await send(["bob@example.org"], "wait"))?.[1] ?? "";
      const queue = await run("queue", "list");
      assert.match(queue.stdout, /held: asked to wait; until it is released/);
      assert.equal((await run("queue", "release", held)).code, 0);
      await eventually(async () =>
        (await run("queue", "list")).stdout.includes("nothing in the queue") || null
      );

      // the connection of the pool stays
      await Deno.writeTextFile(file, POLICY(2));
      await eventually(async () => (await send(two)).startsWith("250 ") || null);
      assert.match(await send([...two, "dan@example.org"]), /At most 2/);
      await Deno.writeTextFile(file, "export default (s => ;\n");
      await new Promise((done) => setTimeout(done, 3000));
      assert.match(await send([...two, "dan@example.org"]), /At most 2/);
      const broken = await run("policy", "check");
      assert.equal(broken.code, 2);
      assert.match(broken.stderr, /site\.ts:1:\d+/);

      const mail = join(site.dir, "m.eml");
      await Deno.writeTextFile(mail, `From: ${site.user}\r\nTo: bob@example.org\r\n\r\nhi\r\n`);
      await Deno.writeTextFile(file, POLICY(1));
      const explain = (...to: ReadonlyArray<string>) =>
        run("explain", mail, "--as", site.user, ...to.flatMap((a) => ["--to", a]));
      const one = await explain("bob@example.org");
      assert.equal(one.code, 0, one.stderr);
      assert.match(one.stdout, /Site policy[\s\S]*site\.pass[\s\S]*limit/);
      assert.equal((await explain(...two)).code, 1);

      // an endless decision ends explain as well
      await Deno.writeTextFile(file, "export default () => { for (;;); };\n");
      const endless = await explain("bob@example.org");
      assert.equal(endless.code, 1);
      assert.match(endless.stdout, /took more than 1000 ms/);

      // what the new policy would do to what was sent
      await Deno.writeTextFile(file, POLICY(1));
      const next = join(site.dir, "next.toml");
      await Deno.writeTextFile(
        next,
        (await Deno.readTextFile(site.config)).replace('"site.ts"', '"strict.ts"'),
      );
      await Deno.writeTextFile(join(site.dir, "strict.ts"), POLICY(0));
      const replay = await run("policy", "replay", "--since", "1d", "--against", next);
      assert.equal(replay.code, 1, replay.stderr);
      assert.match(replay.stdout, /then {2}550 5\.5\.3 At most 0/);
    } finally {
      transport.close();
      await server.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
