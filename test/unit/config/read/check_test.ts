import assert from "node:assert/strict";
import { join } from "node:path";
import { Effect, Result } from "effect";
import { checkConfig } from "../../../../lib/config/read/check.ts";
import { printProblem } from "../../../../lib/config/config.ts";
import { keyFaults } from "../../../../lib/dkim/inspect.ts";
import { addKey, keyFile } from "../../../../lib/dkim/key_store.ts";
import { pairWarnings } from "../../../../lib/tls/pair.ts";
import { makeSelfSigned } from "../../../../lib/tls/selfsigned.ts";

const config = (over: Partial<Record<"key" | "spool" | "via" | "ca", string>> = {}): string => `
hostname = "msa.example.com"
[listen]
submissions = ["127.0.0.1:0"]
[tls]
certificate = "cert.pem"
key = "${over.key ?? "key.pem"}"
[spool]
url = "sqlite:${over.spool ?? "data/spool.db"}"
[accounts]
url = "sqlite:data/accounts.db"
[[route]]
to = "*"
via = "${over.via ?? "maildir:outbox"}"
${over.ca === undefined ? "" : `tls = "required"\nca = "${over.ca}"`}
`;

/** Checks `text` in a directory with a good pair and a stranger's key; lines with the directory as `.` */
const check = async (text: string) => {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    const good = await makeSelfSigned(["msa.example.com"], Date.now());
    const other = await makeSelfSigned(["other.example"], Date.now());
    await Deno.writeTextFile(join(dir, "cert.pem"), good.certificatePem);
    await Deno.writeTextFile(join(dir, "key.pem"), good.keyPem, { mode: 0o600 });
    await Deno.writeTextFile(join(dir, "other.pem"), other.keyPem, { mode: 0o600 });
    await Deno.writeTextFile(join(dir, "postern.toml"), text);
    const before = [...Deno.readDirSync(dir)].map((e) => e.name).sort();
    const r = await Effect.runPromise(Effect.result(checkConfig(join(dir, "postern.toml"))));
    assert.deepEqual([...Deno.readDirSync(dir)].map((e) => e.name).sort(), before);
    const lines = Result.isSuccess(r) ? r.success.warnings : r.failure.problems;
    return {
      good: Result.isSuccess(r),
      lines: lines.map((p) => printProblem(p).replaceAll(dir, ".")),
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
};

Deno.test("checkConfig() finds nothing wrong with what is right, and leaves nothing behind", async () => {
  assert.deepEqual(await check(config()), { good: true, lines: [] });
});

Deno.test("checkConfig() warns of logins that cannot go on to a next hop", async () => {
  const text = config({ via: "smtps://h", ca: "cert.pem" }) +
    'durability = "next_hop"\nforward_login = true\n[auth]\nmechanisms = ["SCRAM-SHA-256", "PLAIN"]\n';
  assert.deepEqual(await check(text), {
    good: true,
    lines: [
      "./postern.toml:18: route[1].forward_login = true: clients that sign in by SCRAM-SHA-256 are refused: they send no password",
    ],
  });
});

for (
  const [name, text, want] of [
    [
      "a key that is not the certificate's",
      config({ key: "other.pem" }),
      './postern.toml:7: tls.key = "other.pem": ./other.pem: is not the key of the certificate in ./cert.pem',
    ],
    [
      "a key that is not there",
      config({ key: "gone.pem" }),
      './postern.toml:7: tls.key = "gone.pem": ./gone.pem: there is no such file',
    ],
    [
      "a key file without a key",
      config({ key: "cert.pem" }),
      './postern.toml:7: tls.key = "cert.pem": ./cert.pem: holds no private key in PEM form',
    ],
    [
      "a spool below a file",
      config({ spool: "cert.pem/spool.db" }),
      './postern.toml:9: spool.url = "sqlite:cert.pem/spool.db": ./cert.pem/spool.db: a part of its path is not a directory',
    ],
    [
      "authorities for clients that are none",
      config({ key: 'key.pem"\nclient_ca = "key.pem' }),
      './postern.toml:8: tls.client_ca = "key.pem": ./key.pem: holds no certificate in PEM form',
    ],
    [
      "keys of an issuer that are not there",
      `${config()}[[auth.oauth]]\nissuer = "a"\naudience = ["b"]\njwks = "keys.json"`,
      './postern.toml:19: auth.oauth[1].jwks = "keys.json": ./keys.json: there is no such file',
    ],
    [
      "authorities that are not there",
      config({ via: "smtp://h.example", ca: "ca.pem" }),
      './postern.toml:16: route[1].ca = "ca.pem": ./ca.pem: there is no such file',
    ],
  ] as const
) {
  Deno.test(`checkConfig() tells ${name}`, async () => {
    assert.deepEqual(await check(text), { good: false, lines: [want] });
  });
}

Deno.test("TLS-09: checkConfig() warns of a certificate for another host and of a socket that is not there", async () => {
  const text = config({ via: "lmtp+unix:lmtp.sock" })
    .replace("msa.example.com", "relay.example.com");
  assert.deepEqual(await check(text), {
    good: true,
    lines: [
      './postern.toml:6: tls.certificate = "cert.pem": does not hold the name relay.example.com',
      './postern.toml:14: route[1].via = "lmtp+unix:lmtp.sock": there is no such socket now',
    ],
  });
});

for (
  const [name, spoil, want] of [
    ["a key that others may read", (d) => Deno.chmodSync(d.file, 0o644), /may be read by others/],
    ["a key that is not there", (d) => Deno.removeSync(d.file), /pem: there is no such file/],
    [
      "a key that is none",
      (d) => Deno.writeTextFileSync(d.file, "-----"),
      /the key s of a\.example/,
    ],
    [
      "an index cut short",
      (d) => Deno.writeTextFileSync(join(d.dir, "keys.json"), "[{"),
      /keys\.json is damaged/,
    ],
  ] as ReadonlyArray<
    readonly [string, (d: { readonly dir: string; readonly file: string }) => void, RegExp]
  >
) {
  Deno.test(`keyFaults() names ${name}`, async () => {
    const dir = await Deno.makeTempDir();
    try {
      const entry = addKey(dir, "a.example", "ed25519", "s", 0);
      assert.deepEqual(await keyFaults(dir), []);
      spoil({ dir, file: keyFile(dir, entry) });
      const faults = await keyFaults(dir);
      assert.equal(faults.length, 1);
      assert.match(faults[0] ?? "", want);
      const text = `${config()}\n[dkim]\nkeys = "${dir}"\n`;
      const { good, lines } = await check(text);
      assert.equal(good, false);
      assert.match(lines[0] ?? "", /dkim\.keys = /);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

Deno.test("checkConfig() tells who wrote [route] to write [[route]]", async () => {
  const { lines } = await check(config().replace("[[route]]", "[route]"));
  assert.match(lines[0] ?? "", /is one table; write \[\[route\]\] with two brackets/);
});

for (
  const [name, pair, want] of [
    ["is not valid yet", { notBefore: 2, notAfter: 1e12 }, "is not valid before 1970-01-01"],
    ["has expired", { notBefore: 0, notAfter: 0 }, "has expired on 1970-01-01"],
    ["expires soon", { notBefore: 0, notAfter: 86_400_000 }, "expires on 1970-01-02"],
    [
      "is for another name",
      { notBefore: 0, notAfter: 1e12, names: ["b.example"] },
      "does not hold the name a.example",
    ],
  ] as const
) {
  Deno.test(`pairWarnings() tells of a certificate that ${name}`, () => {
    assert.deepEqual(pairWarnings({ names: ["a.example"], ...pair }, "a.example", 1), [want]);
  });
}

Deno.test("checkConfig() tells of files with secrets that others can read", async () => {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    const made = await makeSelfSigned(["msa.example.com"], Date.now());
    await Deno.writeTextFile(join(dir, "cert.pem"), made.certificatePem);
    await Deno.writeTextFile(join(dir, "key.pem"), made.keyPem, { mode: 0o644 });
    for (const [name, mode] of [["open.txt", 0o640], ["closed.txt", 0o600]] as const) {
      await Deno.writeTextFile(join(dir, name), "secret of thirty-two octets or more\n", { mode });
    }
    const text = config({ via: "smtps://h" }) + `username = "u"
password_file = "open.txt"
[[filter]]
name = "r"
via = "rspamd:http://127.0.0.1:11333"
password_file = "closed.txt"
[headers]
seal_key_file = "open.txt"
[events]
webhook = "https://127.0.0.1/x"
secret_file = "open.txt"
`;
    await Deno.writeTextFile(join(dir, "postern.toml"), text);
    const r = await Effect.runPromise(Effect.result(checkConfig(join(dir, "postern.toml"))));
    assert.ok(Result.isSuccess(r), String(r));
    assert.deepEqual(
      r.success.warnings.filter((p) => p.message.includes("chmod 600")).map((p) => p.key),
      ["tls.key", "route[1].password_file", "headers.seal_key_file", "events.secret_file"],
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
