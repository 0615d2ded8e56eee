/**
 * A Postfix of our own in a directory of its own: as the MTA behind Postern, and as the submission server
 * that the bench measures beside it. Needs root, as Postfix does.
 */
import { join } from "node:path";

export interface PostfixOptions {
  /** An empty directory below /tmp. */
  readonly dir: string;
  /** Plain SMTP on loopback that delivers `domain` into Maildirs below `dir/mail`. */
  readonly mx?: {
    readonly port: number;
    readonly domain: string;
    /** STARTTLS with these PEM files. */
    readonly tls?: { readonly certificate: string; readonly key: string };
  };
  /** TLS from the first octet, AUTH PLAIN for one user, relay to a port of loopback. */
  readonly submissions?: {
    readonly port: number;
    readonly certificate: string;
    readonly key: string;
    readonly user: string;
    readonly password: string;
    readonly relayPort: number;
  };
}

export interface Postfix {
  readonly masterPid: number;
  readonly mailDir: string;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

const run = async (command: string, args: Array<string>, input?: string): Promise<string> => {
  const child = new Deno.Command(command, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  if (input !== undefined) await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${text}`);
  return text;
};

const idOf = (user: string): number => {
  const entry = Deno.readTextFileSync("/etc/passwd").split("\n").find((l) =>
    l.startsWith(`${user}:`)
  );
  if (entry === undefined) throw new Error(`no user ${user}`);
  return Number(entry.split(":")[2]);
};

const SERVICES = `
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
virtual   unix  - n n - - virtual
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
`;

/** True where Postfix is installed and may be started. */
export const postfixAvailable = (): boolean => {
  try {
    Deno.statSync("/usr/sbin/postfix");
    return Deno.uid() === 0;
  } catch {
    return false;
  }
};

export const startPostfix = async (o: PostfixOptions): Promise<Postfix> => {
  const etc = join(o.dir, "etc");
  const mailDir = join(o.dir, "mail");
  const nobody = idOf("nobody");
  for (const d of ["etc", "spool", "data", "mail", "sasl", "etc/sasl"]) {
    Deno.mkdirSync(join(o.dir, d), { recursive: true });
  }
  Deno.chmodSync(o.dir, 0o755);
  Deno.chownSync(join(o.dir, "data"), idOf("postfix"), null);
  Deno.chownSync(mailDir, nobody, null);
  const main = [
    "compatibility_level = 3.6",
    `queue_directory = ${o.dir}/spool`,
    `data_directory = ${o.dir}/data`,
    "command_directory = /usr/sbin",
    "daemon_directory = /usr/lib/postfix/sbin",
    "mail_owner = postfix",
    "setgid_group = postdrop",
    "inet_interfaces = 127.0.0.1",
    "inet_protocols = ipv4",
    "myhostname = mx.example.net",
    "mydestination =",
    "mynetworks = 127.0.0.0/8",
    "alias_maps =",
    "alias_database =",
    "local_recipient_maps =",
    `maillog_file = ${o.dir}/mail.log`,
    `maillog_file_prefixes = ${o.dir}`,
    "smtpd_peername_lookup = no",
    "smtpd_client_connection_count_limit = 0",
    "smtpd_client_message_rate_limit = 0",
    "default_process_limit = 200",
  ];
  let master = SERVICES;
  if (o.mx !== undefined) {
    main.push(
      `virtual_mailbox_domains = ${o.mx.domain}`,
      `virtual_mailbox_base = ${mailDir}`,
      "virtual_mailbox_maps = static:inbox/",
      `virtual_uid_maps = static:${nobody}`,
      `virtual_gid_maps = static:${nobody}`,
      "virtual_minimum_uid = 100",
      "smtpd_relay_restrictions = reject_unauth_destination",
    );
    if (o.mx.tls !== undefined) {
      main.push(
        `smtpd_tls_cert_file = ${o.mx.tls.certificate}`,
        `smtpd_tls_key_file = ${o.mx.tls.key}`,
        "smtpd_tls_security_level = may",
        "smtpd_tls_loglevel = 1",
        "smtpd_tls_session_cache_database =",
      );
    }
    master += `127.0.0.1:${o.mx.port} inet n - n - - smtpd\n`;
  }
  if (o.submissions !== undefined) {
    const s = o.submissions;
    // Debian's Postfix looks for sasl/smtpd.conf beside main.cf
    const db = join(o.dir, "sasl", "sasldb2");
    await run("/usr/sbin/saslpasswd2", [
      "-p",
      "-c",
      "-f",
      db,
      "-u",
      s.user.split("@")[1] ?? "",
      s.user.split("@")[0] ?? "",
    ], s.password);
    Deno.chownSync(db, idOf("postfix"), null);
    Deno.writeTextFileSync(
      join(etc, "sasl", "smtpd.conf"),
      `pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: ${db}\nmech_list: PLAIN\n`,
    );
    main.push(
      `smtpd_tls_cert_file = ${s.certificate}`,
      `smtpd_tls_key_file = ${s.key}`,
      `relayhost = [127.0.0.1]:${s.relayPort}`,
      "smtpd_tls_session_cache_database =",
    );
    master += `127.0.0.1:${s.port} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_security_options=noanonymous
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_recipient_restrictions=
`;
  }
  Deno.writeTextFileSync(join(etc, "main.cf"), main.join("\n") + "\n");
  Deno.writeTextFileSync(join(etc, "master.cf"), master);
  await run("/usr/sbin/postfix", ["-c", etc, "start"]);
  const masterPid = Number(Deno.readTextFileSync(join(o.dir, "spool/pid/master.pid")).trim());
  return {
    masterPid,
    mailDir,
    log: () => {
      try {
        return Deno.readTextFileSync(join(o.dir, "mail.log"));
      } catch {
        return "";
      }
    },
    stop: async () => {
      await run("/usr/sbin/postfix", ["-c", etc, "stop"]).catch(() => {});
    },
  };
};
