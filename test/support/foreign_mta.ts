/**
 * Exim, OpenSMTPD and Dovecot as next hops, each in a directory of its own below /tmp.
 *
 * Exim and OpenSMTPD cannot be installed beside Postfix, so that `.ci/run` unpacks them (`FOREIGN`); the accounts they
 * insist on exist in a mount namespace of theirs, and nothing of the machine changes.
 */
import { join } from "node:path";
import { connect } from "node:net";
import { text } from "./octets.ts";
import { freePort, installed } from "./postern.ts";

/** Where the packages were unpacked. */
const FOREIGN = Deno.env.get("POSTERN_FOREIGN_MTAS") ?? "/var/cache/postern-mtas";

export interface ForeignHop {
  readonly port: number;
  /** Files of delivered messages, whole. */
  readonly delivered: () => ReadonlyArray<string>;
  readonly stop: () => Promise<void>;
}

const USERS = ["Debian-exim", "opensmtpd", "opensmtpq", "keeper"];
const uidOf = (user: string): number => 61_000 + USERS.indexOf(user);

/** Runs the rest of its arguments with the accounts there. */
const WITH_USERS = (dir: string): string => `
cp /etc/passwd ${dir}/passwd; cp /etc/group ${dir}/group
${
  USERS.map((u) =>
    `echo '${u}:x:${uidOf(u)}:${uidOf(u)}::${dir}/home:/bin/sh' >> ${dir}/passwd
echo '${u}:x:${uidOf(u)}:' >> ${dir}/group`
  ).join("\n")
}
mount --bind ${dir}/passwd /etc/passwd; mount --bind ${dir}/group /etc/group
`;

const root = (): boolean => Deno.uid() === 0;

const filesBelow = (dir: string): ReadonlyArray<string> => {
  const out: Array<string> = [];
  try {
    for (const e of Deno.readDirSync(dir)) {
      const path = join(dir, e.name);
      if (e.isDirectory) out.push(...filesBelow(path));
      else if (/\/new\/[^/]+$/.test(path)) out.push(path);
    }
  } catch {
    return []; // not made yet
  }
  return out;
};

const greets = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("data", () => {
      socket.end("QUIT\r\n");
      resolve(true);
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });

const inNamespace = async (
  dir: string,
  script: string,
  port: number,
  mail: string,
): Promise<ForeignHop> => {
  const file = join(dir, "run.sh");
  Deno.writeTextFileSync(file, script);
  return await startHop(
    port,
    mail,
    new Deno.Command("unshare", {
      args: ["-m", "sh", file],
      stdout: "null",
      stderr: "null",
    }),
  );
};

/** Starts a server that keeps messages in directories `new` below `mail`, and waits for its greeting. */
export const startHop = async (
  port: number,
  mail: string,
  command: Deno.Command,
): Promise<ForeignHop> => {
  const child = command.spawn();
  for (let i = 0; i < 100 && !(await greets(port)); i++) {
    await new Promise((r) => setTimeout(r, 100));
  }
  return {
    port,
    delivered: () => filesBelow(mail).map((f) => text(Deno.readFileSync(f))),
    stop: async () => {
      try {
        child.kill("SIGTERM");
      } catch { // it has ended by itself
      }
      await child.status;
    },
  };
};

const EXIM = join(FOREIGN, "usr/sbin/exim4");
const SMTPD = join(FOREIGN, "usr/sbin/smtpd");

const unpacked = (program: string): boolean => {
  try {
    return Deno.statSync(program).isFile && root();
  } catch {
    // the same words as for a program that is not installed, and the same strictness in CI
    return installed(program.slice(FOREIGN.length + 1));
  }
};
export const eximAvailable = (): boolean => unpacked(EXIM);
export const opensmtpdAvailable = (): boolean => unpacked(SMTPD);
/** Its parts are packages of their own: each must be there. */
export const dovecotAvailable = (): boolean =>
  ["dovecot", "/usr/lib/dovecot/lmtp"].every(installed) && root();

/** Takes everybody at example.net but nobody@; delivers into one Maildir. */
export const startExim = async (dir: string): Promise<ForeignHop> => {
  const port = await freePort();
  for (const d of ["spool", "log", "mail"]) {
    Deno.mkdirSync(join(dir, d));
    Deno.chownSync(join(dir, d), uidOf("Debian-exim"), uidOf("Debian-exim"));
  }
  Deno.writeTextFileSync(
    join(dir, "exim.conf"),
    `exim_path = ${EXIM}
spool_directory = ${dir}/spool
log_file_path = ${dir}/log/%slog
pid_file_path = ${dir}/exim.pid
primary_hostname = mx.example.net
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
smtp_accept_queue_per_connection = 0
domainlist local_domains = example.net
acl_smtp_rcpt = acl_rcpt
host_lookup =
keep_environment =
tls_advertise_hosts =
begin acl
acl_rcpt:
  deny message = 5.1.1 no such user here
       local_parts = nobody
  accept domains = +local_domains
  deny message = 5.7.1 no relaying
begin routers
local:
  driver = accept
  domains = +local_domains
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = ${dir}/mail/inbox
  maildir_format
  create_directory
  create_file = anywhere
  user = Debian-exim
  group = Debian-exim
`,
  );
  const script = `${WITH_USERS(dir)}exec ${EXIM} -C ${dir}/exim.conf -bdf`;
  return inNamespace(dir, script, port, join(dir, "mail"));
};

/** Takes bob@ and carol@example.net. */
export const startOpensmtpd = async (dir: string): Promise<ForeignHop> => {
  const port = await freePort();
  const home = join(dir, "home");
  Deno.mkdirSync(home);
  Deno.chownSync(home, uidOf("keeper"), uidOf("keeper"));
  const conf = join(dir, "smtpd.conf");
  Deno.writeTextFileSync(
    conf,
    `listen on 127.0.0.1 port ${port} hostname mx.example.net
table users { bob@example.net = keeper, carol@example.net = keeper }
action keep maildir "${home}/Maildir" virtual <users>
match from any for domain "example.net" action keep
`,
  );
  Deno.chmodSync(conf, 0o600);
  const tmpfs = (path: string): string =>
    `mkdir -p ${path}; mount -t tmpfs -o mode=755 none ${path}`;
  const script = `${WITH_USERS(dir)}
${tmpfs("/usr/libexec")}; mkdir /usr/libexec/opensmtpd
mount --bind ${FOREIGN}/usr/libexec/opensmtpd /usr/libexec/opensmtpd
${tmpfs("/var/spool")}; mkdir -m 711 /var/spool/smtpd
${tmpfs("/run")}
${tmpfs("/var/lib/opensmtpd")}; mkdir /var/lib/opensmtpd/empty
exec ${SMTPD} -d -f ${conf}`;
  return inNamespace(dir, script, port, home);
};

/** LMTP for bob@ and carol@example.net. */
export const startDovecot = async (dir: string): Promise<ForeignHop> => {
  const port = await freePort();
  const mail = join(dir, "mail");
  Deno.mkdirSync(mail);
  Deno.chownSync(mail, uidOf("keeper"), uidOf("keeper"));
  const user = (name: string): string =>
    `${name}@example.net:{PLAIN}x:${uidOf("keeper")}:${uidOf("keeper")}::${mail}/${name}::\n`;
  Deno.writeTextFileSync(join(dir, "users"), user("bob") + user("carol"));
  Deno.writeTextFileSync(
    join(dir, "dovecot.conf"),
    `base_dir = ${dir}/run
protocols = lmtp
log_path = ${dir}/log
ssl = no
mail_location = maildir:${mail}/%n
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
}
userdb {
  driver = passwd-file
  args = ${dir}/users
}
passdb {
  driver = passwd-file
  args = ${dir}/users
}
`,
  );
  const script = `${WITH_USERS(dir)}exec dovecot -F -c ${dir}/dovecot.conf`;
  return inNamespace(dir, script, port, mail);
};
