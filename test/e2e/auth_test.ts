/** AUTH against the whole server over TLS, by hand: what is offered to whom, and every way to be refused. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Redacted } from "effect";
import { parseMailbox } from "../../lib/address/path.ts";
import { AccountsAdmin } from "../../lib/ports/accounts_admin.ts";
import { type InProcess, type InProcessOptions, withServer } from "../support/in_process.ts";
import { OauthIssuer } from "../support/oauth_issuer.ts";
import { installed } from "../support/postern.ts";
import { ScramClient } from "../support/scram_client.ts";
import { decoded, type DialogOptions, SmtpDialog } from "../support/smtp_dialog.ts";
import { makeAuthority, makeClient } from "../support/test_ca.ts";

const QUICK =
  "[limits]\nauth_delay_seconds = 0\nauth_lock_failures = 1000\nauth_failures = 100\nerrors = 1000";
const BAD = "535 5.7.8 Authentication credentials invalid";

const it = (
  name: string,
  o: InProcessOptions,
  body: (s: InProcess) => Promise<void>,
): void =>
  Deno.test({
    name: `AUTH: ${name}`,
    ignore: !installed("openssl"),
    fn: () => withServer({ ...o, more: `${o.more ?? ""}\n${QUICK}` }, body),
  });

const open = (s: InProcess, o: Partial<DialogOptions> = {}): Promise<SmtpDialog> =>
  SmtpDialog.open({ port: s.submissions, implicitTls: true, ...o });

const offer = (d: SmtpDialog): ReadonlyArray<string> =>
  d.keywords.find((k) => k.startsWith("AUTH "))?.split(" ").slice(1) ?? [];

const plain = (name: string, password: string, authzid = ""): string =>
  `AUTH PLAIN ${Buffer.from(`${authzid}\0${name}\0${password}`).toString("base64")}`;

/** Runs SCRAM to its last reply; throws where the server does not prove itself. */
const scram = async (d: SmtpDialog, mechanism: string, client: ScramClient): Promise<string> => {
  const first = decoded(await d.one(`AUTH ${mechanism} ${btoa(client.first())}`));
  if (!first.startsWith("r=")) return first;
  const last = await d.respond(await client.final(first));
  if (!last.startsWith("v=")) return last;
  assert.ok(client.trusts(last), last);
  return await d.one("");
};

const sha256 = (d: SmtpDialog): Uint8Array =>
  new Uint8Array(createHash("sha256").update(d.socket.getPeerCertificate().raw).digest());

const addBob = AccountsAdmin.use((a) => {
  const primary = parseMailbox("bob@example.com");
  assert.ok(primary !== null);
  return a.add({ primary, aliases: [], password: Redacted.make("other") });
});

/** A second certificate, whose signature has no single hash. */
const ed25519 = async (dir: string): Promise<void> => {
  const { success } = await new Deno.Command("openssl", {
    args:
      "req -x509 -newkey ed25519 -nodes -days 30 -subj /CN=ed.example -addext subjectAltName=DNS:ed.example"
        .split(" ").concat("-keyout", join(dir, "ed.key"), "-out", join(dir, "ed.pem")),
    stderr: "null",
  }).output();
  assert.ok(success);
};
const PLUS = `[auth]
mechanisms = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN", "LOGIN"]
`;
const TWO = {
  more: PLUS,
  tls: '[[tls.sni]]\ncertificate = "ed.pem"\nkey = "ed.key"',
  prepare: ed25519,
};

it(
  "PLUS binds to the certificate that was served, and is offered where there is a binding: SASL-14, SASL-06, SASL-07",
  TWO,
  async (s) => {
    for (const implicitTls of [true, false]) {
      const port = implicitTls ? s.submissions : s.submission;
      for (const hash of ["SHA-1", "SHA-256"] as const) {
        const d = await open(s, { port, implicitTls });
        assert.ok(offer(d).includes(`SCRAM-${hash}-PLUS`));
        const wrong = new ScramClient(hash, s.user, s.password, new Uint8Array(32));
        assert.equal(await scram(d, `SCRAM-${hash}-PLUS`, wrong), BAD, "another connection");
        const other = new ScramClient(hash, s.user, "wrong", sha256(d));
        assert.equal(await scram(d, `SCRAM-${hash}-PLUS`, other), BAD, "another password");
        const right = new ScramClient(hash, s.user, s.password, sha256(d));
        assert.match(await scram(d, `SCRAM-${hash}-PLUS`, right), /^235 2\.7\.0 /);
        d.close();
      }
      const e = await open(s, { port, implicitTls, serverName: "ed.example" });
      assert.deepEqual(offer(e), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"]);
      const bound = new ScramClient("SHA-256", s.user, s.password, sha256(e));
      assert.match(await scram(e, "SCRAM-SHA-256-PLUS", bound), /^504 5\.5\.4 /);
      // y is right here: there was nothing on offer
      assert.match(await e.one(`AUTH SCRAM-SHA-256 ${btoa("y,,n=x,r=abc")}`), /^334 /);
      e.close();
    }
  },
);

Deno.test({
  name: "AUTH: gsasl can bind only by tls-exporter, which we cannot: 535, SASL-12",
  ignore: !installed("gsasl"),
  fn: () =>
    withServer({ more: PLUS }, async (s) => {
      const { stdout } = await new Deno.Command("gsasl", {
        args: ["--smtp", "--starttls", "-m", "SCRAM-SHA-256-PLUS", "--hostname", "localhost"]
          .concat(
            `--connect=127.0.0.1:${s.submission}`,
            "--x509-ca-file=",
            ...["-a", s.user, "-z", "", "-p", s.password],
          ),
        stdin: "null",
        stderr: "null",
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.match(text, new RegExp(btoa("p=tls-exporter,").slice(0, -2)));
      assert.match(text, /^535 5\.7\.8 /m);
    }),
});

const CA: InProcessOptions = {
  tls: 'client_ca = "ca.pem"',
  prepare: async (dir) => {
    await makeAuthority(dir);
    await makeClient(dir, "alice", ["nobody@example.com", "alice@example.com"]);
    await makeClient(dir, "none", []);
    await makeClient(dir, "stranger", ["stranger@example.com"]);
    await makeClient(dir, "both", ["alice@example.com", "bob@example.com"]);
    await makeClient(dir, "selfmade", ["alice@example.com"], true);
  },
};

it(
  "EXTERNAL is for certificates that are verified and stand for an account: SASL-19",
  CA,
  async (s) => {
    await s.accounts(addBob);
    const by = async (name: string | null, implicitTls: boolean) => {
      const pem = (ext: string) => Deno.readTextFile(join(s.dir, `${name}.${ext}`));
      const pair = name === null ? {} : { cert: await pem("pem"), key: await pem("key") };
      return await open(s, {
        port: implicitTls ? s.submissions : s.submission,
        implicitTls,
        ...pair,
      });
    };
    for (const implicitTls of [true, false]) {
      for (const name of [null, "none", "stranger", "both", "selfmade"]) {
        const d = await by(name, implicitTls);
        assert.ok(!offer(d).includes("EXTERNAL"), String(name));
        assert.match(await d.one("AUTH EXTERNAL ="), /^504 5\.5\.4 /, String(name));
        // and a password does as well as ever
        assert.match(await d.one(plain(s.user, s.password)), /^235 /);
        d.close();
      }
      const d = await by("alice", implicitTls);
      assert.equal(offer(d).at(-1), "EXTERNAL");
      assert.equal(await d.one(`AUTH EXTERNAL ${btoa("bob@example.com")}`), BAD);
      assert.match(await d.one(`AUTH EXTERNAL ${btoa("alice@example.com")}`), /^235 2\.7\.0 /);
      assert.match(await d.one("MAIL FROM:<alice@example.com>"), /^250 /);
      d.close();
    }
    const fingerprint = new Uint8Array(
      Buffer.from(
        (await Deno.readTextFile(join(s.dir, "none.pem"))).replace(/-----.*-----|\s/g, ""),
        "base64",
      ),
    );
    const hex = createHash("sha256").update(fingerprint).digest("hex");
    const set = (certificates: ReadonlyArray<string>) =>
      s.accounts(AccountsAdmin.use((a) => a.setCertificates("bob@example.com", certificates)));
    await set([hex]);
    const d = await by("none", true);
    assert.match(await d.one("AUTH EXTERNAL ="), /^235 2\.7\.0 /);
    assert.match(await d.one("MAIL FROM:<bob@example.com>"), /^250 /);
    d.close();
    await set([]);
    const e = await by("none", true);
    assert.match(await e.one("AUTH EXTERNAL ="), /^504 /);
    e.close();
    await s.accounts(AccountsAdmin.use((a) => a.setDisabled("alice@example.com", true)));
    const f = await by("alice", true);
    assert.match(await f.one("AUTH EXTERNAL ="), /^525 5\.7\.13 /);
    f.close();
  },
);

/** What a TLS session that is kept in a file is told by EHLO, and whether it was resumed. */
const resumable = async (s: InProcess, args: ReadonlyArray<string>): Promise<string> => {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-nocommands", "-ign_eof", "-crlf", "-connect", `127.0.0.1:${s.submissions}`]
      .concat(args),
    cwd: s.dir,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("EHLO x\nQUIT\n"));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
};

it(
  "a resumed session brings nobody in whom the first handshake did not: SASL-19, threats.md row 7",
  CA,
  async (s) => {
    for (const version of ["-tls1_2", "-tls1_3"]) {
      for (const [name, good] of [["selfmade", false], ["alice", true]] as const) {
        const session = `${name}${version}`;
        const pair = ["-cert", `${name}.pem`, "-key", `${name}.key`];
        const first = await resumable(s, [version, ...pair, "-sess_out", session]);
        assert.match(first, /^New, TLSv1/m);
        assert.equal(/^250.AUTH.* EXTERNAL\r?$/m.test(first), good, name);
        for (const more of [[], pair]) {
          const again = await resumable(s, [version, ...more, "-sess_in", session]);
          assert.match(again, /^Reused, TLSv1/m, "or this shows nothing");
          assert.equal(/^250.AUTH.* EXTERNAL\r?$/m.test(again), good, name);
        }
      }
    }
  },
);

it("nobody is asked for a certificate where no authority is configured: SASL-19", {
  prepare: CA.prepare ?? (() => Promise.resolve()),
}, async (s) => {
  const { stdout } = await new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${s.submissions}`, "-showcerts"],
    stdin: "null",
    stderr: "null",
  }).output();
  assert.match(new TextDecoder().decode(stdout), /No client certificate CA names sent/);
  const pem = (ext: string) => Deno.readTextFile(join(s.dir, `alice.${ext}`));
  const d = await open(s, { cert: await pem("pem"), key: await pem("key") });
  assert.ok(!offer(d).includes("EXTERNAL"));
  d.close();
});

it(
  "unknown, wrong, foreign and unprepared are one: same replies, a salt that stays: AUTH-09, AUTH-18, SASL-03, SASL-11, threats.md rows 13 to 15",
  {},
  async (s) => {
    await s.accounts(addBob);
    const d = await open(s);
    for (
      const [name, password, authzid] of [
        [s.user, "wrong", ""],
        ["nobody@example.com", s.password, ""],
        ["nobody", s.password, ""],
        [s.user, s.password, "bob@example.com"],
        [s.user, s.password, "nobody@example.com"],
        ["\u00ad", s.password, ""],
        ["alice\u0007@example.com", s.password, ""],
        [s.user, "\u0007", ""],
      ] as const
    ) assert.equal(await d.one(plain(name, password, authzid)), BAD, JSON.stringify(name));
    const salts = new Map<string, string>();
    for (
      const name of ["nobody", s.user, "nobody", "nobody@example.com", "a'; DROP TABLE account; --"]
    ) {
      for (const mechanism of ["SCRAM-SHA-1", "SCRAM-SHA-256"] as const) {
        const first = decoded(await d.one(`AUTH ${mechanism} ${btoa(`n,,n=${name},r=abcdefgh`)}`));
        const m = /^r=abcdefgh[!-+\--~]{24,},s=([A-Za-z0-9+/]{22}==),i=4096$/.exec(first);
        assert.ok(m !== null, first);
        const known = salts.get(name) ?? m[1] ?? "";
        assert.equal(m[1], known, `${name}: the salt stays`);
        salts.set(name, known);
        assert.equal(await d.respond("c=biws,r=abcdefgh,p=AAAA"), BAD);
      }
    }
    assert.equal(new Set(salts.values()).size, 3, "but for the two names of nobody all differ");
    // soft hyphens are mapped to nothing
    assert.match(await d.one(plain("al\u00adice@example.com", s.password)), /^235 /);
    d.close();
  },
);

it(
  "an account asks for a stronger mechanism, told only behind the right password: AUTH-10, SASL-21",
  {},
  async (s) => {
    await s.accounts(AccountsAdmin.use((a) => a.setMinimum(s.user, "scram-sha-256")));
    const d = await open(s);
    assert.equal(await d.one(plain(s.user, "wrong")), BAD);
    assert.match(await d.one(plain(s.user, s.password)), /^534 5\.7\.9 /);
    const weak = new ScramClient("SHA-1", s.user, s.password, null);
    assert.match(await scram(d, "SCRAM-SHA-1", weak), /^534 5\.7\.9 /);
    const wrong = new ScramClient("SHA-1", s.user, "wrong", null);
    assert.equal(await scram(d, "SCRAM-SHA-1", wrong), BAD);
    const right = new ScramClient("SHA-256", s.user, s.password, null);
    assert.match(await scram(d, "SCRAM-SHA-256", right), /^235 /);
    d.close();
  },
);

it(
  "432 until a login shows the password, then the mechanism works: AUTH-10, AUTH-15",
  {},
  async (s) => {
    const db = new DatabaseSync(join(s.dir, "data", "accounts.db"));
    db.exec("UPDATE account SET sha1_stored_key = NULL, sha1_server_key = NULL");
    db.close();
    const old = await open(s);
    const client = () => new ScramClient("SHA-1", s.user, s.password, null);
    assert.match(await scram(old, "SCRAM-SHA-1", client()), /^432 4\.7\.12 /);
    assert.match(await old.one(plain(s.user, s.password)), /^235 /);
    old.close();
    const now = await open(s);
    assert.match(await scram(now, "SCRAM-SHA-1", client()), /^235 /);
    now.close();
  },
);

it("a password that changes between the two messages of SCRAM fails", {}, async (s) => {
  const d = await open(s);
  const client = new ScramClient("SHA-256", s.user, s.password, null);
  const first = decoded(await d.one(`AUTH SCRAM-SHA-256 ${btoa(client.first())}`));
  const fresh = Redacted.make(s.password);
  await s.accounts(AccountsAdmin.use((a) => a.setPassword(s.user, fresh)));
  await new Promise((r) => setTimeout(r, 150)); // the view of other processes' changes may be that old
  assert.equal(await d.respond(await client.final(first)), BAD);
  d.close();
});

Deno.test("AUTH: tokens for this account, for another, for nobody; an issuer that is down: SASL-15, SASL-16, SASL-18", async () => {
  const op = await OauthIssuer.start({ audience: "postern" });
  const more = `[[auth.oauth]]
issuer = "${op.url}"
audience = ["postern"]
jwks = "${op.url}/jwks"
scope = "smtp"
openid_configuration = "https://op.example/.well-known/openid-configuration"
${QUICK}`;
  try {
    await withServer({ more }, async (s) => {
      await s.accounts(addBob);
      const bearer = (token: string, authzid = "") =>
        btoa(`n,${authzid === "" ? "" : `a=${authzid}`},\x01auth=Bearer ${token}\x01\x01`);
      const alice = await op.jwt({ email: s.user, scope: "smtp" });
      const d = await open(s);
      assert.deepEqual(offer(d).slice(-2), ["OAUTHBEARER", "XOAUTH2"]);
      op.broken = true;
      assert.match(await d.one(`AUTH OAUTHBEARER ${bearer(alice)}`), /^454 4\.7\.0 /);
      op.broken = false;
      for (
        const [what, response] of [
          ["expired", bearer(await op.jwt({ email: s.user, scope: "smtp", exp: 1 }))],
          ["without scope", bearer(await op.jwt({ email: s.user }))],
          ["of bob", bearer(await op.jwt({ email: "bob@example.com", scope: "smtp" }), s.user)],
          ["of nobody", bearer(await op.jwt({ email: "x@example.com", scope: "smtp" }))],
        ] as const
      ) {
        const told = JSON.parse(decoded(await d.one(`AUTH OAUTHBEARER ${response}`)));
        assert.deepEqual(told, {
          status: "invalid_token",
          scope: "smtp",
          "openid-configuration": "https://op.example/.well-known/openid-configuration",
        }, what);
        assert.equal(await d.one("AQ=="), BAD, what);
      }
      const user = (who: string) => btoa(`user=${who}\x01auth=Bearer ${alice}\x01\x01`);
      const told = decoded(await d.one(`AUTH XOAUTH2 ${user("bob@example.com")}`));
      assert.equal(told, '{"status":"401","schemes":"bearer mac","scope":"smtp"}\n');
      assert.equal(await d.one(""), BAD);
      assert.match(await d.one(`AUTH XOAUTH2 ${user(s.user)}`), /^235 2\.7\.0 /);
      d.close();
      // tokens of some issuers are long, and clients send them in one line with AUTH
      const long = await op.jwt({ email: s.user, scope: "smtp", groups: "x".repeat(5000) });
      const e = await open(s);
      assert.match(await e.one(`AUTH OAUTHBEARER ${bearer(long)}`), /^235 2\.7\.0 /);
      e.close();
    });
  } finally {
    await op.stop();
  }
});

it("a listed few are offered, in the order of the list: AUTH-20", {
  more: '[auth]\nmechanisms = ["PLAIN", "SCRAM-SHA-256"]',
}, async (s) => {
  const d = await open(s);
  assert.deepEqual(offer(d), ["PLAIN", "SCRAM-SHA-256"]);
  assert.match(await d.one("AUTH LOGIN"), /^504 /);
  d.close();
});
