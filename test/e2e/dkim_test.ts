/** A message through the server into a Maildir, its signatures checked by dkimpy; keys made by `postern dkim key`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import nodemailer from "nodemailer";
import { parseRecord, recordName, recordStrings } from "../../lib/message/dkim/dkim_record.ts";
import { type DnsReply, DnsServer } from "../support/dns_server.ts";
import { dkimpy, type Published, verifyWithDkimpy } from "../support/dkim_verifier.ts";
import { latin1 } from "../../lib/message/text.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { eventually, installed, makeSite, postern, startPostern } from "../support/postern.ts";

const peers = await dkimpy();

/** The only message in a Maildir, CRLF at its line ends; it is taken away. */
const taken = async (outbox: string): Promise<string | null> => {
  const dir = join(outbox, "new");
  try {
    for await (const e of Deno.readDir(dir)) {
      const text = latin1(await Deno.readFile(join(dir, e.name)));
      await Deno.remove(join(dir, e.name));
      return text.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n");
    }
  } catch {
    // not made yet
  }
  return null;
};

Deno.test({
  name: "postern dkim key: a key signs, once DNS serves it, what the server sends. DKIM-7, DKIM-10",
  ignore: !peers || !installed("openssl"),
  fn: async () => {
    const zone: Record<string, DnsReply> = {};
    const dns = await DnsServer.start(zone);
    const hop = await ScriptedHop.start({
      on: (command) => command.startsWith("RCPT") ? "550 5.1.1 nobody" : undefined,
    });
    const site = await makeSite({
      routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"\n' +
        `[[route]]\nto = "fail.example"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
      more: `[dkim]\nkeys = "dkim"\nmust_sign = ["example.com"]\ncheck_minutes = 0.1\n` +
        `[dns]\nservers = ["127.0.0.1:${dns.port}"]\n`,
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
      // not in DNS yet: nothing signs, and nothing leaves unsigned
      const early = await postern(["--config", site.config, "dkim", "key", "dns", "--check"]);
      assert.equal(early.code, 1);
      assert.match(early.stdout, /; rsa, new: DNS did not say/);
      await assert.rejects(transport.sendMail(mail), /451 4\.3\.5/);
      for (const k of keys) {
        const name = recordName(k.selector, k.domain);
        zone[`TXT ${name}`] = {
          answers: [{ type: "TXT", name, ttl: 60, data: [...recordStrings(k.record)] }],
        };
      }
      // the server sees it by itself
      await eventually(() => transport.sendMail(mail).then(() => true, () => null));
      const outbox = join(site.dir, "outbox");
      const message = await eventually(() => taken(outbox));
      assert.deepEqual(await verifyWithDkimpy(message, keys), [true, true]);

      // what is encoded anew, from disk and to disk, is signed as it leaves. HDR-27, EXT-8B-3
      const line = `${"gr\u00fc\u00dfe ".repeat(300)}\r\n`;
      const raw =
        `From: ${site.user}\r\nTo: bob@example.org\r\nSubject: s\r\nMIME-Version: 1.0\r\n` +
        `Content-Type: text/plain; charset=utf-8\r\n\r\n${line.repeat(400)}`;
      await transport.sendMail({ envelope: { from: site.user, to: "bob@example.org" }, raw });
      const encoded = await eventually(() => taken(outbox));
      assert.deepEqual(await verifyWithDkimpy(encoded, keys), [true, true]);
      assert.match(encoded, /\r\nContent-Transfer-Encoding: (?:base64|quoted-printable)\r\n/);
      assert.ok(encoded.split("\r\n").every((l) => l.length <= 998));

      // a report of ours is signed as well. DKIM-11
      await transport.sendMail({ ...mail, to: "bob@fail.example", attachments: [] });
      const report = await eventually(() => taken(outbox));
      assert.match(
        report,
        /^Return-Path: <>\r\nDelivered-To: [^\r]*\r\nDKIM-Signature: [^]*?\r\nFrom: Mail Delivery System /,
      );
      assert.deepEqual(await verifyWithDkimpy(report, keys), [true, true]);
      const list = await dkim("list") as ReadonlyArray<{ state: string }>;
      assert.deepEqual(list.map((k) => k.state), ["active", "active"]);
      const next = await dkim("rotate", "example.com") as ReadonlyArray<unknown>;
      assert.equal(next.length, 2);
      const records = await dkim("dns") as ReadonlyArray<{ state: string }>;
      assert.deepEqual(records.map((k) => k.state), ["active", "active", "new", "new"]);
    } finally {
      await server.stop();
      await hop.stop();
      await dns.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
