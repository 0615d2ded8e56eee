/** Configuration of mail tools, without a password: each takes it from where its user keeps it. docs/design/autodiscovery.md §9.9 */
import type { FoundService } from "../result.ts";
import { doubled, msmtp as whole, mutt as word, shell, toml } from "./quote.ts";
import { type Format, lines, mailUrl, onlyOauth, settingsOf, userOf } from "./settings.ts";

const startTls = (s: FoundService): boolean => s.tls === "starttls";

/** `~/.msmtprc` */
export const msmtp: Format = (r) => {
  const { email, domain, outgoing: s } = settingsOf(r);
  if (s === null) return null;
  return lines(
    `account ${domain}`,
    `host ${s.host}`,
    `port ${s.port}`,
    "tls on",
    `tls_starttls ${startTls(s) ? "on" : "off"}`,
    `auth ${onlyOauth(s) ? "oauthbearer" : "on"}`,
    `user ${whole(userOf(s, email))}`,
    `from ${whole(email)}`,
    `account default : ${domain}`,
  );
};

/** `muttrc`, for mutt and neomutt alike */
export const mutt: Format = (r) => {
  const { email, incoming, outgoing } = settingsOf(r);
  if (incoming === null && outgoing === null) return null;
  const pop = incoming?.kind === "pop3";
  const scheme = pop ? "pop" : "imap";
  const folder = incoming === null
    ? null
    : mailUrl(startTls(incoming) ? scheme : `${scheme}s`, incoming, email);
  return lines(
    `set from = ${word(email)}`,
    "set ssl_force_tls = yes",
    [incoming, outgoing].some((s) => s !== null && startTls(s)) ? "set ssl_starttls = yes" : null,
    folder === null || pop ? null : `set folder = ${word(`${folder}/`)}`,
    folder === null || pop ? null : "set spoolfile = '+INBOX'",
    folder !== null && pop ? `set pop_host = ${word(folder)}` : null,
    incoming !== null && !pop ? `set imap_user = ${word(userOf(incoming, email))}` : null,
    outgoing === null
      ? null
      : `set smtp_url = ${
        word(`${mailUrl(startTls(outgoing) ? "smtp" : "smtps", outgoing, email)}/`)
      }`,
    outgoing !== null && onlyOauth(outgoing)
      ? "set smtp_authenticators = 'oauthbearer:xoauth2'"
      : null,
  );
};

/** `accounts.conf`; its schemes without `s` mean STARTTLS */
export const aerc: Format = (r) => {
  const { email, domain, incoming, outgoing } = settingsOf(r);
  const imap = incoming?.kind === "imap" ? incoming : null;
  if (imap === null && outgoing === null) return null;
  const scheme = (s: FoundService, name: string) =>
    `${startTls(s) ? name : `${name}s`}${onlyOauth(s) ? "+oauthbearer" : ""}`;
  return lines(
    `[${domain}]`,
    imap === null ? null : `source = ${mailUrl(scheme(imap, "imap"), imap, email)}`,
    outgoing === null ? null : `outgoing = ${mailUrl(scheme(outgoing, "smtp"), outgoing, email)}`,
    "default = INBOX",
    `from = <${email}>`,
  );
};

const himalayaBackend = (
  prefix: string,
  type: string,
  s: FoundService,
  email: string,
): ReadonlyArray<string> => [
  `${prefix}.type = ${toml(type)}`,
  `${prefix}.host = ${toml(s.host)}`,
  `${prefix}.port = ${s.port}`,
  `${prefix}.encryption.type = ${toml(startTls(s) ? "start-tls" : "tls")}`,
  `${prefix}.login = ${toml(userOf(s, email))}`,
  `${prefix}.auth.type = ${toml(onlyOauth(s) ? "oauth2" : "password")}`,
];

/** `config.toml` of himalaya 1 */
export const himalaya: Format = (r) => {
  const { email, domain, incoming, outgoing } = settingsOf(r);
  const imap = incoming?.kind === "imap" ? incoming : null;
  if (imap === null && outgoing === null) return null;
  return lines(
    `[accounts.${toml(domain)}]`,
    "default = true",
    `email = ${toml(email)}`,
    ...(imap === null ? [] : himalayaBackend("backend", "imap", imap, email)),
    ...(outgoing === null ? [] : himalayaBackend("message.send.backend", "smtp", outgoing, email)),
  );
};

/** `~/.mbsyncrc`; `SSLType` is read by old and new releases */
export const isync: Format = (r) => {
  const { email, domain, incoming: s } = settingsOf(r);
  if (s === null || s.kind !== "imap") return null;
  return lines(
    `IMAPAccount ${domain}`,
    `Host ${s.host}`,
    `Port ${s.port}`,
    `User ${doubled(userOf(s, email))}`,
    `SSLType ${startTls(s) ? "STARTTLS" : "IMAPS"}`,
    onlyOauth(s) ? "AuthMechs XOAUTH2" : null,
    "",
    `IMAPStore ${domain}-remote`,
    `Account ${domain}`,
  );
};

/** A section of git's configuration */
export const git: Format = (r) => {
  const { email, outgoing: s } = settingsOf(r);
  if (s === null) return null;
  return lines(
    "[sendemail]",
    `\tfrom = ${doubled(email)}`,
    `\tsmtpServer = ${s.host}`,
    `\tsmtpServerPort = ${s.port}`,
    `\tsmtpEncryption = ${startTls(s) ? "tls" : "ssl"}`,
    `\tsmtpUser = ${doubled(userOf(s, email))}`,
    onlyOauth(s) ? "\tsmtpAuth = OAUTHBEARER" : null,
  );
};

/** Variables for a shell. OUT-3 */
export const env: Format = (r) => {
  const { email, domain, incoming, outgoing } = settingsOf(r);
  const of = (prefix: string, s: FoundService | null): ReadonlyArray<string> =>
    s === null ? [] : [
      `${prefix}_HOST=${shell(s.host)}`,
      `${prefix}_PORT=${shell(String(s.port))}`,
      `${prefix}_TLS=${shell(s.tls)}`,
      `${prefix}_USER=${shell(userOf(s, email))}`,
      `${prefix}_AUTH=${shell(s.auth.join(" "))}`,
    ];
  return lines(
    `MAIL_ADDRESS=${shell(email)}`,
    `MAIL_DOMAIN=${shell(domain)}`,
    `MAIL_PROVIDER=${shell((r.provider ?? "").replace(/\p{Cc}/gu, " "))}`,
    `MAIL_VERDICT=${shell(r.verdict)}`,
    ...of(incoming?.kind === "pop3" ? "POP3" : "IMAP", incoming),
    ...of("SMTP", outgoing),
  );
};
