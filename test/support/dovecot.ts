/** Dovecot with one user of its own, on loopback ports of its own: IMAP with URLAUTH, or submission under TLS. */
import { join } from "node:path";
import { type Daemon, launch } from "./daemon.ts";
import { freePort, installed } from "./postern.ts";

/** Its directory, with the user in it; and what any configuration needs. */
const prepare = async (user: string, password: string) => {
  const dir = await Deno.makeTempDir({ prefix: "postern-dovecot-" });
  // its processes run as several users
  await Deno.chmod(dir, 0o755);
  await Deno.mkdir(join(dir, "mail"));
  await Deno.chmod(join(dir, "mail"), 0o777);
  await Deno.writeTextFile(join(dir, "users"), `${user}:{PLAIN}${password}\n`);
  await Deno.chmod(join(dir, "users"), 0o644);
  const common = `base_dir = ${dir}/run
state_dir = ${dir}/run
log_path = /dev/stderr
default_internal_user = dovecot
default_login_user = dovenull
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:${dir}/mail/%u
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${dir}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${dir}/mail/%u
}
service anvil {
  chroot =
}
`;
  return { dir, common };
};

const start = async (dir: string, port: number, text: string): Promise<Daemon> => {
  const config = join(dir, "dovecot.conf");
  await Deno.writeTextFile(config, text);
  return await launch(dir, port, ["dovecot", "-F", "-c", config], /starting up/);
};

const on = (port: number): string => `address = 127.0.0.1\n    port = ${port}`;

/** IMAP in clear, which makes URLs for others to read. RFC 4467 */
export const startDovecot = async (user: string, password: string): Promise<Daemon> => {
  const { dir, common } = await prepare(user, password);
  const port = await freePort();
  return await start(
    dir,
    port,
    `protocols = imap
ssl = no
disable_plaintext_auth = no
mail_attribute_dict = file:${dir}/mail/attributes
imap_urlauth_host = localhost
${common}service imap-login {
  chroot =
  inet_listener imap {
    ${on(port)}
  }
  inet_listener imaps {
    port = 0
  }
}
`,
  );
};

/** True where Dovecot and its submission service are installed and may be started. */
export const dovecotSubmissionAvailable = (): boolean =>
  ["dovecot", "/usr/lib/dovecot/submission-login"].every(installed) && Deno.uid() === 0;

export interface DovecotSubmission extends Daemon {
  /** TLS by STARTTLS; on `port` from the first octet. */
  readonly starttlsPort: number;
}

/** A submission server that passes what it takes to `relayPort` at once, and says what is said there. */
export const startDovecotSubmission = async (o: {
  readonly user: string;
  readonly password: string;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly relayPort: number;
}): Promise<DovecotSubmission> => {
  const { dir, common } = await prepare(o.user, o.password);
  const port = await freePort();
  const starttlsPort = await freePort();
  await Deno.writeTextFile(join(dir, "cert.pem"), o.cert);
  await Deno.writeTextFile(join(dir, "key.pem"), o.key);
  const daemon = await start(
    dir,
    port,
    `protocols = submission
ssl = required
ssl_cert = <${dir}/cert.pem
ssl_key = <${dir}/key.pem
auth_failure_delay = 0
hostname = submission.example.net
submission_relay_host = 127.0.0.1
submission_relay_port = ${o.relayPort}
${common}service submission-login {
  chroot =
  inet_listener submission {
    ${on(starttlsPort)}
  }
  inet_listener submissions {
    ${on(port)}
    ssl = yes
  }
}
`,
  );
  return { ...daemon, starttlsPort };
};
