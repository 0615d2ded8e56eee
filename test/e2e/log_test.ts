/** What a day's log answers: who sent what to whom, when, and what became of it. docs/log.md */
import assert from "node:assert/strict";
import {
  eventually,
  freePort,
  installed,
  makeSite,
  postern,
  startPostern,
} from "../support/postern.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";
import { submitOne } from "../support/submit_one.ts";

/** `key=value` of a line. */
const factsOf = (line: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...line.matchAll(/([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "]*)/g)].map(([, key = "", value = ""]) => [
      key,
      value.startsWith('"') ? String(JSON.parse(value)) : value,
    ]),
  );

Deno.test({
  name:
    "the log tells of accepted, delivered, deferred, bounced, held and refused messages, a line each",
  ignore: !installed("openssl"),
  fn: async () => {
    const nowhere = await freePort();
    const hop = await ScriptedHop.start({
      on: (command) =>
        command.startsWith("RCPT TO:<gone@") ? "550 5.1.1 no \x1b[31msuch user" : undefined,
    });
    const site = await makeSite({
      routes: [
        `[[route]]\nto = "hop.example"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
        `[[route]]\nto = "away.example"\nvia = "smtp://127.0.0.1:${nowhere}"\ntls = "none"`,
        '[[route]]\nto = "*"\nvia = "maildir:outbox"',
      ].join("\n"),
      more: "[queue]\nsuppress_days = 30\n[limits]\nmessage_bytes = 4096\n",
    });
    const server = await startPostern(site);
    const lineOf = (text: string, id: string): Promise<Readonly<Record<string, string>>> =>
      eventually(() => {
        const found = server.output().split("\n").filter((l) =>
          l.includes(`message="${text}"`) && l.includes(id)
        );
        assert.ok(found.length < 2, found.join("\n"));
        return found[0] === undefined ? null : factsOf(found[0]);
      });
    try {
      const id = await submitOne(site, "bob@hop.example");
      const accepted = await lineOf("message accepted", id);
      assert.deepEqual(
        ["level", "id", "login", "from", "to", "recipients", "client"].map((k) => accepted[k]),
        ["INFO", id, site.user, site.user, "bob@hop.example", "1", "127.0.0.1"],
      );
      assert.match(accepted["session"] ?? "", /^[0-9a-f-]{36}$/);
      assert.ok(Number(accepted["size"]) > 100);
      const delivered = await lineOf("message delivered", id);
      assert.deepEqual(
        ["id", "login", "from", "to", "attempts"].map((k) => delivered[k]),
        [id, site.user, site.user, "bob@hop.example", "1"],
      );
      assert.match(delivered["hop"] ?? "", new RegExp(`127\\.0\\.0\\.1:${hop.port}`));
      assert.match(`${delivered["status"]} ${delivered["reply"]}`, /^2\.\S+ 250 /);

      const waits = await submitOne(site, "bob@away.example");
      const deferred = await lineOf("message deferred", waits);
      assert.match(deferred["next"] ?? "", /^\d{4}-\d\d-\d\dT/);
      assert.match(deferred["status"] ?? "", /^4\./);

      const lost = await submitOne(site, "gone@hop.example");
      const bounced = await lineOf("message bounced", lost);
      assert.equal(bounced["status"], "5.1.1");
      assert.match(bounced["reply"] ?? "", /such user/);

      await eventually(async () =>
        (await submitOne(site, "gone@hop.example")).startsWith("550") ? true : null
      );

      // refusals without a record of their own
      const d = await SmtpDialog.open({ port: site.submissions, implicitTls: true });
      await d.one(`AUTH PLAIN ${btoa(`\0${site.user}\0${site.password}`)}`);
      const mail = `MAIL FROM:<${site.user}>`;
      for (
        const [command, code] of [
          [`${mail} SIZE=999999999`, /^552 /],
          ["NOOP a\nb", /^5\d\d /],
          [mail, /^250 /],
          ["RCPT TO:<a@[192.0.2.1]>", /^550 /],
          ["RCPT TO:<a@localhost>", /^5\d\d /],
          ["RCPT TO:<gone@hop.example>", /^550 5\.1\.1 /],
          ["RCPT TO:<bob@hop.example>", /^250 /],
          ["DATA", /^354 /],
          ["From: alice@example.com\r\n\r\nbare\nfeed\r\n.", /^5\d\d /],
        ] as const
      ) {
        const reply = await d.one(command);
        assert.match(reply, code, command);
        if (!reply.startsWith("5")) continue;
        const line = await eventually(() =>
          server.output().split("\n").filter((l) => l.includes("refused after the login"))
            .map(factsOf).find((f) => f["reply"]?.startsWith(reply.slice(0, 9)) === true) ?? null
        );
        assert.deepEqual([line["login"], line["client"]], [site.user, "127.0.0.1"]);
      }
      d.close();
      assert.match(server.output(), /command=RCPT [^\n]*to=gone@hop\.example/);

      const all = server.output().split("\n").filter((l) => l.startsWith("timestamp="));
      for (const l of all) {
        assert.ok(!l.includes("{") && !l.includes("\u001b["), l);
        assert.equal(l.match(/ message=/g)?.length, 1, l);
      }
    } finally {
      await server.stop();
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});

Deno.test({
  name: "the log tells of a held message, as JSON where that is wanted",
  ignore: !installed("openssl"),
  fn: async () => {
    const site = await makeSite({
      routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"',
      more: '[holds]\ngrace_seconds = 60\n[log]\nformat = "json"\n',
    });
    const server = await startPostern(site);
    try {
      const id = await submitOne(site, "bob@example.org");
      const held = await eventually(() =>
        server.output().split("\n").filter((l) => l.startsWith("{")).map((l) => JSON.parse(l))
          .find((e) => e.message === "message held" && e.id === id) ?? null
      );
      assert.deepEqual([held.level, held.login, held.then], ["INFO", site.user, "release"]);
      assert.ok(Date.parse(held.until) > Date.now());
    } finally {
      await server.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "what config check finds is what the start finds: warnings, problems that it can live with, and those that it cannot",
  ignore: !installed("openssl"),
  fn: async () => {
    const site = await makeSite({ routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"' });
    const check = () => postern(["--config", site.config, "config", "check"]);
    const text = await Deno.readTextFile(site.config);
    try {
      // a certificate for another name, a key that others read, an absent file of authorities
      await Deno.chmod(`${site.dir}/key.pem`, 0o644);
      await Deno.writeTextFile(
        site.config,
        `${text}\n[[route]]\nto = "a.example"\nvia = "smtp://127.0.0.1:9"\ntls = "required"\nca = "gone.pem"\n` +
          '[dkim]\nkeys = "dkim"\n',
      );
      await Deno.mkdir(`${site.dir}/dkim`);
      await Deno.writeTextFile(`${site.dir}/dkim/keys.json`, "[{");
      const wrong = await check();
      assert.equal(wrong.code, 2);
      const problems = wrong.stderr.trim().split("\n").map((l) => l.replace(/^postern: /, ""));
      assert.equal(problems.length, 2, wrong.stderr);
      await Deno.writeTextFile(site.config, text);
      const warned = await check();
      assert.equal(warned.code, 0);
      const warnings = warned.stderr.trim().split("\n").map((l) => l.replace(/^\w+: /, ""));
      assert.ok(warnings.length >= 2, warned.stderr);
      const server = await startPostern(site);
      await server.stop();
      const said = (output: string) =>
        output.split("\n").filter((l) => l.startsWith("timestamp=")).map((l) =>
          factsOf(l)["message"]
        );
      assert.deepEqual(said(server.output()).slice(0, warnings.length), warnings);

      // no server without its key: the same words, and the same exit status
      await Deno.writeTextFile(site.config, text.replace("key.pem", "none.pem"));
      const none = await check();
      const run = await postern(["--config", site.config, "serve"]);
      assert.deepEqual([run.code, run.stderr], [2, none.stderr]);
    } finally {
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
