/**
 * Mail programs that we did not write, by every mechanism that each of them knows, on both ports: a message
 * of each arrives. curl, msmtp, swaks, gsasl, nodemailer and pg's SCRAM.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { continueSession, finalizeSession, startSession } from "pg/lib/crypto/sasl.js";
import { MECHANISMS } from "../../lib/sasl/all.ts";
import { OauthIssuer } from "../support/oauth_issuer.ts";
import { eventually, installed, makeSite, type Site, startPostern } from "../support/postern.ts";
import { run } from "../support/program.ts";
import { decoded, SmtpDialog } from "../support/smtp_dialog.ts";
import { type ClientPair, makeAuthority, makeClient } from "../support/test_ca.ts";

/** What a client may need to show who it is. */
interface World {
  readonly site: Site;
  readonly token: string;
  readonly opaque: string;
  readonly client: ClientPair;
}

interface Case {
  readonly program: string;
  readonly mechanism: string;
  /** Signs in and sends `message`; `tls`: TLS from the first octet. */
  readonly send: (w: World, tls: boolean, message: string) => Promise<void>;
}

const TO = "bob@example.net";

const port = (site: Site, tls: boolean): number => tls ? site.submissions : site.submission;

const curl = (mechanism: string, credentials: (w: World) => ReadonlyArray<string>): Case => ({
  program: "curl",
  mechanism,
  send: async (w, tls, message) => {
    const { site } = w;
    const file = join(site.dir, `curl-${crypto.randomUUID()}.eml`);
    await Deno.writeTextFile(file, message);
    await run("curl", [
      ..."--silent --show-error --max-time 20 --ssl-reqd".split(" "),
      ...["--url", `${tls ? "smtps" : "smtp"}://127.0.0.1:${port(site, tls)}`],
      ...["--cacert", site.certificate, "--login-options", `AUTH=${mechanism}`],
      ...credentials(w),
      ...["--mail-from", site.user, "--mail-rcpt", TO, "--upload-file", file],
    ], "");
  },
});

const msmtp = (mechanism: string, credentials: (w: World) => ReadonlyArray<string>): Case => ({
  program: "msmtp",
  mechanism,
  send: async (w, tls, message) => {
    const { site } = w;
    await run("msmtp", [
      ...["--host=127.0.0.1", `--port=${port(site, tls)}`, "--tls=on"],
      ...[`--tls-starttls=${tls ? "off" : "on"}`, `--tls-trust-file=${site.certificate}`],
      ...[`--auth=${mechanism.toLowerCase()}`, `--user=${site.user}`, ...credentials(w)],
      ...[`--from=${site.user}`, TO],
    ], message.replaceAll("\r\n", "\n"));
  },
});

const swaks = (mechanism: string): Case => ({
  program: "swaks",
  mechanism,
  send: async ({ site }, tls, message) => {
    await run("swaks", [
      ...["--server", "127.0.0.1", "--port", String(port(site, tls))],
      ...[tls ? "--tls-on-connect" : "--tls", "--auth", mechanism],
      ...["--auth-user", site.user, "--auth-password", site.password],
      ...["--from", site.user, "--to", TO, "--data", "-"],
    ], message.replaceAll("\r\n", "\n"));
  },
});

const dialog = async ({ site }: World, tls: boolean): Promise<SmtpDialog> =>
  await SmtpDialog.open({
    port: port(site, tls),
    implicitTls: tls,
    ca: await Deno.readTextFile(site.certificate),
  });

/** Sends a message by hand, once somebody else has signed in. */
const sendBy = async (d: SmtpDialog, site: Site, message: string): Promise<void> => {
  assert.match(await d.one(`MAIL FROM:<${site.user}>`), /^250 /);
  assert.match(await d.one(`RCPT TO:<${TO}>`), /^250 /);
  assert.match(await d.one("DATA"), /^354 /);
  assert.match(await d.one(`${message}\r\n.`), /^250 /);
  d.close();
};

/** Lines of a stream, one at a time. */
const lineReader = (stream: ReadableStream<Uint8Array>) => {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return async (): Promise<string> => {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`it ended: ${text}`);
      text += value;
    }
    const at = text.indexOf("\n");
    const line = text.slice(0, at);
    text = text.slice(at + 1);
    return line;
  };
};

/** gsasl knows STARTTLS only, and no message: it speaks the exchange over its standard streams. */
const gsasl = (mechanism: string): Case => ({
  program: "gsasl",
  mechanism,
  send: async (w, tls, message) => {
    const { site } = w;
    const d = await dialog(w, tls);
    const child = new Deno.Command("gsasl", {
      args: ["--client", "--no-cb", "-m", mechanism, "-a", site.user, "-z", ""]
        .concat("-p", site.password, "--service", "smtp", "--hostname", "localhost"),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const tell = child.stdin.getWriter();
    const hear = lineReader(child.stdout);
    assert.equal(await hear(), mechanism);
    let reply = await d.one(`AUTH ${mechanism} ${await hear()}`);
    while (reply.startsWith("334 ")) {
      await tell.write(new TextEncoder().encode(`${reply.slice(4)}\n`));
      // it has nothing to add to the server's last word, and says that by an empty line
      reply = await d.one(decoded(reply).startsWith("v=") ? "" : await hear());
    }
    assert.match(reply, /^235 2\.7\.0 /);
    await tell.write(new TextEncoder().encode("\n")); // 235 has no data for it
    await tell.close();
    const said = await new Response(child.stderr).text();
    const { success } = await child.status;
    assert.ok(success && said.includes("server trusted"), said);
    await sendBy(d, site, message);
  },
});

/** gsasl by itself, network and all. */
const gsaslConnects = (mechanism: string): Case => ({
  program: "gsasl",
  mechanism: `${mechanism} over its own STARTTLS`,
  send: async (w, tls, message) => {
    const { site } = w;
    if (!tls) {
      const text = await run("gsasl", [
        ...["--smtp", "--starttls", "--no-cb", "-m", mechanism, "--hostname", "localhost"],
        ...[`--connect=127.0.0.1:${site.submission}`, `--x509-ca-file=${site.certificate}`],
        ...["-a", site.user, "-z", "", "-p", site.password],
      ], "QUIT\r\n");
      assert.match(text, /^235 2\.7\.0 /m);
    }
    await swaks("PLAIN").send(w, tls, message);
  },
});

/** The PostgreSQL driver's SCRAM knows `tls-server-end-point`; it always calls itself `*`. */
const pg: Case = {
  program: "openssl",
  mechanism: "SCRAM-SHA-256-PLUS",
  send: async (w, tls, message) => {
    const { site } = w;
    const d = await dialog(w, tls);
    const session = startSession(["SCRAM-SHA-256-PLUS"], d.socket);
    assert.equal(session.mechanism, "SCRAM-SHA-256-PLUS");
    const first = decoded(await d.one(`AUTH ${session.mechanism} ${btoa(session.response)}`));
    await continueSession(session, site.password, first, d.socket);
    const last = await d.respond(session.response);
    finalizeSession(session, last);
    assert.match(await d.one(""), /^235 2\.7\.0 /);
    await sendBy(d, site, message);
  },
};

type MailerAuth =
  | { readonly user: string; readonly pass: string }
  | { readonly type: "OAuth2"; readonly user: string; readonly accessToken: string };

const nodemailer = (
  mechanism: string,
  auth: (w: World) => MailerAuth,
): Case => ({
  program: "openssl",
  mechanism: `${mechanism} by nodemailer`,
  send: async (w, tls, message) => {
    const { site } = w;
    const transport = createTransport({
      host: "127.0.0.1",
      port: port(site, tls),
      secure: tls,
      requireTLS: true,
      auth: auth(w),
      ...(mechanism === "LOGIN" ? { authMethod: "LOGIN" } : {}),
      tls: { ca: await Deno.readTextFile(site.certificate), servername: "localhost" },
    });
    await transport.sendMail({ envelope: { from: site.user, to: [TO] }, raw: message });
    transport.close();
  },
});

const password = ({ site }: World) => ["--user", `${site.user}:${site.password}`];
const bearer = (which: "token" | "opaque") => (w: World) => [
  ...["--user", `${w.site.user}:`, "--oauth2-bearer", w[which]],
];
const secret = (text: string) => [`--passwordeval=printf '%s' '${text}'`];
const passwordOf = ({ site }: World) => secret(site.password);

const CASES: ReadonlyArray<Case> = [
  curl("PLAIN", password),
  curl("LOGIN", password),
  curl("XOAUTH2", bearer("token")),
  curl("OAUTHBEARER", bearer("token")),
  // by introspection
  { ...curl("OAUTHBEARER", bearer("opaque")), mechanism: "OAUTHBEARER with an opaque token" },
  curl("EXTERNAL", ({ site, client }) => [
    ...["--user", `${site.user}:`, "--cert", client.cert, "--key", client.key],
  ]),
  msmtp("PLAIN", passwordOf),
  msmtp("LOGIN", passwordOf),
  msmtp("SCRAM-SHA-1", passwordOf),
  msmtp("SCRAM-SHA-256", passwordOf),
  msmtp("XOAUTH2", ({ token }) => secret(token)),
  msmtp("OAUTHBEARER", ({ token }) => secret(token)),
  msmtp("EXTERNAL", ({ client }) => [
    `--tls-cert-file=${client.cert}`,
    `--tls-key-file=${client.key}`,
  ]),
  swaks("PLAIN"),
  swaks("LOGIN"),
  gsasl("SCRAM-SHA-1"),
  gsasl("SCRAM-SHA-256"),
  gsasl("PLAIN"),
  gsaslConnects("SCRAM-SHA-1"),
  gsaslConnects("SCRAM-SHA-256"),
  pg,
  nodemailer("PLAIN", ({ site }) => ({ user: site.user, pass: site.password })),
  nodemailer("LOGIN", ({ site }) => ({ user: site.user, pass: site.password })),
  nodemailer("XOAUTH2", ({ site, token }) => ({
    type: "OAuth2",
    user: site.user,
    accessToken: token,
  })),
];

/** An issuer with two faces, an authority for clients, alice under another name for pg. */
const makeWorld = async (jwt: OauthIssuer, introspected: OauthIssuer): Promise<World> => {
  const site = await makeSite({
    tls: 'client_ca = "ca.pem"',
    routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"',
    more: `[auth]
mechanisms = ${JSON.stringify(MECHANISMS)}
[[auth.oauth]]
issuer = "${jwt.url}"
audience = ["postern"]
jwks = "${jwt.url}/jwks"
algorithms = ["ES256"]
scope = "smtp"
[[auth.oauth]]
issuer = "${introspected.url}"
introspection = "${introspected.url}/introspect"
client_id = "${introspected.client.id}"
client_secret = "${introspected.client.secret}"
user_claim = "username"
[limits]
auth_delay_seconds = 0`,
    aliases: ["*@example.com"],
  });
  await makeAuthority(site.dir);
  const client = await makeClient(site.dir, "client", [site.user]);
  return {
    site,
    client,
    token: await jwt.jwt({ email: site.user, scope: "smtp" }),
    opaque: introspected.opaque({ username: site.user }),
  };
};

const messageOf = (subject: string): string =>
  ["From: alice@example.com", `To: ${TO}`, `Subject: ${subject}`, "", "Hello."].join("\r\n");

Deno.test({
  name:
    "AUTH: every mechanism of every client, on both ports: AUTH-01, AUTH-20, SASL-01, SASL-04, SASL-10, SASL-14, SASL-15, SASL-17, SASL-19",
  ignore: !["curl", "msmtp", "swaks", "gsasl", "openssl"].every(installed),
  fn: async (t) => {
    const issuers = [
      await OauthIssuer.start({ audience: "postern" }),
      await OauthIssuer.start({ audience: "postern" }),
    ] as const;
    const w = await makeWorld(...issuers);
    const server = await startPostern(w.site);
    const inbox = join(w.site.dir, "outbox", "new");
    const arrived = (subject: string): true | null => {
      try {
        const texts = [...Deno.readDirSync(inbox)].map((e) =>
          Deno.readTextFileSync(join(inbox, e.name))
        );
        return texts.some((text) => text.includes(`Subject: ${subject}\n`)) ? true : null;
      } catch {
        return null; // nothing was delivered yet
      }
    };
    try {
      for (const c of CASES) {
        for (const tls of [false, true]) {
          const subject = `${c.program} ${c.mechanism} ${tls ? "465" : "587"}`;
          await t.step(subject, async () => {
            await c.send(w, tls, messageOf(subject));
            await eventually(() => arrived(subject));
          });
        }
      }
      await t.step("nothing that was shown to sign in is in the log: AUTH-19", () => {
        const secrets = [w.site.password, w.token, w.opaque];
        for (const shown of [...secrets, ...secrets.map(btoa)]) {
          assert.ok(!server.output().includes(shown));
        }
      });
      const linesSince = (before: number) =>
        server.output().slice(before).trimEnd().split("\n").filter((l) => l !== "");
      await t.step("a password in Latin-1 is refused and told: 535", async () => {
        const before = server.output().length;
        const d = await dialog(w, true);
        const latin1 = btoa(`\0${w.site.user}\0gr\xfcn`);
        assert.match(await d.one(`AUTH PLAIN ${latin1}`), /^535 5\.7\.8 /);
        d.close();
        const line = await eventually(() =>
          linesSince(before).find((l) => l.includes("login refused")) ?? null
        );
        assert.match(line, /PLAIN/);
      });
      await t.step(
        "a login name makes no line of its own, runs nothing: threats row 18",
        async () => {
          const names = [
            "x\r\nlevel=ERROR message=forged",
            "a\u2028b\u202ec\u0007",
            "' OR '1'='1",
            '"; $(touch /tmp/x) `id` | id',
            "../../etc/passwd",
            "*)(uid=*",
            "${jndi:ldap://127.0.0.1/a}",
            "a".repeat(3000),
          ];
          const before = server.output().length;
          for (const name of names) {
            const d = await dialog(w, true);
            const response = new TextEncoder().encode(`\0${name}\0s3cret-guess`);
            const reply = await d.one(`AUTH PLAIN ${btoa(String.fromCharCode(...response))}`);
            assert.equal(reply, "535 5.7.8 Authentication credentials invalid", name);
            d.close();
          }
          const lines = await eventually(() => {
            const told = linesSince(before).filter((l) => l.includes("login refused"));
            return told.length >= names.length ? told : null;
          });
          assert.equal(lines.length, names.length, lines.join("\n"));
          for (const line of linesSince(before)) assert.match(line, /^timestamp=/);
          for (const line of lines) {
            assert.match(line, /^[\x20-\x7e]{1,700}$/);
            assert.ok(!line.includes("s3cret-guess"));
          }
        },
      );
    } finally {
      const code = await server.stop();
      for (const op of issuers) await op.stop();
      await Deno.remove(w.site.dir, { recursive: true });
      assert.equal(code, 0, server.output());
    }
  },
});
