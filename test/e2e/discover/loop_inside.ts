/**
 * Runs in a network of its own, with nothing but loopback: real BIND on port 53, Postern on 465, 587 and 443, a scripted
 * IMAP server on 993. publish, check, discover by each method alone, and msmtp finds it by itself. Started by
 * `loop_test.ts`; any failure ends it with a status other than 0.
 */
import assert from "node:assert/strict";
import { createServer as createWeb } from "node:https";
import { createServer as createTls } from "node:tls";
import { makeSelfSigned } from "../../../lib/tls/selfsigned.ts";
import { autoconfig } from "../../support/discover_world.ts";
import { run } from "../../support/dig.ts";
import { startNamed } from "../../support/named.ts";
import { eventually, postern, startPostern } from "../../support/postern.ts";
import { run as sendBy } from "../../support/program.ts";

const DNS = "192.0.2.53";
const MAIL = "192.0.2.10";
const DATABASE = "192.0.2.11";
const KEY =
  `key "k" { algorithm hmac-sha256; secret "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiBwb3N0ZXJu"; };\n`;

const dir = await Deno.makeTempDir({ prefix: "postern-loop-" });
const names = ["mail", "autoconfig", "autodiscover", "ua-auto-config", "mta-sts", "db", "smtp"]
  .map((n) => `${n}.example.com`);
const pair = await makeSelfSigned(["example.com", ...names], Date.now());
await Deno.writeTextFile(`${dir}/cert.pem`, pair.certificatePem);
await Deno.writeTextFile(`${dir}/key.pem`, pair.keyPem, { mode: 0o600 });
await Deno.writeTextFile(`${dir}/tsig.key`, KEY, { mode: 0o600 });
await Deno.writeTextFile(
  `${dir}/postern.toml`,
  `hostname = "mail.example.com"
[listen]
submission = ["${MAIL}:587"]
submissions = ["${MAIL}:465"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[spool]
url = "sqlite:data/spool.db"
[accounts]
url = "sqlite:data/accounts.db"
iterations = 4096
[dns]
servers = ["${DNS}"]
[discover]
private_addresses = true
ca = "cert.pem"
databases = ["https://db.example.com/v1.1/"]
http = true
[http]
listen = ["${MAIL}:443"]
listen_plain = ["${MAIL}:80"]
[[route]]
to = "*"
via = "maildir:outbox"
[[domain]]
name = "example.com"
display_name = "Example Mail"
host = "mail.example.com"
imaps = ["mail.example.com"]
web = "mail.example.com"
mx = ["10 mail.example.com"]
spf = "v=spf1 mx -all"
mta_sts = "testing"
compat = ["autodiscover", "smtps"]
addresses = { "mail.example.com" = ["${MAIL}"] }
`,
);

/** A zone with nothing for clients in it yet; and one of a customer, whose mail goes to the same exchanger. */
const named = await startNamed({
  address: DNS,
  port: 53,
  keys: KEY,
  updateKeys: ["k"],
  zones: {
    "example.com": `$ORIGIN example.com.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 86400 60
@ NS ns1
ns1 A ${DNS}
db A ${DATABASE}
smtp A ${MAIL}
`,
    "customer.test": `$ORIGIN customer.test.
$TTL 60
@ SOA ns1.example.com. hostmaster 1 3600 600 86400 60
@ NS ns1.example.com.
@ MX 10 mail.example.com.
`,
  },
});

const imap = createTls({ cert: pair.certificatePem, key: pair.keyPem }, (s) => {
  s.on("error", () => {});
  s.write("* OK ready\r\n");
  s.on("data", (d) => {
    const line = String(d);
    if (line.includes("CAPABILITY")) s.write("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na1 OK\r\n");
    else s.end();
  });
});
await new Promise<void>((r) => imap.listen(993, MAIL, () => r()));

const database = createWeb({ cert: pair.certificatePem, key: pair.keyPem }, (q, r) => {
  r.statusCode = q.url === "/v1.1/example.com" ? 200 : 404;
  r.end(r.statusCode === 200 ? autoconfig("mail.example.com") : "");
});
await new Promise<void>((r) => database.listen(443, DATABASE, () => r()));

const cli = (...args: ReadonlyArray<string>) =>
  postern(["--config", `${dir}/postern.toml`, ...args]);
const PASSWORD = "correct horse battery";
const added = await postern(
  ["--config", `${dir}/postern.toml`, "account", "add", "alice@example.com", "--password-stdin"],
  `${PASSWORD}\n`,
);
assert.equal(added.code, 0, added.stderr);

const server = await startPostern({ config: `${dir}/postern.toml` });

const at = async (what: string, work: () => Promise<void>): Promise<void> => {
  const since = performance.now();
  await work();
  // deno-lint-ignore no-console -- the one who started it reads it
  console.log(`${what}: ${(performance.now() - since).toFixed(0)} ms`);
};

interface Report {
  readonly findings: ReadonlyArray<{ readonly status: string; readonly subject: string }>;
}

try {
  await at("check sees that nothing is published", async () => {
    const { code, stdout } = await cli("check", "example.com", "--json");
    assert.notEqual(code, 0);
    const { findings }: Report = JSON.parse(stdout);
    assert.ok(findings.some((f) => f.status === "missing" && f.subject.startsWith("_imaps.")));
  });

  await at("publish --update", async () => {
    const r = await cli("publish", "example.com", "--update", DNS, "--tsig", `${dir}/tsig.key`);
    assert.equal(r.code, 0, r.stdout + r.stderr);
  });

  await at("check finds all right, with no manual step", async () => {
    const { code, stdout } = await cli("check", "example.com", "--json");
    const { findings }: Report = JSON.parse(stdout);
    const bad = findings.filter((f) => f.status !== "pass" && f.status !== "info");
    assert.deepEqual(bad, []);
    assert.equal(code, 0);
  });

  await at("discover", async () => {
    const { code, stdout } = await cli("discover", "alice@example.com", "--json", "--probe");
    const r = JSON.parse(stdout);
    assert.deepEqual([code, r.verdict], [0, "ok"], stdout);
    const [imaps, submission] = r.services;
    assert.deepEqual([imaps.host, imaps.port, imaps.probe.state], [
      "mail.example.com",
      993,
      "tls-ok",
    ]);
    assert.deepEqual([submission.host, submission.port, submission.probe.state], [
      "mail.example.com",
      465,
      "tls-ok",
    ]);
    assert.ok(submission.probe.mechanisms.includes("PLAIN"));
  });

  for (
    const [method, code, ...more] of [
      ["srv", 0],
      ["autoconfig", 0],
      ["pacc", 0],
      ["pox", 0],
      ["ispdb", 0],
      ["http", 3],
      ["http", 0, "--yes"],
      ["guess", 3],
      ["guess", 0, "--accept-domain", "example.com"],
    ] as const
  ) {
    await at(`discover by ${method} alone ${more.join(" ")}`, async () => {
      const r = await cli("discover", "alice@example.com", "--json", "--only", method, ...more);
      assert.equal(r.code, code, r.stdout + r.stderr);
      const { services } = JSON.parse(r.stdout);
      const submission = services.find((s: { readonly kind: string }) => s.kind === "submission");
      assert.match(`${submission.host}:${submission.port}`, /^(mail|smtp)\.example\.com:465$/);
    });
  }

  await at("discover by mx alone, for a customer's domain", async () => {
    const asked = await cli("discover", "bob@customer.test", "--json", "--only", "mx");
    assert.equal(asked.code, 3, asked.stdout + asked.stderr);
    assert.match(asked.stderr, /mail servers: example\.com/);
    const agreed = await cli(
      ..."discover bob@customer.test --json --only mx --accept-domain example.com".split(" "),
    );
    assert.equal(agreed.code, 0, agreed.stdout);
  });

  await at(
    "nobody's certificate is believed without an authority, with the permissions of the docs",
    async () => {
      const text = await Deno.readTextFile(`${dir}/postern.toml`);
      await Deno.writeTextFile(`${dir}/strict.toml`, text.replace('ca = "cert.pem"\n', ""));
      const r = await postern([
        ...["--config", `${dir}/strict.toml`, "discover", "alice@example.com", "--json", "--probe"],
        ...["--only", "autoconfig", "--only", "srv"],
      ]);
      assert.equal(r.code, 5, r.stdout + r.stderr);
      const { attempts, services } = JSON.parse(r.stdout);
      assert.ok(attempts.some((x: { readonly outcome: string }) => x.outcome === "tls"), r.stdout);
      assert.equal(services[0].probe.state, "self-signed");
    },
  );

  await at("a person at a terminal sees how far it is, and is asked", async () => {
    const command = `${Deno.execPath()} run --quiet --allow-net --allow-read --allow-env main.ts` +
      ` --config ${dir}/postern.toml discover bob@customer.test --only mx`;
    for (const [typed, code] of [["y\n", 0], ["n\n", 3]] as const) {
      const child = new Deno.Command("script", {
        args: ["-qec", command, "/dev/null"],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
        env: { TERM: "xterm" },
      }).spawn();
      let seen = "";
      const reading = (async () => {
        for await (const d of child.stdout) seen += new TextDecoder().decode(d);
      })();
      await eventually(() => seen.includes("[y/N]") ? true : null);
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(typed));
      const status = await child.status;
      await writer.close().catch(() => {});
      await reading;
      assert.equal(status.code, code, seen);
      assert.match(seen, /mail servers: example\.com/);
      assert.ok(seen.includes("\r\x1b[K"), "progress");
      assert.match(seen, /submission +mail\.example\.com:465/);
    }
  });

  await at("GET /v1/discover", async () => {
    const { code, text } = await run("curl", [
      ..."--silent --show-error --max-time 15 --resolve".split(" "),
      `mail.example.com:443:${MAIL}`,
      "--cacert",
      `${dir}/cert.pem`,
      "https://mail.example.com/v1/discover?address=alice%40example.com",
    ]);
    assert.equal(code, 0, text);
    assert.equal(JSON.parse(text).verdict, "ok", text);
  });

  const arrived = (subject: string): Promise<true> =>
    eventually(async () => {
      const outbox = `${dir}/outbox/new`;
      // made with the first message
      if (await Deno.stat(outbox).then(() => false, () => true)) return null;
      for await (const entry of Deno.readDir(outbox)) {
        const text = await Deno.readTextFile(`${outbox}/${entry.name}`);
        if (text.includes(`Subject: ${subject}`)) return true;
      }
      return null;
    });

  const send = async (config: string, subject: string): Promise<void> => {
    await Deno.writeTextFile(`${dir}/msmtprc`, config, { mode: 0o600 });
    const child = new Deno.Command("msmtp", {
      args: ["-C", `${dir}/msmtprc`, "bob@example.org"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(
      new TextEncoder().encode(`From: alice@example.com\nSubject: ${subject}\n\nhello\n`),
    );
    await writer.close();
    const { success, stderr } = await child.output();
    assert.ok(success, `${config}\n${new TextDecoder().decode(stderr)}`);
    await arrived(subject);
  };
  const secrets = `tls_trust_file ${dir}/cert.pem\npassword ${PASSWORD}\n`;

  await at("msmtp --configure finds Postern by SRV, and sends through it", async () => {
    const { code, text } = await run("msmtp", ["--configure", "alice@example.com"]);
    assert.equal(code, 0, text);
    assert.match(text, /host mail\.example\.com/);
    assert.match(text, /port (465|587)/);
    // msmtp writes the local part, the second choice of RFC 6186 §4; logins here are whole addresses
    const usable = text.replace(/^user alice$/m, "user alice@example.com");
    await send(`${usable}\n${secrets}\naccount default : alice@example.com\n`, "configured");
  });

  await at("msmtp sends with what discover --format msmtp prints", async () => {
    const { code, stdout } = await cli("discover", "alice@example.com", "--format", "msmtp");
    assert.equal(code, 0);
    const lines = stdout.split("\n");
    const last = lines.findIndex((l) => l.startsWith("account default"));
    await send([...lines.slice(0, last), secrets, ...lines.slice(last)].join("\n"), "discovered");
  });

  for (const program of ["mutt", "neomutt"]) {
    await at(`${program} sends with what discover --format ${program} prints`, async () => {
      const { code, stdout } = await cli("discover", "alice@example.com", "--format", program);
      assert.equal(code, 0);
      const rc = `${dir}/${program}rc`;
      // what its user adds: where the password and the authorities are
      await Deno.writeTextFile(
        rc,
        `${stdout}set smtp_pass = "${PASSWORD}"
set ssl_ca_certificates_file = "${dir}/cert.pem"
set record = ""
`,
      );
      const args = ["-F", rc, "-s", program, "--", "bob@example.org"];
      await sendBy("env", [`HOME=${dir}`, program, ...args], "hello\n");
      await arrived(program);
    });
  }

  await at("check --watch raises an alarm when a record changes", async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ..."run --quiet --allow-net --allow-read --allow-write --allow-env=NO_COLOR,FORCE_COLOR,TERM,INIT_CWD main.ts"
          .split(" "),
        "--config",
        `${dir}/postern.toml`,
        ..."check example.com --watch --every 5 --json".split(" "),
      ],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let told = "";
    let remarks = "";
    const reading = Promise.all([
      (async () => {
        for await (const d of child.stdout) told += new TextDecoder().decode(d);
      })(),
      (async () => {
        for await (const d of child.stderr) remarks += new TextDecoder().decode(d);
      })(),
    ]);
    await eventually(() => remarks.includes("watching") ? true : null);
    const child2 = new Deno.Command("nsupdate", {
      args: ["-k", `${dir}/tsig.key`],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const writer = child2.stdin.getWriter();
    await writer.write(
      new TextEncoder().encode(
        `server ${DNS}\nzone example.com\nupdate delete _imaps._tcp.example.com SRV\nsend\n`,
      ),
    );
    await writer.close();
    assert.ok((await child2.status).success);
    await eventually(() => told.includes('"srv-imaps"') ? true : null, 30_000);
    child.kill("SIGTERM");
    await child.status;
    await reading;
    const alarm = JSON.parse(told.trim().split("\n")[0] ?? "");
    assert.equal(alarm.now.status, "missing");
  });
} finally {
  await server.stop();
  imap.close();
  database.close();
  await named.stop();
  await Deno.remove(dir, { recursive: true });
}
Deno.exit(0);
