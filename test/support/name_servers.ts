/**
 * Real name servers on loopback, each in a directory of its own: BIND for zones (signed, if asked), Unbound as a
 * resolver that validates and speaks DNS over TLS and HTTPS. Ended by their pid.
 */
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { eventually, freePort } from "./postern.ts";

export interface NameServer {
  readonly port: number;
  readonly dir: string;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

const run = async (
  cwd: string,
  command: string,
  ...args: ReadonlyArray<string>
): Promise<string> => {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (!success) throw new Error(`${command}: ${text}${new TextDecoder().decode(stderr)}`);
  return text;
};

/** Starts `command` and waits for `ready` in what it says; stopping it removes `dir`. */
export const launch = async (
  dir: string,
  port: number,
  command: string,
  args: ReadonlyArray<string>,
  ready: RegExp,
): Promise<NameServer> => {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd: dir,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  const reading = (async () => {
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) text += part;
  })();
  const stop = async (): Promise<void> => {
    try {
      child.kill("SIGTERM");
    } catch { // it has ended by itself
    }
    await child.status;
    await reading;
    await Deno.remove(dir, { recursive: true });
  };
  try {
    await eventually(() => ready.test(text) ? true : null, 60_000);
    if (/not loaded due to errors/.test(text)) throw new Error("a zone is wrong");
  } catch {
    await stop();
    throw new Error(`${command} did not start: ${text}`);
  }
  return { port, dir, log: () => text, stop };
};

const SOA =
  "@ 300 IN SOA ns hostmaster 1 3600 600 86400 300\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n";

/** A zone without its SOA and NS; `signed` with keys that `startUnbound` may be told to trust. */
export interface ZoneText {
  readonly text: string;
  readonly signed?: boolean;
}

export interface Bind extends NameServer {
  /** DS-like anchors of the signed zones, as DNSKEY records. */
  readonly anchors: ReadonlyArray<string>;
}

/** More statements of a zone or the options: updates, keys. */
export interface BindOptions {
  readonly zoneOptions?: string;
  readonly statements?: string;
}

const writeZone = async (dir: string, name: string, zone: ZoneText): Promise<string | null> => {
  await Deno.writeTextFile(`${dir}/${name}.zone`, `$ORIGIN ${name}.\n${SOA}${zone.text}\n`);
  if (zone.signed !== true) return null;
  const key = (await run(dir, "dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", name))
    .trim();
  await run(dir, "dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", name);
  await run(dir, "dnssec-signzone", "-S", "-o", name, "-f", `${name}.signed`, `${name}.zone`);
  await Deno.rename(`${dir}/${name}.signed`, `${dir}/${name}.zone`);
  const lines = (await Deno.readTextFile(`${dir}/${key}.key`)).split("\n");
  return lines.find((l) => !l.startsWith(";") && l !== "") ?? null;
};

/** `zones`: what stands in the zone besides SOA and NS, by name. */
export const startBind = async (
  zones: Readonly<Record<string, ZoneText>>,
  options: BindOptions = {},
): Promise<Bind> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-bind-" });
  const port = await freePort();
  const anchors: Array<string> = [];
  let text = `options {
    directory "${dir}"; pid-file none; session-keyfile none; lock-file none;
    listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
    recursion no; dnssec-validation no; notify no; minimal-responses no;
    managed-keys-directory "${dir}";
  };
  controls {};
  ${options.statements ?? ""}\n`;
  for (const [name, zone] of Object.entries(zones)) {
    const anchor = await writeZone(dir, name, zone);
    if (anchor !== null) anchors.push(anchor);
    text += `zone "${name}" { type primary; file "${dir}/${name}.zone"; ${
      options.zoneOptions ?? ""
    } };\n`;
  }
  await Deno.writeTextFile(`${dir}/named.conf`, text);
  const args = ["-g", "-c", `${dir}/named.conf`, "-n", "1", "-U", "1"];
  const server = await launch(dir, port, "named", args, /\brunning\b/);
  return { ...server, anchors };
};

export interface Unbound extends NameServer {
  readonly tlsPort: number;
  readonly httpsPort: number;
  /** PEM file of the authority behind its certificate, which is for `dns.test`. */
  readonly ca: string;
}

/** A resolver for the zones of `authority`; those in `anchored` must be signed, else they are bogus to it. */
export const startUnbound = async (
  authority: Bind,
  zones: ReadonlyArray<string>,
  bogus: ReadonlyArray<string> = [],
): Promise<Unbound> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-unbound-" });
  const [port, tlsPort, httpsPort] = [await freePort(), await freePort(), await freePort()];
  const pair = await makeSelfSigned(["dns.test", "127.0.0.1"], Date.now());
  await Deno.writeTextFile(`${dir}/cert.pem`, pair.certificatePem);
  await Deno.writeTextFile(`${dir}/key.pem`, pair.keyPem);
  // a key that nobody has: what the zone holds cannot be true
  const anchors = [
    ...authority.anchors,
    ...bogus.map((z) => `${z}. IN DS 1 13 2 ${"ab".repeat(32)}`),
  ];
  await Deno.writeTextFile(`${dir}/anchors`, `${anchors.join("\n")}\n`);
  const text = `server:
  directory: "${dir}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  interface: 127.0.0.1@${port}
  interface: 127.0.0.1@${tlsPort}
  interface: 127.0.0.1@${httpsPort}
  tls-port: ${tlsPort}
  https-port: ${httpsPort}
  tls-service-pem: cert.pem
  tls-service-key: key.pem
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: anchors
  ede: yes
  val-log-level: 2
${[...zones, ...bogus].map((z) => `  local-zone: "${z}." transparent\n`).join("")}
${
    [...zones, ...bogus].map((z) =>
      `stub-zone:\n  name: "${z}."\n  stub-addr: 127.0.0.1@${authority.port}\n`
    ).join("")
  }`;
  await Deno.writeTextFile(`${dir}/unbound.conf`, text);
  const args = ["-d", "-c", `${dir}/unbound.conf`];
  const server = await launch(dir, port, "unbound", args, /start of service/);
  return { ...server, tlsPort, httpsPort, ca: `${dir}/cert.pem` };
};
