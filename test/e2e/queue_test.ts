/** The queue as an operator and a sender meet it, through the server and the command line. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { ScriptedHop } from "../support/scripted_hop.ts";
import {
  eventually,
  installed,
  makeSite,
  postern,
  type Site,
  startPostern,
} from "../support/postern.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";

const open = async (site: Site): Promise<SmtpDialog> => {
  const d = await SmtpDialog.open({ port: site.submissions, implicitTls: true });
  assert.match(await d.one(`AUTH PLAIN ${btoa(`\0${site.user}\0${site.password}`)}`), /^235/);
  return d;
};

/** The queue id, or the reply to RCPT that was no 250. */
const send = async (site: Site, to: string): Promise<string> => {
  const d = await open(site);
  try {
    await d.one(`MAIL FROM:<${site.user}>`);
    const rcpt = await d.one(`RCPT TO:<${to}>`);
    if (!rcpt.startsWith("250")) return rcpt;
    assert.match(await d.one("DATA"), /^354/);
    const reply = await d.one(`From: <${site.user}>\r\nSubject: x\r\n\r\nhello\r\n.`);
    return /queued as (\S+)/.exec(reply)?.[1] ?? reply;
  } finally {
    d.close();
  }
};

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
      const id = await send(site, "gone@example.net");
      const shown = await eventually(async () => {
        const r = await run("queue", "show", id);
        return r.stdout.includes("refused for good") ? r.stdout : null;
      });
      assert.match(shown, /550 5\.1\.1 nobody of that name/);
      assert.match(shown, /the sender was sent a bounce/);
      const refused = await eventually(async () => {
        const r = await send(site, "Gone@example.net");
        return r.startsWith("550 5.1.1") ? r : null;
      });
      assert.match(refused, /failed for good lately/);
      const list = await run("suppress", "list", "--json");
      assert.equal(JSON.parse(list.stdout)[0].address, "gone@example.net");
      assert.equal((await run("suppress", "remove", "gone@example.net")).code, 0);
      assert.equal((await run("suppress", "remove", "gone@example.net")).code, 1);
      await eventually(async () =>
        (await send(site, "gone@example.net")).startsWith("550") ? null : true
      );
      assert.equal((await run("suppress", "add", "other@example.net", "--days", "3")).code, 0);
      await eventually(async () =>
        (await send(site, "other@example.net")).startsWith("550 5.1.1") ? true : null
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
