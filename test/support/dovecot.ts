/** Dovecot with URLAUTH and one user, on a loopback port of its own. */
import { join } from "node:path";
import { type Daemon, launch } from "./daemon.ts";
import { freePort } from "./postern.ts";

export const startDovecot = async (
  user: string,
  password: string,
): Promise<Daemon> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-dovecot-" });
  const port = await freePort();
  // its processes run as several users
  await Deno.chmod(dir, 0o755);
  await Deno.mkdir(join(dir, "mail"));
  await Deno.chmod(join(dir, "mail"), 0o777);
  await Deno.writeTextFile(join(dir, "users"), `${user}:{PLAIN}${password}\n`);
  await Deno.chmod(join(dir, "users"), 0o644);
  const config = join(dir, "dovecot.conf");
  await Deno.writeTextFile(
    config,
    `base_dir = ${dir}/run
state_dir = ${dir}/run
protocols = imap
ssl = no
disable_plaintext_auth = no
log_path = /dev/stderr
default_internal_user = dovecot
default_login_user = dovenull
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:${dir}/mail/%u
mail_attribute_dict = file:${dir}/mail/attributes
imap_urlauth_host = localhost
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${dir}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${dir}/mail/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    address = 127.0.0.1
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
`,
  );
  return await launch(dir, port, ["dovecot", "-F", "-c", config], /starting up/);
};
