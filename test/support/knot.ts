/** Knot DNS on a loopback port of its own: the other server that dynamic updates are tried on. */
import { join } from "node:path";
import { answersTcp, type NameServer } from "./named.ts";
import { eventually, freePort } from "./postern.ts";

export const startKnot = async (o: {
  readonly zone: string;
  readonly text: string;
  readonly key: { readonly name: string; readonly secret: string };
}): Promise<NameServer> => {
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
  const child = new Deno.Command("knotd", {
    args: ["-c", join(dir, "knot.conf")],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let log = "";
  const reading = (async () => {
    for await (const chunk of child.stderr) log += new TextDecoder().decode(chunk);
  })();
  const ended = child.status.then(() => reading);
  const stop = async (): Promise<void> => {
    try {
      child.kill("SIGTERM");
    } catch { /* it is gone already */ }
    await ended;
    await Deno.remove(dir, { recursive: true });
  };
  try {
    await eventually(() => answersTcp("127.0.0.1", port));
    await eventually(() => log.includes("loaded") ? true : null);
  } catch {
    await stop();
    throw new Error(`knotd did not start: ${log}`);
  }
  return { port, dir, stop };
};
