/** PowerDNS on a loopback port of its own, with zones in SQLite: the backend that takes signed updates. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Daemon, launch } from "./daemon.ts";
import { run } from "./dig.ts";
import type { ZoneFiles } from "./named.ts";
import { freePort } from "./postern.ts";

const SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

export interface PowerDnsOptions {
  readonly zones: ZoneFiles;
  /** Zones that come signed; the rest is unsigned. */
  readonly presigned?: ReadonlyArray<string>;
  /** Updates of every zone that it signs are taken; null: none are. */
  readonly key?: { readonly name: string; readonly secret: string } | null;
  readonly address?: string;
  readonly port?: number;
}

export const startPowerDns = async (o: PowerDnsOptions): Promise<Daemon> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-pdns-" });
  const port = o.port ?? await freePort();
  const db = new DatabaseSync(join(dir, "pdns.db"));
  db.exec(await Deno.readTextFile(SCHEMA));
  db.close();
  const key = o.key ?? null;
  await Deno.writeTextFile(
    join(dir, "pdns.conf"),
    `launch=gsqlite3
gsqlite3-database=${dir}/pdns.db
gsqlite3-dnssec=yes
local-address=${o.address ?? "127.0.0.1"}
local-port=${port}
socket-dir=${dir}
dnsupdate=${key === null ? "no" : "yes"}
allow-dnsupdate-from=127.0.0.0/8
daemon=no
guardian=no
write-pid=no
loglevel=6
`,
  );
  const util = async (...args: ReadonlyArray<string>): Promise<void> => {
    const { code, text } = await run("pdnsutil", [`--config-dir=${dir}`, ...args]);
    if (code !== 0) throw new Error(`pdnsutil ${args.join(" ")}: ${text}`);
  };
  if (key !== null) await util("import-tsig-key", key.name, "hmac-sha256", key.secret);
  for (const [name, text] of Object.entries(o.zones)) {
    const file = join(dir, "zone");
    await Deno.writeTextFile(file, text);
    await util("load-zone", name, file);
    if (key !== null) await util("set-meta", name, "TSIG-ALLOW-DNSUPDATE", key.name);
    // The order of names, which proofs that something is not there need, is stored for zones with a key only. Signatures
    // come from the file all the same.
    const signed = o.presigned?.includes(name) === true;
    if (signed) await util("add-zone-key", name, "zsk", "active", "ecdsa256");
    await util("rectify-zone", name);
    if (signed) await util("set-presigned", name);
  }
  return await launch(dir, port, ["pdns_server", `--config-dir=${dir}`], /ready (to|for) /);
};
