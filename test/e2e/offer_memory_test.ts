/** What a hop offered when it was last spoken to, and offers no more when the message gets there. RFC 6409 §3.2, RFC 6152 */
import assert from "node:assert/strict";
import { eventually, installed, makeSite, type Site, startPostern } from "../support/postern.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";

const FULL = ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 1000000"];

const submit = async (site: Site, parameters: string, from: string): Promise<string> => {
  const d = await SmtpDialog.open({ port: site.submissions, implicitTls: true });
  try {
    assert.match(await d.one(`AUTH PLAIN ${btoa(`\0${site.user}\0${site.password}`)}`), /^235/);
    assert.match(await d.one(`MAIL FROM:<${site.user}>${parameters}`), /^250/);
    assert.match(await d.one("RCPT TO:<bob@example.net>"), /^250/);
    assert.match(await d.one("DATA"), /^354/);
    return await d.one(
      `From: ${from}<${site.user}>\r\nSubject: x\r\nMIME-Version: 1.0\r\n` +
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
        "grün\r\n.",
    );
  } finally {
    d.close();
  }
};

Deno.test({
  name:
    "EXT-8B-2, EXT-UTF-8: a hop that is remembered as able and is so no more gets the message converted",
  ignore: !installed("openssl"),
  fn: async () => {
    const hop = await ScriptedHop.start({ keywords: (nth) => nth === 1 ? FULL : [] });
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
      more: "[queue]\nmessages_per_connection = 1",
    });
    const server = await startPostern(site);
    try {
      const ask = (name: string) => submit(site, " BODY=8BITMIME SMTPUTF8", name);
      assert.match(await ask("Grün "), /^250/);
      await eventually(() => hop.messages.length === 1 ? true : null);
      assert.match(hop.messages[0]?.data ?? "", /[\x80-\xff]/);
      // accepted on the word of the last EHLO; the next one says otherwise
      assert.match(await ask("Grün "), /^250/);
      await eventually(() => hop.messages.length >= 2 ? true : null);
      const [, second] = hop.messages;
      assert.doesNotMatch(second?.data ?? "\xff", /[\x80-\xff]/);
      assert.match(second?.data ?? "", /^From: =\?UTF-8\?Q\?Gr=C3=BCn\?= </im);
      assert.match(second?.data ?? "", /\r\n\r\ngr=C3=BCn\r\n$/);
      assert.equal(await server.stop(), 0);
    } finally {
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
