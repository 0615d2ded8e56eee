/** Filters behind the real server: bodies that wait on disk, holds, discards, and a filter that dies. */
import assert from "node:assert/strict";
import { join } from "node:path";
import nodemailer from "nodemailer";
import { latin1, packet, strings } from "../../lib/filter/packets.ts";
import { goOn, GTUBE, haveRspamd, ScriptedMilter, startRspamd } from "../support/filters.ts";
import { eventually, installed, makeSite, postern, startPostern } from "../support/postern.ts";

Deno.test({
  name: "rspamd and a milter judge, change, hold and discard what comes in by SMTP",
  ignore: !installed("openssl") || !haveRspamd,
  fn: async () => {
    const rspamd = await startRspamd();
    let octets = 0;
    const milter = await ScriptedMilter.start((p, seen) => {
      if (p.letter === "C") octets = 0;
      if (p.letter === "B") octets += p.data.length;
      if (p.letter !== "E") return goOn(p);
      const subject = latin1(
        seen.findLast((s) => latin1(s.data).startsWith("Subject"))?.data ?? new Uint8Array(),
      );
      if (subject.includes("odd")) return [packet("q", strings("looks odd")), packet("c")];
      if (subject.includes("gone")) return [packet("d")];
      if (subject.includes("big")) {
        return [
          packet("h", strings("X-Seen", String(octets))),
          packet("b", new TextEncoder().encode("replaced\r\n")),
          packet("c"),
        ];
      }
      return [packet("h", strings("X-Seen", String(octets))), packet("c")];
    });
    const site = await makeSite({
      routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"',
      more: `[[filter]]
name = "spam"
via = "rspamd:http://127.0.0.1:${rspamd.port}"
[[filter]]
name = "virus"
via = "milter://127.0.0.1:${milter.port}"
timeout_seconds = 5
`,
    });
    const run = (...args: ReadonlyArray<string>) => postern(["--config", site.config, ...args]);
    const server = await startPostern(site);
    const transport = nodemailer.createTransport({
      host: "127.0.0.1",
      port: site.submissions,
      secure: true,
      auth: { user: site.user, pass: site.password },
      tls: { rejectUnauthorized: false },
    });
    const send = (subject: string, text: string) =>
      transport.sendMail({ from: site.user, to: "bob@example.org", subject, text })
        .then((i) => i.response, (e: Error) => e.message);
    const taken = () =>
      eventually(async () => {
        const dir = join(site.dir, "outbox", "new");
        try {
          for await (const e of Deno.readDir(dir)) {
            const text = await Deno.readTextFile(join(dir, e.name));
            await Deno.remove(join(dir, e.name));
            return text;
          }
        } catch {
          // not made yet
        }
        return null;
      });
    try {
      assert.match(await send("s", GTUBE.reject), /550[- ]5\.7\.0 Gtube pattern/);
      assert.match(await send("s", "hello"), /^250 /);
      assert.match(await taken(), /X-Seen: \d+/);
      // beyond what is held in memory
      assert.match(await send("big", "some line of text\n".repeat(60_000)), /^250 /);
      const big = await taken();
      assert.match(big, /X-Seen: \d{7}/);
      assert.match(big, /\r?\n\r?\nreplaced\r?\n$/);
      const odd = /queued as (\S+)/.exec(await send("odd", "x"))?.[1] ?? "";
      assert.match((await run("queue", "show", odd)).stdout, /held: virus: looks odd/);
      assert.equal((await run("queue", "release", odd)).code, 0);
      assert.match(await taken(), /Subject: odd/);
      assert.match(await send("gone", "x"), /^250 /);
      await rspamd.stop();
      assert.match(await send("s", "hello"), /451 4\.7\.1/);
      assert.equal((await run("queue", "list")).stdout.trim(), "the queue is empty");
    } finally {
      transport.close();
      await server.stop();
      await milter.stop();
      await rspamd.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
