/**
 * A resolver that validates, on loopback: Unbound, which speaks DNS over TLS and HTTPS as well, in front of BIND with
 * zones that are signed where a test asks for it. Ended by their pid.
 */
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { run } from "./dig.ts";
import { type Daemon, launch } from "./daemon.ts";
import { startNamed, type ZoneFiles } from "./named.ts";
import { freePort } from "./postern.ts";

const SOA =
  "@ 300 IN SOA ns hostmaster 1 3600 600 86400 300\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n";

/** A zone without its SOA and NS; `signed`: with keys that `startUnbound` is told to trust. */
export interface ZoneText {
  readonly text: string;
  readonly signed?: boolean;
  /** SOA, NS and their addresses, other than the usual. */
  readonly head?: string;
  /** What becomes of the file after it was signed. */
  readonly spoil?: (signed: string) => string;
}

/** Starts a server with these zones; those of `presigned` come with their signatures. */
export type StartServer = (
  o: { readonly zones: ZoneFiles; readonly presigned: ReadonlyArray<string> },
) => Promise<Daemon>;

export interface Signed extends Daemon {
  /** DNSKEY records of the signed zones. */
  readonly anchors: ReadonlyArray<string>;
}

const tool = async (command: string, ...args: ReadonlyArray<string>): Promise<string> => {
  const { code, text } = await run(command, args);
  if (code !== 0) throw new Error(`${command}: ${text}`);
  return text.trim();
};

/** The zone with its signatures, and the key to trust. */
const sign = async (name: string, text: string): Promise<readonly [string, string]> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-sign-" });
  try {
    await Deno.writeTextFile(`${dir}/zone`, text);
    const keygen = ["-q", "-K", dir, "-a", "ECDSAP256SHA256"];
    const key = await tool("dnssec-keygen", ...keygen, "-f", "KSK", name);
    await tool("dnssec-keygen", ...keygen, name);
    await tool(
      "dnssec-signzone",
      "-S",
      "-K",
      dir,
      "-d",
      dir,
      "-o",
      name,
      "-f",
      `${dir}/signed`,
      `${dir}/zone`,
    );
    const lines = (await Deno.readTextFile(`${dir}/${key}.key`)).split("\n");
    const anchor = lines.find((l) => !l.startsWith(";") && l !== "") ?? "";
    return [await Deno.readTextFile(`${dir}/signed`), anchor];
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
};

/** `zones`: what stands in the zone besides SOA and NS, by name. */
export const startSigned = async (
  zones: Readonly<Record<string, ZoneText>>,
  start: StartServer = startNamed,
): Promise<Signed> => {
  const files: Record<string, string> = {};
  const anchors: Array<string> = [];
  for (
    const [name, { text, signed, head = SOA, spoil = (t: string) => t }] of Object.entries(zones)
  ) {
    const whole = `$ORIGIN ${name}.\n${head}${text}\n`;
    const [file, anchor] = signed === true ? await sign(name, whole) : [whole, null];
    files[name] = spoil(file);
    if (anchor !== null) anchors.push(anchor);
  }
  const presigned = Object.keys(zones).filter((z) => zones[z]?.signed === true);
  return { ...await start({ zones: files, presigned }), anchors };
};

export interface Unbound extends Daemon {
  readonly tlsPort: number;
  readonly httpsPort: number;
  /** PEM file of the authority behind its certificate, which is for `dns.test`. */
  readonly ca: string;
}

/** A resolver for the zones of `authority` at `address`; those in `anchored` must be signed, else they are bogus to it. */
export const startUnbound = async (
  authority: Signed,
  zones: ReadonlyArray<string>,
  bogus: ReadonlyArray<string> = [],
  address = "127.0.0.1",
  /** Zones of other servers, with `address@port`. */
  others: Readonly<Record<string, string>> = {},
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
  const own = `${address}@${authority.port}`;
  const stubs = [
    ...[...zones, ...bogus].map((z) => [z, own] as const),
    ...Object.entries(others),
  ];
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
${stubs.map(([z]) => `  local-zone: "${z}." transparent\n`).join("")}
${stubs.map(([z, at]) => `stub-zone:\n  name: "${z}."\n  stub-addr: ${at}\n`).join("")}`;
  await Deno.writeTextFile(`${dir}/unbound.conf`, text);
  const command = ["unbound", "-d", "-c", `${dir}/unbound.conf`];
  const server = await launch(dir, port, command, /start of service/);
  return { ...server, tlsPort, httpsPort, ca: `${dir}/cert.pem` };
};
