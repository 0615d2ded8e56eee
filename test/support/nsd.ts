/** NSD on a loopback port of its own: it serves zones from files, and takes no updates. */
import { join } from "node:path";
import { type Daemon, launch } from "./daemon.ts";
import type { ZoneFiles } from "./named.ts";
import { freePort } from "./postern.ts";

export interface NsdOptions {
  readonly zones: ZoneFiles;
  readonly address?: string;
  readonly port?: number;
}

export const startNsd = async (o: NsdOptions): Promise<Daemon> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-nsd-" });
  const port = o.port ?? await freePort();
  const zones = await Promise.all(
    Object.entries(o.zones).map(async ([name, text], i) => {
      await Deno.writeTextFile(join(dir, `zone${i}`), text);
      return `zone:\n  name: "${name}"\n  zonefile: "zone${i}"\n`;
    }),
  );
  await Deno.writeTextFile(
    join(dir, "nsd.conf"),
    `server:
  ip-address: ${o.address ?? "127.0.0.1"}@${port}
  username: ""
  chroot: ""
  zonesdir: "${dir}"
  zonelistfile: "${dir}/zone.list"
  xfrdfile: ""
  xfrdir: "${dir}"
  database: ""
  pidfile: "${dir}/nsd.pid"
  server-count: 1
  rrl-ratelimit: 0
  logfile: "/dev/stderr"
  verbosity: 2
remote-control:
  control-enable: no
${zones.join("")}`,
  );
  return await launch(dir, port, ["nsd", "-d", "-c", join(dir, "nsd.conf")], /nsd started/);
};
