/** Mail programs we did not write, on both ports, through Postern to a real Postfix that delivers into a Maildir. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { MAIL_PROGRAMS, type MailProgram, TO } from "../support/mail_programs.ts";
import { postfixAvailable, startPostfix } from "../support/postfix.ts";
import { eventually, freePort, installed, makeSite, startPostern } from "../support/postern.ts";
import { run } from "../support/program.ts";

const CLIENTS: ReadonlyArray<MailProgram> = [
  ...MAIL_PROGRAMS,
  {
    name: "curl",
    program: "curl",
    send: async (site, tls, message) => {
      const file = join(site.dir, "curl.eml");
      await Deno.writeTextFile(file, message);
      await run("curl", [
        "--silent",
        "--show-error",
        "--max-time",
        "20",
        "--url",
        tls ? `smtps://127.0.0.1:${site.submissions}` : `smtp://127.0.0.1:${site.submission}`,
        "--ssl-reqd",
        "--cacert",
        site.certificate,
        "--user",
        `${site.user}:${site.password}`,
        "--mail-from",
        site.user,
        "--mail-rcpt",
        TO,
        "--upload-file",
        file,
      ], "");
    },
  },
  {
    name: "swaks",
    program: "swaks",
    send: (site, tls, message) =>
      run("swaks", [
        "--server",
        "127.0.0.1",
        "--port",
        String(tls ? site.submissions : site.submission),
        tls ? "--tls-on-connect" : "--tls",
        "--auth",
        "LOGIN",
        "--auth-user",
        site.user,
        "--auth-password",
        site.password,
        "--from",
        site.user,
        "--to",
        TO,
        "--data",
        "-",
      ], message.replaceAll("\r\n", "\n")),
  },
  {
    name: "msmtp",
    program: "msmtp",
    send: (site, tls, message) =>
      run("msmtp", [
        "--host=127.0.0.1",
        `--port=${tls ? site.submissions : site.submission}`,
        "--tls=on",
        `--tls-starttls=${tls ? "off" : "on"}`,
        `--tls-trust-file=${site.certificate}`,
        "--auth=plain",
        `--user=${site.user}`,
        `--passwordeval=printf '%s' '${site.password}'`,
        `--from=${site.user}`,
        TO,
      ], message.replaceAll("\r\n", "\n")),
  },
  {
    name: "smtplib",
    program: "python3",
    send: (site, tls, message) =>
      run("python3", [
        new URL("./clients/smtplib_client.py", import.meta.url).pathname,
        "127.0.0.1",
        String(tls ? site.submissions : site.submission),
        tls ? "tls" : "starttls",
        site.user,
        site.password,
        site.user,
        TO,
      ], message),
  },
  {
    name: "nodemailer",
    program: "openssl",
    send: async (site, tls, message) => {
      const transport = createTransport({
        host: "127.0.0.1",
        port: tls ? site.submissions : site.submission,
        secure: tls,
        requireTLS: true,
        auth: { user: site.user, pass: site.password },
        tls: { ca: await Deno.readTextFile(site.certificate), servername: "localhost" },
      });
      await transport.sendMail({ envelope: { from: site.user, to: [TO] }, raw: message });
      transport.close();
    },
  },
];

const messageOf = (subject: string): string =>
  [
    "From: Alice <alice@example.com>",
    `To: <${TO}>`,
    `Subject: ${subject}`,
    "Bcc: hidden@example.org",
    "Return-Path: <forged@example.org>",
    "",
    "A line.",
    ".a line that begins with a dot",
    "..and one with two",
    "",
    "The end.",
    "",
  ].join("\r\n");

Deno.test({
  name:
    "clients: every mail program on both ports reaches Postfix, and the message arrives repaired",
  ignore: !postfixAvailable() || !CLIENTS.every((c) => installed(c.program)),
  fn: async (t) => {
    const mxPort = await freePort();
    const dir = await Deno.makeTempDir({ prefix: "postern-mx-" });
    const postfix = await startPostfix({ dir, mx: { port: mxPort, domain: "example.net" } });
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${mxPort}"\ntls = "none"`,
    });
    const server = await startPostern(site);
    const inbox = join(postfix.mailDir, "inbox", "new");
    const find = (subject: string): string | null => {
      try {
        for (const e of Deno.readDirSync(inbox)) {
          const text = Deno.readTextFileSync(join(inbox, e.name));
          if (text.includes(`Subject: ${subject}\n`)) return text;
        }
      } catch {
        // nothing was delivered yet
      }
      return null;
    };
    try {
      for (const client of CLIENTS) {
        for (const tls of [false, true]) {
          const subject = `${client.name} ${tls ? "465" : "587"}`;
          await t.step(subject, async () => {
            await client.send(site, tls, messageOf(subject));
            const got = await eventually(() => find(subject));
            const at = got.indexOf("\n\n");
            const head = got.slice(0, at);
            assert.equal(
              got.slice(at + 2).trimEnd(),
              "A line.\n.a line that begins with a dot\n..and one with two\n\nThe end.",
            );
            assert.match(head, /^From: Alice <alice@example\.com>$/m);
            assert.match(head, /^Date: .+ [+-]\d{4}$/m);
            assert.match(head, /^Message-ID: <[^@]+@[^>]+>$/im);
            assert.doesNotMatch(head, /hidden@example\.org/);
            assert.doesNotMatch(head, /forged@example\.org/);
            assert.match(
              head,
              /^Received: from submission\.invalid by msa\.example\.com with ESMTPSA\s+id /m,
            );
            // a redundant Sender is not added. RFC 6409 §8.1
            assert.doesNotMatch(head, /^Sender:/m);
          });
        }
      }
    } finally {
      const code = await server.stop();
      await postfix.stop();
      await Deno.remove(dir, { recursive: true });
      await Deno.remove(site.dir, { recursive: true });
      assert.equal(code, 0, server.output());
    }
  },
});
