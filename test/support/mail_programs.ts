/**
 * Mail programs and libraries of mail with their defaults, each sending one message on one port. Most write the header
 * themselves: they are told the subject and the text.
 */
import { join } from "node:path";
import type { Site } from "./postern.ts";
import { run } from "./program.ts";

export interface MailProgram {
  readonly name: string;
  /** What must be installed. */
  readonly program: string;
  /** `message` with CRLF; `tls`: TLS from the first octet. */
  readonly send: (site: Site, tls: boolean, message: string) => Promise<unknown>;
}

export const TO = "bob@example.net";

const CLIENTS = new URL("../e2e/clients/", import.meta.url).pathname;

const portOf = (site: Site, tls: boolean): string =>
  String(tls ? site.submissions : site.submission);

/** What a program is told of a message that it writes itself; lines end in LF. */
const written = (message: string): { readonly subject: string; readonly text: string } => {
  const lf = message.replaceAll("\r\n", "\n");
  const at = lf.indexOf("\n\n");
  return { subject: /^Subject: (.*)$/m.exec(lf)?.[1] ?? "", text: lf.slice(at + 2) };
};

/** `scheme://alice%40example.com:password@localhost:port` */
const urlOf = (site: Site, tls: boolean, password: string | null): string => {
  const secret = password === null ? "" : `:${encodeURIComponent(password)}`;
  const login = `${encodeURIComponent(site.user)}${secret}`;
  return `${tls ? "smtps" : "smtp"}://${login}@localhost:${portOf(site, tls)}`;
};

/** mutt and neomutt: nothing is said of how to sign in. */
const mutt = (program: "mutt" | "neomutt"): MailProgram => ({
  name: program,
  program,
  send: async (site, tls, message) => {
    const { subject, text } = written(message);
    const rc = join(site.dir, `${program}rc`);
    await Deno.writeTextFile(
      rc,
      `set from = "${site.user}"
set realname = "Alice"
set smtp_url = "${urlOf(site, tls, null)}"
set smtp_pass = "${site.password}"
set ssl_ca_certificates_file = "${site.certificate}"
set ssl_force_tls = yes
set record = ""
`,
    );
    await run("env", [`HOME=${site.dir}`, program, "-F", rc, "-s", subject, "--", TO], text);
  },
});

const snail: MailProgram = {
  name: "s-nail",
  program: "s-nail",
  send: async (site, tls, message) => {
    const { subject, text } = written(message);
    const set = [
      "v15-compat=yes",
      `mta=${urlOf(site, tls, site.password)}`,
      `tls-ca-file=${site.certificate}`,
      "tls-verify=strict",
      `from=Alice <${site.user}>`,
      ...tls ? [] : ["smtp-use-starttls"],
    ];
    const args = ["-n", ...set.flatMap((s) => ["-S", s]), "-s", subject, TO];
    await run("env", [`HOME=${site.dir}`, "s-nail", ...args], text);
  },
};

/** A program below `e2e/clients` that is told everything by its arguments, and the message by its standard input. */
const told = (
  name: string,
  program: string,
  before: ReadonlyArray<string>,
): MailProgram => ({
  name,
  program,
  send: (site, tls, message) =>
    run(program, [
      ...before,
      ...[portOf(site, tls), tls ? "tls" : "starttls"],
      ...[site.user, site.password, site.user, TO, site.certificate],
    ], message),
});

const phpMailer: MailProgram = {
  name: "PHPMailer",
  program: "php",
  send: (site, tls, message) => {
    const { subject, text } = written(message);
    return run("php", [
      join(CLIENTS, "phpmailer_client.php"),
      ...[portOf(site, tls), tls ? "tls" : "starttls"],
      ...[site.user, site.password, site.user, TO, site.certificate, subject],
    ], text);
  },
};

const fileOf = async (site: Site, name: string, message: string): Promise<string> => {
  const file = join(site.dir, name);
  await Deno.writeTextFile(file, message.replaceAll("\r\n", "\n"));
  return file;
};

const gitSendEmail: MailProgram = {
  name: "git send-email",
  program: "/usr/lib/git-core/git-send-email",
  send: async (site, tls, message) => {
    const { subject, text } = written(message);
    await fileOf(site, ".gitconfig", `[user]\n  name = Alice\n  email = ${site.user}\n`);
    const patch = `From: Alice <${site.user}>\nSubject: ${subject}\n\n${text}`;
    await run("env", [
      ...[`HOME=${site.dir}`, "git", "send-email"],
      ...["--quiet", "--confirm=never", `--from=Alice <${site.user}>`, `--to=${TO}`],
      ...["--smtp-server=localhost", `--smtp-server-port=${portOf(site, tls)}`],
      ...[`--smtp-encryption=${tls ? "ssl" : "tls"}`, `--smtp-ssl-cert-path=${site.certificate}`],
      ...[`--smtp-user=${site.user}`, `--smtp-pass=${site.password}`],
      await fileOf(site, "0001-git.patch", patch),
    ], "");
  },
};

const smtpmail: MailProgram = {
  name: "smtpmail",
  program: "emacs",
  send: async (site, tls, message) => {
    const { subject, text } = written(message);
    const buffer = `From: Alice <${site.user}>\nTo: ${TO}\nSubject: ${subject}\n` +
      `--text follows this line--\n${text}`;
    await run("env", [
      ...[`HOME=${site.dir}`, "emacs", "--batch", "-Q", "-l", join(CLIENTS, "smtpmail_client.el")],
      await fileOf(site, "emacs.eml", buffer),
      ...[portOf(site, tls), tls ? "ssl" : "starttls", site.user, site.password, site.certificate],
    ], "");
  },
};

export const MAIL_PROGRAMS: ReadonlyArray<MailProgram> = [
  mutt("mutt"),
  mutt("neomutt"),
  snail,
  told("Net::SMTP", "perl", [join(CLIENTS, "netsmtp_client.pl")]),
  told("net/smtp", "ruby", [join(CLIENTS, "netsmtp_client.rb")]),
  phpMailer,
  gitSendEmail,
  smtpmail,
];
