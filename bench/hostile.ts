/**
 * What a good client feels of a bad crowd: its latency while the server is quiet, and beside 1,000 slow and 200 hostile
 * connections, measured in one run. `deno task bench-hostile`. Ratios count.
 */
// deno-lint-ignore-file no-console -- it prints a table
import { join } from "node:path";
import { makeSite, ROOT, startPostern } from "../test/support/postern.ts";
import type { LoadResult } from "./client.ts";
import { drive } from "./drive.ts";
import type { Crowd } from "./crowd.ts";
import { memoryOf } from "./processes.ts";

const site = await makeSite({
  routes: `[[route]]\nto = "*"\nvia = "maildir:outbox"`,
  more: `[log]\nlevel = "error"`,
});
const server = await startPostern(site);

const child = (script: string, argument: unknown) =>
  new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net", join(ROOT, script), JSON.stringify(argument)],
    stderr: "inherit",
  });

let tag = 0;
const measure = (): Promise<LoadResult> =>
  drive({
    port: site.submissions,
    user: site.user,
    password: site.password,
    from: site.user,
    to: "bob@example.net",
    connections: 2,
    messages: 600,
    bytes: 2048,
    fresh: false,
    tag: `h${tag++}`,
  });

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const several = async (name: string): Promise<number> => {
  const all: Array<LoadResult> = [];
  for (let i = 0; i < 3; i++) all.push(await measure());
  const p99 = median(all.map((r) => r.p99));
  console.log(
    `${name.padEnd(22)} p50 ${median(all.map((r) => r.p50)).toFixed(1)} ms, p99 ${
      p99.toFixed(1)
    } ms, ` +
      `${all.reduce((n, r) => n + r.refused, 0)} refused, memory ${
        memoryOf(server.pid).toFixed(0)
      } MB`,
  );
  return p99;
};

try {
  await measure();
  const quiet = await several("quiet");
  const crowd: Crowd = {
    submission: site.submission,
    submissions: site.submissions,
    slow: 1000,
    hostile: 200,
    ms: 25_000,
  };
  const bad = child("bench/crowd.ts", crowd).spawn();
  await new Promise((r) => setTimeout(r, 8_000));
  const crowded = await several("1000 slow, 200 hostile");
  await bad.status;
  const after = await several("afterwards");
  console.log(
    `p99 beside the crowd is ${(crowded / Math.max(quiet, after)).toFixed(2)} times the quiet one`,
  );
} finally {
  await server.stop();
  await Deno.remove(site.dir, { recursive: true });
}
Deno.exit(0);
