/** A message through the server into a Maildir, its signatures checked by dkimpy; keys made by `postern dkim key`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import nodemailer from "nodemailer";
import { parseRecord } from "../../lib/message/dkim_record.ts";
import { dkimpy, type Published, verifyWithDkimpy } from "../support/dkim_verifier.ts";
import { eventually, installed, makeSite, postern, startPostern } from "../support/postern.ts";

const peers = await dkimpy();

const firstFile = async (dir: string): Promise<string | null> => {
  try {
    for await (const e of Deno.readDir(dir)) if (e.isFile) return join(dir, e.name);
  } catch {
    // not made yet
  }
  return null;
};

Deno.test({
  name: "postern dkim key: a key that was activated signs what the server sends. DKIM-7, DKIM-10",
  ignore: !peers || !installed("openssl"),
  fn: async () => {
    const site = await makeSite({
      routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"',
      more: '[dkim]\nkeys = "dkim"\nmust_sign = ["example.com"]\n',
    });
    const dkim = async (...args: ReadonlyArray<string>): Promise<unknown> => {
      const e = await postern(["--config", site.config, "dkim", "key", ...args, "--json"]);
      assert.equal(e.code, 0, e.stderr);
      return JSON.parse(e.stdout);
    };
    const server = await startPostern(site);
    try {
      const transport = nodemailer.createTransport({
        host: "127.0.0.1",
        port: site.submissions,
        secure: true,
        auth: { user: site.user, pass: site.password },
        tls: { rejectUnauthorized: false },
      });
      const mail = {
        from: site.user,
        to: "bob@example.org",
        subject: "gr\u00fc\u00dfe",
        text: `.dots\n..more  \n\n${"long ".repeat(20_000)}\n\n\n`,
        attachments: [{ filename: "a.bin", content: "x".repeat(600_000) }],
      };
      await assert.rejects(transport.sendMail(mail), /451 4\.3\.5/);
      const made = await dkim("add", "example.com") as ReadonlyArray<
        { name: string; value: string }
      >;
      const keys = made.flatMap(({ name, value }): ReadonlyArray<Published> => {
        const [selector = "", domain = ""] = name.split("._domainkey.");
        const record = parseRecord([value]);
        return record === null ? [] : [{ selector, domain, record }];
      });
      assert.equal(keys.length, 2);
      for (const k of keys) await dkim("activate", "example.com", k.selector);
      await new Promise((r) => setTimeout(r, 1100));
      await transport.sendMail(mail);
      const file = await eventually(() => firstFile(join(site.dir, "outbox", "new")));
      const octets = await Deno.readFile(file);
      let message = "";
      for (let i = 0; i < octets.length; i += 8192) {
        message += String.fromCharCode(...octets.subarray(i, i + 8192));
      }
      message = message.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n");
      assert.deepEqual(await verifyWithDkimpy(message, keys), [true, true]);
      const list = await dkim("list") as ReadonlyArray<{ state: string }>;
      assert.deepEqual(list.map((k) => k.state), ["active", "active"]);
      const next = await dkim("rotate", "example.com") as ReadonlyArray<unknown>;
      assert.equal(next.length, 2);
      const records = await dkim("dns") as ReadonlyArray<{ state: string }>;
      assert.deepEqual(records.map((k) => k.state), ["active", "active", "new", "new"]);
    } finally {
      await server.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
