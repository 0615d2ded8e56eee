/** An alias to several addresses, and what its sender hears. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { eventually, installed, makeSite, startPostern } from "../support/postern.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";

Deno.test({
  name:
    "DSN-10: an alias to several passes NOTIFY without SUCCESS, and is reported as expanded; one to one passes all",
  ignore: !installed("openssl"),
  fn: async () => {
    const hop = await ScriptedHop.start({ keywords: ["PIPELINING", "DSN"] });
    const site = await makeSite({
      routes: `[[route]]
to = "*"
via = "smtp://127.0.0.1:${hop.port}"
tls = "none"
[[route]]
to = "alice@example.com"
via = "maildir:reports"`,
      more: `[rights]
local_domains = ["example.com"]
[[alias]]
address = "team@example.com"
to = ["bob@example.net", "carol@example.net"]
[[alias]]
address = "boss@example.com"
to = ["dave@example.net"]`,
    });
    const server = await startPostern(site);
    try {
      const d = await SmtpDialog.open({ port: site.submissions, implicitTls: true });
      await d.one(`AUTH PLAIN ${btoa(`\0${site.user}\0${site.password}`)}`);
      await d.one(`MAIL FROM:<${site.user}> ENVID=env1`);
      for (
        const rcpt of [
          "<team@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;team@example.com",
          "<boss@example.com> NOTIFY=SUCCESS ORCPT=rfc822;boss@example.com",
        ]
      ) assert.match(await d.one(`RCPT TO:${rcpt}`), /^250/);
      assert.match(await d.one("DATA"), /^354/);
      assert.match(await d.one(`From: <${site.user}>\r\nSubject: x\r\n\r\nhello\r\n.`), /^250/);
      d.close();
      await eventually(() => hop.messages.length > 0 || null);
      const rcpts = hop.commands.filter((c) => c.startsWith("RCPT"));
      assert.deepEqual(rcpts, [
        "RCPT TO:<bob@example.net> NOTIFY=FAILURE ORCPT=rfc822;team@example.com",
        "RCPT TO:<carol@example.net> NOTIFY=FAILURE ORCPT=rfc822;team@example.com",
        "RCPT TO:<dave@example.net> NOTIFY=SUCCESS ORCPT=rfc822;boss@example.com",
      ]);
      const texts = await eventually(async () => {
        const out: Array<string> = [];
        const box = join(site.dir, "reports", "new");
        try {
          for await (const e of Deno.readDir(box)) {
            out.push(await Deno.readTextFile(join(box, e.name)));
          }
        } catch {
          return null;
        }
        return out.length > 0 ? out : null;
      });
      assert.equal(texts.length, 1);
      const text = (texts[0] ?? "").replaceAll("\r\n", "\n");
      assert.match(text, /^Original-Envelope-Id: env1$/m);
      assert.match(
        text,
        /\nOriginal-Recipient: rfc822; team@example\.com\nFinal-Recipient: rfc822; team@example\.com\nAction: expanded\nStatus: 2\.0\.0\n/,
      );
      assert.doesNotMatch(text, /bob@|carol@|boss@/);
    } finally {
      await server.stop();
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
