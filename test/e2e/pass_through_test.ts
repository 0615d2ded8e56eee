/** Pass-through as an admin runs it: real clients, a real Postfix behind, and hops that behave badly. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { postfixAvailable, startPostfix } from "../support/postfix.ts";
import {
  eventually,
  freePort,
  installed,
  makeSite,
  postern,
  type Running,
  type Site,
  type SiteOptions,
  startPostern,
} from "../support/postern.ts";
import { run } from "../support/program.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";
import { swaks } from "../support/swaks.ts";

const PEERS = ["openssl", "curl", "swaks", "python3"].every(installed) && postfixAvailable();

const message = (to: string, subject = "hello"): string =>
  `From: alice@example.com\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\nHello\r\n`;

const route = (via: string, ...more: ReadonlyArray<string>): string =>
  `[[route]]\nto = "*"\nvia = "${via}"\ndurability = "next_hop"\n${more.join("\n")}\n`;

const withSite = async (
  o: SiteOptions,
  body: (site: Site, server: Running) => Promise<void>,
): Promise<void> => {
  const site = await makeSite(o);
  try {
    const server = await startPostern(site);
    try {
      await body(site, server);
    } finally {
      await stopped(server);
    }
  } finally {
    await Deno.remove(site.dir, { recursive: true });
  }
};

/** Stops it, unless a test has. */
const stopped = async (server: Running): Promise<void> => {
  try {
    await server.stop();
  } catch (e) {
    if (!(e instanceof TypeError)) throw e;
  }
};

/** Signed in, by hand. */
const dialog = async (site: Site): Promise<SmtpDialog> => {
  const d = await SmtpDialog.open({ port: site.submissions, implicitTls: true });
  const plain = btoa(`\0${site.user}\0${site.password}`);
  assert.match(await d.one(`AUTH PLAIN ${plain}`), /^235/);
  return d;
};

/** From MAIL to DATA; the replies to RCPT. */
const envelope = async (
  d: SmtpDialog,
  site: Site,
  to: ReadonlyArray<string>,
  more: { readonly mail?: string; readonly rcpt?: string } = {},
): Promise<ReadonlyArray<string>> => {
  assert.match(await d.one(`MAIL FROM:<${site.user}>${more.mail ?? ""}`), /^250/);
  const out: Array<string> = [];
  for (const t of to) out.push(await d.one(`RCPT TO:<${t}>${more.rcpt ?? ""}`));
  return out;
};

const submit = async (
  d: SmtpDialog,
  site: Site,
  to: ReadonlyArray<string>,
  more: { readonly mail?: string; readonly rcpt?: string } = {},
): Promise<string> => {
  await envelope(d, site, to, more);
  assert.match(await d.one("DATA"), /^354/);
  return await d.one(`${message(to[0] ?? "")}.`);
};

const told = async (site: Site, ...args: ReadonlyArray<string>) =>
  await postern(["--config", site.config, ...args]);

const files = async (dir: string): Promise<ReadonlyArray<string>> => {
  const out: Array<string> = [];
  for await (const e of Deno.readDir(dir)) {
    if (e.isDirectory) out.push(...await files(join(dir, e.name)));
    else out.push(join(dir, e.name));
  }
  return out;
};

/** No file below `dir` but the configuration of the clients holds `text`. */
const nowhere = async (dir: string, text: string): Promise<void> => {
  for (const file of await files(dir)) {
    const octets = new TextDecoder("latin1").decode(await Deno.readFile(file));
    assert.ok(!octets.includes(text), file);
  }
};

Deno.test({
  name: "pass-through to Postfix: clients get its own 250, and nothing is kept here",
  ignore: !PEERS,
  fn: async () => {
    const dir = await Deno.makeTempDir({ prefix: "postern-pass-pf-" });
    await Deno.chmod(dir, 0o755);
    const port = await freePort();
    const postfix = await startPostfix({ dir: `${dir}/pf`, mx: { port, domain: "example.net" } });
    try {
      await withSite({
        routes: route(`smtp://127.0.0.1:${port}`),
        more: `[records]\naccepted = true\n[events]\nlog = "events.jsonl"\n`,
      }, async (site, server) => {
        const bob = "bob@example.net";
        const said = await swaks(site, bob);
        const [, queueId = "", id = ""] =
          /250-2\.0\.0 Ok: queued as (\w+)\s[^]*?250 2\.0\.0 Trace id (\w+)/.exec(said) ??
            assert.fail(said);
        assert.ok(postfix.log().includes(`${queueId}: from=<alice@example.com>`), postfix.log());

        const file = join(site.dir, "m.eml");
        await Deno.writeTextFile(file, message(bob, "by curl"));
        const curl = await run("curl", [
          ...["-sv", "--max-time", "20", "--cacert", site.certificate, "--upload-file", file],
          ...["--url", `smtps://localhost:${site.submissions}`],
          ...["--user", `${site.user}:${site.password}`],
          ...["--mail-from", site.user, "--mail-rcpt", bob, "--mail-rcpt", "carol@example.net"],
        ], "");
        assert.match(curl, /< 250-2\.0\.0 Ok: queued as \w+/);
        await run("python3", [
          new URL("./clients/smtplib_client.py", import.meta.url).pathname,
          ...["127.0.0.1", String(site.submission), "starttls", site.user, site.password],
          ...[site.user, bob],
        ], message(bob, "by smtplib"));

        await eventually(async () => {
          const got = (await files(postfix.mailDir)).filter((f) => f.includes("/new/"));
          return got.length >= 4 ? got : null; // curl's has two recipients
        });
        assert.equal((await told(site, "queue", "list", "--all", "--json")).stdout.trim(), "[]");
        await nowhere(join(site.dir, "data"), "by swaks\nTo");
        assert.match(server.output(), new RegExp(`message passed through.*${id}`));

        const trace = JSON.parse((await told(site, "trace", id, "--json")).stdout);
        const facts = trace.trail.map((t: { readonly facts: object }) => t.facts);
        assert.ok(
          facts.some((f: Record<string, unknown>) =>
            f["durability"] === "next hop" && String(f["said"]).includes(queueId) &&
            String(f["remote"]).startsWith("127.0.0.1")
          ),
          JSON.stringify(facts),
        );
        const shown = await told(site, "queue", "show", id);
        assert.match(shown.stderr + shown.stdout, /not? .*in the spool; `postern trace/);

        const events = (await Deno.readTextFile(join(site.dir, "events.jsonl"))).trim().split("\n")
          .map((l) => JSON.parse(l)).filter((e) => e.message === id);
        assert.deepEqual(events.map((e) => e.event), ["accepted", "delivered"]);
        assert.equal(events[0].durability, "next hop");
        assert.match(events[1].reply, new RegExp(`queued as ${queueId}`));

        // what Postfix refuses is the client's to read
        const relay = await swaks(site, "x@elsewhere.example");
        assert.match(relay, /554[- ]5\.7\.1 .*<x@elsewhere\.example>: Relay access denied/);
      });
    } finally {
      await postfix.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
});

const withHop = async (
  script: Script,
  more: (hop: ScriptedHop) => Omit<SiteOptions, "routes"> & { readonly routes?: string },
  body: (site: Site, hop: ScriptedHop, server: Running) => Promise<void>,
): Promise<void> => {
  const hop = await ScriptedHop.start(script);
  try {
    const o = { routes: route(`smtp://127.0.0.1:${hop.port}`), ...more(hop) };
    await withSite(o, (site, server) => body(site, hop, server));
  } finally {
    await hop.stop();
  }
};

Deno.test({
  name:
    "pass-through: what one transaction cannot settle goes by the spool, and the trail says why",
  ignore: !installed("openssl"),
  fn: () =>
    withHop(
      { on: (c) => c.startsWith("RCPT TO:<who@") ? "550 5.1.1 no such user" : undefined },
      () => ({
        more: "[extensions]\nfuture_release = true\n",
      }),
      async (site, hop) => {
        const d = await dialog(site);
        const durability = async (reply: string): Promise<string> => {
          const id = /queued as (\w+)/.exec(reply)?.[1] ?? assert.fail(reply);
          const { trail } = JSON.parse((await told(site, "queue", "show", id, "--json")).stdout)
            .trail;
          return trail.filter((t: { readonly facts: Record<string, unknown> }) =>
            t.facts["durability"] === "spool"
          ).map((t: { readonly rule: string; readonly facts: Record<string, unknown> }) =>
            `${t.rule}: ${t.facts["because"] ?? t.facts["said"] ?? ""}`
          ).join("; ");
        };
        // half of them refused: nothing was sent before the spool had it, and each gets its own end
        assert.equal(
          await durability(await submit(d, site, ["x@example.org", "who@example.org"])),
          "pass_through.spooled: 550 5.1.1 no such user",
        );
        await eventually(() => hop.messages.length >= 2 ? true : null); // one copy, one report
        assert.deepEqual(hop.messages.map((m) => m.to), [["<x@example.org>"], [`<${site.user}>`]]);
        // all of them refused
        assert.match(await submit(d, site, ["who@example.org"]), /^550[- ]5\.1\.1 no such user/);
        // success must be reported by who has a queue
        assert.equal(
          await durability(await submit(d, site, ["x@example.org"], { rcpt: " NOTIFY=SUCCESS" })),
          "pass_through.spooled: success would have to be reported from here",
        );
        assert.equal(
          await durability(await submit(d, site, ["x@example.org"], { mail: " HOLDFOR=3600" })),
          "route: ; durability: its sender keeps it back",
        );
        // large ones are staged in the spool's file until the hop has answered
        await envelope(d, site, ["x@example.org"]);
        await d.one("DATA");
        const body = Array.from({ length: 40_000 }, (_, i) => `.${i} ${"x".repeat(60)}\r\n`).join(
          "",
        );
        const stuffed = body.replaceAll(/^\./gm, "..");
        assert.match(await d.one(`${message("x@example.org", "large")}${stuffed}.`), /^250-/);
        assert.ok(hop.messages.at(-1)?.data.endsWith(`\r\n\r\nHello\r\n${stuffed}`), "differs");
        d.close();
        const { stdout } = await told(site, "route", "test", "x@example.org");
        assert.match(stdout, /250 stands for the next hop's own; the spool has what needs a queue/);
        const explained = await postern(
          [
            "--config",
            site.config,
            "explain",
            "--as",
            site.user,
            "--to",
            "x@example.org",
            "--json",
          ],
          message("x@example.org"),
        );
        const json = JSON.parse(explained.stdout);
        assert.equal(json.durability, "next hop");
        assert.equal(
          json.exchanges.at(-1).reply,
          "250 2.0.0 (or whatever else the next hop replies)",
        );
      },
    ),
});

Deno.test({
  name: "pass-through: hops that behave badly",
  ignore: !installed("openssl"),
  fn: async () => {
    const finals = ["cut", "451 4.7.1 slow down", "250 2.0.0 kept\x1b[31m\x07", null] as const;
    let n = 0;
    await withHop({ final: () => [finals[n++ % finals.length] ?? null] }, () => ({
      more: "[queue]\npass_through_seconds = 1\n",
    }), async (
      site,
      hop,
      server,
    ) => {
      const d = await dialog(site);
      const x = ["x@example.org"];
      const doubt = await submit(d, site, x);
      const [, id = ""] =
        /^451-4\.4\.2 .*it may have been taken[^]*\n451 4\.4\.2 Trace id (\w+)$/.exec(doubt) ??
          assert.fail(doubt);
      assert.ok(hop.messages[0]?.data.includes(` id ${id}`), "the hop knows it by that id as well");
      assert.match(server.output(), /may have been taken by its next hop/);
      assert.match(await submit(d, site, x), /^451 4\.7\.1 slow down$/);
      assert.match(
        await submit(d, site, x),
        /^250-2\.0\.0 kept[?[31m]*\n250 2\.0\.0 Trace id \w+$/,
      );
      // nobody waits for ever
      const asked = performance.now();
      assert.match(await submit(d, site, x), /^451-4\.4\.2 .*it may have been taken/);
      assert.ok(performance.now() - asked < 5_000);
      await hop.stop();
      assert.match(await submit(d, site, x), /^451 4\.4\.1 /);
      const before = performance.now();
      assert.match(await submit(d, site, x), /^451 4\.4\.1 /);
      assert.ok(performance.now() - before < 1_000, "it is left alone for a while");
      d.close();
    });
  },
});

Deno.test({
  name: "pass-through: a client that goes, and a server that stops, meanwhile",
  ignore: !installed("openssl"),
  fn: async () => {
    const gate = Promise.withResolvers<void>();
    await withHop({ hold: gate.promise }, () => ({}), async (site, hop, server) => {
      const waiting = await dialog(site);
      const reply = submit(waiting, site, ["x@example.org"]);
      await eventually(() => hop.messages.length === 1 ? true : null);
      const gone = await dialog(site);
      await envelope(gone, site, ["y@example.org"]);
      await gone.one("DATA");
      gone.socket.write(`${message("y@example.org")}.\r\n`);
      await eventually(() => hop.messages.length === 2 ? true : null);
      gone.close();
      const ended = server.stop();
      await new Promise((r) => setTimeout(r, 300));
      gate.resolve();
      // what was begun is finished
      assert.match(await reply, /^250-2\.0\.0 kept\n/);
      assert.equal(await ended, 0);
      assert.equal(hop.messages.length, 2);
    });
  },
});

Deno.test({
  name: "pass-through on a node without a spool",
  ignore: !installed("openssl"),
  fn: async () => {
    const other = await ScriptedHop.start();
    try {
      await withHop(
        { on: (c) => c.startsWith("RCPT TO:<who@") ? "550 5.1.1 no such user" : undefined },
        (hop) => ({
          routes: route(`smtp://127.0.0.1:${hop.port}`) +
            `[[route]]\nto = "other.example"\nvia = "smtp://127.0.0.1:${other.port}"\n` +
            `durability = "next_hop"\n`,
          more: "[records]\nrefusals = false\n",
          spool: 'url = "none"\nmemory_mb = 4',
        }),
        async (site, hop) => {
          const d = await dialog(site);
          assert.match(await submit(d, site, ["x@example.org"]), /^250-2\.0\.0 kept/);
          // one transaction, one hop: the client sends the rest in another
          assert.deepEqual(
            (await envelope(d, site, ["x@example.org", "y@other.example", "z@example.org"])).map((
              r,
            ) => r.slice(0, 9)),
            ["250 2.1.5", "452 4.5.3", "250 2.1.5"],
          );
          await d.one("RSET");
          assert.match(await submit(d, site, ["y@other.example"]), /^250-/);
          assert.match(
            await submit(d, site, ["x@example.org", "who@example.org"]),
            /^550-5\.1\.1 <who@example\.org>: no such user\n550 5\.1\.1 Nobody got the message/,
          );
          assert.match(
            await submit(d, site, ["x@example.org"], { rcpt: " NOTIFY=SUCCESS" }),
            /^554 5\.3\.3 /,
          );
          // a message of some size passes in pieces; one that is too much is refused for now
          for (const [mb, want] of [[3, /^250-/], [6, /^452 4\.3\.1/]] as const) {
            await envelope(d, site, ["x@example.org"]);
            await d.one("DATA");
            const line = `${"x".repeat(70)}\r\n`;
            const body = line.repeat(Math.ceil(mb * 1024 * 1024 / line.length));
            assert.match(await d.one(`${message("x@example.org")}${body}.`), want);
          }
          assert.ok(!d.keywords.some((k) => /^(FUTURERELEASE|DELIVERBY)/.test(k)));
          d.close();
          assert.equal(hop.messages.length, 2);
          const queue = await told(site, "queue", "list");
          assert.match(queue.stderr, /there is no spool/);
          assert.equal(queue.code, 1);
          const names = (await files(site.dir)).map((f) => f.slice(site.dir.length + 1));
          assert.ok(!names.some((f) => /spool/.test(f)), names.join());
          await nowhere(site.dir, "Subject: hello");
        },
      );
    } finally {
      await other.stop();
    }
  },
});

Deno.test({
  name: "forward_login to Postfix: PLAIN and LOGIN go on, SCRAM is told to show a password",
  ignore: !PEERS || !["saslpasswd2", "msmtp"].every(installed),
  fn: async () => {
    const dir = await Deno.makeTempDir({ prefix: "postern-forward-pf-" });
    await Deno.chmod(dir, 0o755);
    const port = await freePort();
    const sink = await ScriptedHop.start();
    const site = await makeSite({
      routes: route(
        `smtps://localhost:${port}`,
        'tls = "required"',
        'ca = "cert.pem"',
        "forward_login = true",
      ),
      more: "[records]\naccepted = true\n",
    });
    await Deno.copyFile(site.certificate, `${dir}/cert.pem`);
    await Deno.copyFile(join(site.dir, "key.pem"), `${dir}/key.pem`);
    const submissions = {
      port,
      certificate: `${dir}/cert.pem`,
      key: `${dir}/key.pem`,
      user: site.user,
      password: site.password,
      relayPort: sink.port,
    };
    const postfix = await startPostfix({ dir: `${dir}/pf`, submissions });
    const server = await startPostern(site);
    try {
      for (const mechanism of ["PLAIN", "LOGIN"]) {
        assert.match(await swaks(site, "bob@example.org", mechanism), /250-2\.0\.0 Ok: queued as/);
      }
      await eventually(() => sink.messages.length === 2 ? true : null);
      const signedIn = postfix.log().match(/sasl_method=PLAIN, sasl_username=alice@example\.com/g);
      assert.equal(signedIn?.length, 2, postfix.log());

      // no password was shown
      const { stderr } = await new Deno.Command("sh", {
        args: [
          "-c",
          'printf "%s" "$0" | msmtp "$@"',
          message("bob@example.org"),
          ...["--host=127.0.0.1", `--port=${site.submissions}`, "--tls=on", "--tls-starttls=off"],
          ...[
            `--tls-trust-file=${site.certificate}`,
            "--auth=scram-sha-256",
            `--user=${site.user}`,
          ],
          ...[`--passwordeval=printf '%s' '${site.password}'`, `--from=${site.user}`],
          "bob@example.org",
        ],
      }).output();
      const scram = new TextDecoder().decode(stderr);
      assert.match(scram, /550 5\.7\.0 The mail server of this recipient wants your own login/);

      // the hop has another password
      await postfix.stop();
      await Deno.remove(`${dir}/pf`, { recursive: true });
      const changed = await startPostfix({
        dir: `${dir}/pf2`,
        submissions: { ...submissions, password: "changed there" },
      });
      try {
        assert.match(
          await swaks(site, "bob@example.org"),
          /550-5\.7\.8 The next mail server does not take your login\s[^]*550-5\.7\.8 .*authentication failed/,
        );
      } finally {
        await changed.stop();
      }
      assert.ok(!server.output().includes(site.password));
      assert.ok(!server.output().includes(btoa(`\0${site.user}\0${site.password}`)));
      await nowhere(join(site.dir, "data"), site.password);
      const { stdout } = await told(site, "route", "test", "x@example.org");
      assert.match(stdout, /signed in there as the client; nothing is kept here/);
    } finally {
      await server.stop();
      await postfix.stop();
      await sink.stop();
      await Deno.remove(dir, { recursive: true });
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
