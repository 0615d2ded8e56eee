/** Knot DNS on a loopback port of its own: the other server that dynamic updates are tried on. */
import { join } from "node:path";
import { type Daemon, launch } from "./daemon.ts";
import { freePort } from "./postern.ts";

export const startKnot = async (o: {
  readonly zone: string;
  readonly text: string;
  readonly key: { readonly name: string; readonly secret: string };
}): Promise<Daemon> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-knot-" });
  const port = await freePort();
  await Deno.writeTextFile(join(dir, "zone"), o.text);
  await Deno.writeTextFile(
    join(dir, "knot.conf"),
    `server:
    listen: 127.0.0.1@${port}
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
  - domain: ${o.zone}
    storage: "${dir}"
    file: zone
    acl: update
`,
  );
  const ready = /loaded, serial[^]*server started|server started[^]*loaded, serial/;
  return await launch(dir, port, ["knotd", "-c", join(dir, "knot.conf")], ready);
};
