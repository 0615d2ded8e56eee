/**
 * From nothing to a mail that was sent: records published into a real BIND by dynamic update, checked, discovered,
 * and found by msmtp, which knows RFC 6186 and RFC 8314 by itself. Server and client are two network namespaces.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "../support/dig.ts";
import { canSplit, type Network, withNetwork } from "../support/namespaces.ts";
import { startNamed } from "../support/named.ts";
import { eventually, installed, postern, ROOT, startPostern } from "../support/postern.ts";

const split = await canSplit();
const ignore = !["ip", "named", "msmtp", "openssl"].every(installed) || !split;
if (!split && Deno.env.get("POSTERN_REQUIRE_PEERS") !== "1") {
  // deno-lint-ignore no-console -- a skip is said out loud
  console.warn("skipped: this machine lets us make no network namespaces");
}

const PASSWORD = "correct horse battery";
const KEY =
  'key "loop" { algorithm hmac-sha256; secret "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiBwb3N0ZXJu"; };\n';
const ZONE = `$ORIGIN example.com.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 86400 60
@ NS ns1
ns1 A 10.77.0.1
mx A 10.77.0.1
@ TXT "somebody-else=1"
`;

/** Hosted here; nothing but its mail exchanger says so. */
const HOSTED = `$ORIGIN example.org.
$TTL 60
@ SOA ns1.example.com. hostmaster.example.com. 1 3600 600 86400 60
@ NS ns1.example.com.
@ MX 10 mx.example.com.
`;

const NAMES = [
  "mail.example.com",
  "example.com",
  "autoconfig.example.com",
  "autodiscover.example.com",
  "ua-auto-config.example.com",
  "mta-sts.example.com",
];

const configText = (address: string) =>
  `hostname = "mail.example.com"
[listen]
submission = ["${address}:587"]
submissions = ["${address}:465"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[spool]
url = "sqlite:spool.db"
[accounts]
url = "sqlite:accounts.db"
iterations = 4096
[[route]]
to = "*"
via = "maildir:outbox"
[dns]
servers = ["${address}"]
[discover]
ca = "cert.pem"
private_addresses = true
[http]
listen = ["${address}:443"]
listen_plain = ["${address}:80"]
[[domain]]
name = "example.com"
display_name = "Example Mail"
imaps = ["mail.example.com"]
mx = ["10 mx.example.com"]
spf = "v=spf1 mx -all"
dmarc = "v=DMARC1; p=none"
tls_reports = ["mailto:tls@example.com"]
addresses = { "mail.example.com" = ["${address}"], "example.com" = ["${address}"] }
ttl_seconds = 60
`;

/** Brings the records of example.com into the zone. */
const publish = async ({ client$, server, dir }: Place): Promise<void> => {
  const key = join(dir, "update.key");
  const sent = await client$("publish", "example.com", "--update", server.address, "--tsig", key);
  assert.equal(sent.code, 0, sent.stderr);
};

interface Place extends Network {
  readonly dir: string;
  readonly config: string;
  /** The command line on the client's machine. */
  readonly client$: (...args: ReadonlyArray<string>) => ReturnType<typeof postern>;
}

const inPlace = (test: (p: Place) => Promise<void>): Promise<void> =>
  withNetwork(async (network) => {
    const { server, client } = network;
    const dir = await Deno.makeTempDir({ prefix: "postern-loop-" });
    const config = join(dir, "postern.toml");
    await Deno.writeTextFile(config, configText(server.address));
    await Deno.writeTextFile(join(dir, "update.key"), KEY, { mode: 0o600 });
    const made = await run("openssl", [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30".split(" "),
      "-subj",
      "/CN=mail.example.com",
      "-addext",
      `subjectAltName=${NAMES.map((n) => `DNS:${n}`).join(",")}`,
      "-keyout",
      join(dir, "key.pem"),
      "-out",
      join(dir, "cert.pem"),
    ]);
    assert.equal(made.code, 0, made.text);
    const named = await startNamed({
      zones: { "example.com": ZONE, "example.org": HOSTED },
      keys: KEY,
      updateKeys: ["loop"],
      address: server.address,
      port: 53,
      before: server.before,
    });
    const [program = "", ...rest] = [...server.before, Deno.execPath()];
    const imap = new Deno.Command(program, {
      args: [
        ...rest,
        "run",
        "--quiet",
        "--allow-net",
        "--allow-read",
        "test/support/imap_stub.ts",
        server.address,
        "993",
        join(dir, "cert.pem"),
        join(dir, "key.pem"),
      ],
      cwd: ROOT,
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const account = ["account", "add", "alice@example.com", "--password-stdin"];
      await postern(["--config", config, ...account], `${PASSWORD}\n`);
      const running = await startPostern({ config }, server.before);
      try {
        await eventually(() => running.output().includes("answers HTTP on") ? true : null);
        const client$ = (...args: ReadonlyArray<string>) =>
          postern(["--config", config, ...args], "", client.before);
        await test({ ...network, dir, config, client$ });
      } finally {
        await running.stop();
      }
    } finally {
      imap.kill("SIGTERM");
      await imap.status;
      await named.stop();
      await Deno.remove(dir, { recursive: true });
    }
  });

const messages = async (dir: string): Promise<ReadonlyArray<string>> => {
  const at = join(dir, "outbox", "new");
  const names: Array<string> = [];
  try {
    for await (const e of Deno.readDir(at)) names.push(e.name);
  } catch { /* not there yet */ }
  return names.map((n) => Deno.readTextFileSync(join(at, n)));
};

Deno.test({
  name:
    "publish --update, check, discover, and msmtp finds us by SRV and sends. ADS-1, RFC 6186 §3, RFC 8314 §5.1",
  ignore,
  fn: () =>
    inPlace(async (place) => {
      const { dir, client, client$ } = place;
      const before = await client$("check", "example.com");
      assert.notEqual(before.code, 0, before.stdout);

      await publish(place);

      const checked = await client$("check", "example.com");
      assert.equal(checked.code, 0, checked.stdout + checked.stderr);

      const found = await client$("discover", "alice@example.com", "--json", "--probe");
      const result: {
        verdict: string;
        services: ReadonlyArray<{ kind: string; host: string; port: number; tls: string }>;
      } = JSON.parse(found.stdout);
      assert.equal(found.code, 0, found.stdout + found.stderr);
      const [first] = result.services.filter((s) => s.kind === "submission");
      assert.deepEqual([first?.host, first?.port, first?.tls], [
        "mail.example.com",
        465,
        "implicit",
      ]);

      const [program = "", ...rest] = client.before;
      const proposed = await run(program, [...rest, "msmtp", "--configure=alice@example.com"]);
      assert.equal(proposed.code, 0, proposed.text);
      assert.match(proposed.text, /^host mail\.example\.com$/m);
      assert.match(proposed.text, /^port 465$/m);
      const rc = join(dir, "msmtprc");
      const proposal = proposed.text.split("\n").filter((l) => !l.startsWith("#"));
      await Deno.writeTextFile(
        rc,
        [
          ...proposal.filter((l) => !/^password/.test(l)),
          `password "${PASSWORD}"`,
          `tls_trust_file ${join(dir, "cert.pem")}`,
          "",
        ].join("\n"),
        { mode: 0o600 },
      );
      const child = new Deno.Command(program, {
        args: [...rest, "msmtp", "-C", rc, "-a", "alice@example.com", "bob@example.net"],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(
        "From: alice@example.com\nTo: bob@example.net\nSubject: found by SRV\n\nHello\n",
      ));
      await writer.close();
      const { success, stderr } = await child.output();
      assert.ok(success, `${new TextDecoder().decode(stderr)}\n${proposed.text}`);
      const [mail] = await eventually(async () => {
        const all = await messages(dir);
        return all.length > 0 ? all : null;
      });
      assert.match(mail ?? "", /Subject: found by SRV/);
    }),
});

/** Databases are not ours to run; an own file and they are tried in `test/e2e/discover/`. */
const METHODS = ["pacc", "srv", "autoconfig", "pox", "mx", "http", "guess"];

Deno.test({
  name: `discover finds us by every method alone: ${METHODS.join(", ")}`,
  ignore,
  fn: () =>
    inPlace(async (place) => {
      await publish(place);
      for (const method of METHODS) {
        const address = method === "mx" ? "alice@example.org" : "alice@example.com";
        const flags = ["--json", "--yes", "--allow-http", "--guess", "--only", method];
        const { code, stdout, stderr } = await place.client$("discover", address, ...flags);
        assert.equal(code, 0, `${method}: ${stdout}${stderr}`);
        const { services }: {
          services: ReadonlyArray<{
            kind: string;
            host: string;
            port: number;
            sources: ReadonlyArray<{ method: string }>;
          }>;
        } = JSON.parse(stdout);
        const [found] = services.filter((s) => s.kind === "submission");
        assert.deepEqual([found?.host, found?.port], ["mail.example.com", 465], method);
        assert.deepEqual([...new Set(services.flatMap((s) => s.sources.map((o) => o.method)))], [
          method,
        ]);
      }
    }),
});
