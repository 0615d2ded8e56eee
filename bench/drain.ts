/**
 * Messages that were queued while the sink was down, and how fast they leave once it is back: Postern beside Postfix.
 *
 * `deno run <permissions of deno task bench> bench/drain.ts [messages]`. What arrived, was lost and doubled is counted
 * at the sink; memory is the most that the server's processes held meanwhile.
 */
// deno-lint-ignore-file no-console -- it prints a table
import { join } from "node:path";
import { freePort, makeSite, postern, startPostern } from "../test/support/postern.ts";
import { postfixAvailable } from "../test/support/postfix.ts";
import { drive, startPostfixLike, startSink } from "./drive.ts";
import { memoryOf } from "./processes.ts";

const MESSAGES = Number(Deno.args[0] ?? 20_000);
const FROM = "alice@example.com";
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));

const dir = await Deno.makeTempDir({ prefix: "postern-drain-" });

interface Server {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly sinkPort: number;
  /** Makes everything due. */
  readonly flush: () => Promise<unknown>;
  readonly stop: () => Promise<unknown>;
}

const measure = async (s: Server, password: string): Promise<void> => {
  const { accepted } = await drive({
    port: s.port,
    user: FROM,
    password,
    from: FROM,
    to: "bob@example.net",
    connections: 20,
    messages: MESSAGES,
    bytes: 2048,
    fresh: false,
    tag: s.name,
  });
  // until each was tried in vain
  await sleep(5_000);
  const sink = startSink(s.sinkPort, join(dir, `${s.name}.json`));
  await sleep(1_500);
  let peak = 0;
  const watch = setInterval(() => peak = Math.max(peak, memoryOf(s.pid)), 500);
  const flushed = s.flush();
  const started = performance.now();
  let first: number | null = null;
  let now = sink.count();
  for (let quiet = 0, last = 0; now.unique < accepted && quiet < 600; quiet++) {
    await sleep(100);
    now = sink.count();
    if (now.unique > 0) first ??= performance.now();
    if (now.unique !== last) quiet = 0;
    last = now.unique;
  }
  const end = performance.now();
  clearInterval(watch);
  await flushed;
  console.log(
    `${s.name.padEnd(8)} ${accepted} queued, ${now.unique} drained in ${
      ((end - started) / 1000).toFixed(1)
    } s: ${(now.unique / ((end - started) / 1000)).toFixed(0)}/s, ${
      (now.unique / ((end - (first ?? started)) / 1000)).toFixed(0)
    }/s from the first arrival; ${peak.toFixed(0)} MB (PSS) at most; ${
      accepted - now.unique
    } lost, ${now.doubled} doubled`,
  );
  await sink.stop();
};

const sinkPort = await freePort();
const site = await makeSite({
  routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${sinkPort}"\ntls = "none"`,
  more: "[queue]\nretry_minutes = [60]",
});
try {
  const server = await startPostern(site);
  try {
    await measure({
      name: "postern",
      port: site.submissions,
      pid: server.pid,
      sinkPort,
      flush: () => postern(["--config", site.config, "queue", "retry", "--all"]),
      stop: server.stop,
    }, site.password);
  } finally {
    await server.stop();
  }
  if (postfixAvailable()) {
    const relayPort = await freePort();
    const postfix = await startPostfixLike(site, dir, relayPort);
    try {
      await measure({
        name: "postfix",
        port: postfix.port,
        pid: postfix.pid,
        sinkPort: relayPort,
        flush: () =>
          new Deno.Command("postqueue", { args: ["-c", postfix.configuration, "-f"] }).output(),
        stop: postfix.stop,
      }, site.password);
    } finally {
      await postfix.stop();
    }
  } else console.log("skipped: Postfix is not installed, or this is not root");
} finally {
  await Deno.remove(dir, { recursive: true });
  await Deno.remove(site.dir, { recursive: true });
}
Deno.exit(0);
