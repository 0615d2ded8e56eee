/** Knot DNS on a loopback port of its own: the other server that dynamic updates are tried on. */
import { join } from "node:path";
import { type Daemon, launch } from "./daemon.ts";
import type { ZoneFiles } from "./named.ts";
import { freePort } from "./postern.ts";

export const startKnot = async (o: {
  readonly zones: ZoneFiles;
  readonly key: { readonly name: string; readonly secret: string };
  readonly address?: string;
  readonly port?: number;
}): Promise<Daemon> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-knot-" });
  const port = o.port ?? await freePort();
  const zones = await Promise.all(
    Object.entries(o.zones).map(async ([name, text], i) => {
      await Deno.writeTextFile(join(dir, `zone${i}`), text);
      return `  - domain: ${name}
    storage: "${dir}"
    file: zone${i}
    acl: update
`;
    }),
  );
  await Deno.writeTextFile(
    join(dir, "knot.conf"),
    `server:
    listen: ${o.address ?? "127.0.0.1"}@${port}
    rundir: "${dir}"
database:
    storage: "${dir}"
log:
  - target: stderr
    any: info
key:
  - id: ${o.key.name}
    algorithm: hmac-sha256
    secret: ${o.key.secret}
acl:
  - id: update
    key: ${o.key.name}
    action: update
zone:
${zones.join("")}`,
  );
  const ready = /loaded, serial[^]*server started|server started[^]*loaded, serial/;
  return await launch(dir, port, ["knotd", "-c", join(dir, "knot.conf")], ready);
};
