/**
 * Postern beside Postfix: the same certificate, login, client and sink, in alternation, in one run.
 *
 * `deno task bench [messages] [rounds]`. Ratios count, not numbers: machines are noisy. What was sent, lost and
 * doubled is counted at the sink.
 */
// deno-lint-ignore-file no-console -- it prints a table
import { join } from "node:path";
import { freePort, makeSite, startPostern } from "../test/support/postern.ts";
import { postfixAvailable } from "../test/support/postfix.ts";
import { drive, startPostfixLike, startSink } from "./drive.ts";
import { cpuOf, memoryOf } from "./processes.ts";

const MESSAGES = Number(Deno.args[0] ?? 6000);
const ROUNDS = Number(Deno.args[1] ?? 3);
/** Messages before the first round, as a multiple of those of a round. */
const WARM_UP = 1.5;
const FROM = "alice@example.com";

interface Server {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly stop: () => Promise<unknown>;
}

interface Measured {
  readonly rate: number;
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
  /** Seconds from the first MAIL until the sink has all. */
  readonly drained: number;
  readonly lost: number;
  readonly doubled: number;
}

const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));

const dir = await Deno.makeTempDir({ prefix: "postern-bench-" });
const sinkPort = await freePort();
const countFile = join(dir, "count.json");
const sink = startSink(sinkPort, countFile);

let tag = 0;
const measure = async (
  s: Server,
  password: string,
  fresh: boolean,
  messages: number,
): Promise<Measured> => {
  const before = sink.count();
  const cpu = cpuOf(s.pid);
  const started = performance.now();
  const r = await drive({
    port: s.port,
    user: FROM,
    password,
    from: FROM,
    to: "bob@example.net",
    connections: 20,
    messages,
    bytes: 2048,
    fresh,
    tag: `t${tag++}`,
  });
  if (r.refused > 0) console.log(`${s.name}: ${r.refused} refused, first: ${r.firstRefusal}`);
  let now = sink.count();
  for (
    let last = now.unique, quiet = 0;
    now.unique - before.unique < r.accepted && quiet < 100;
    quiet++
  ) {
    await sleep(100);
    now = sink.count();
    if (now.unique !== last) quiet = 0;
    last = now.unique;
  }
  const drained = (performance.now() - started) / 1000;
  return {
    rate: r.accepted / r.seconds,
    cpu: ((cpuOf(s.pid) - cpu) / r.accepted) * 1000,
    p50: r.p50,
    p99: r.p99,
    drained,
    lost: r.accepted - (now.unique - before.unique),
    doubled: now.doubled - before.doubled,
  };
};

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const summary = (all: ReadonlyArray<Measured>): Measured => ({
  rate: median(all.map((m) => m.rate)),
  cpu: median(all.map((m) => m.cpu)),
  p50: median(all.map((m) => m.p50)),
  p99: median(all.map((m) => m.p99)),
  drained: median(all.map((m) => m.drained)),
  lost: all.reduce((sum, m) => sum + m.lost, 0),
  doubled: all.reduce((sum, m) => sum + m.doubled, 0),
});

const print = (title: string, rows: ReadonlyArray<readonly [string, Measured]>): void => {
  console.log(`\n${title}`);
  console.log("server    msg/s  CPU s/1000  p50 ms  p99 ms  all at sink s  lost  doubled");
  for (const [name, m] of rows) {
    console.log(
      name.padEnd(8),
      m.rate.toFixed(0).padStart(6),
      m.cpu.toFixed(3).padStart(11),
      m.p50.toFixed(1).padStart(7),
      m.p99.toFixed(1).padStart(7),
      m.drained.toFixed(1).padStart(14),
      String(m.lost).padStart(5),
      String(m.doubled).padStart(8),
    );
  }
  const [first, second] = rows;
  if (first !== undefined && second !== undefined) {
    console.log(
      `ratio     ${(first[1].rate / second[1].rate).toFixed(2)}x rate, ${
        (first[1].cpu / second[1].cpu).toFixed(2)
      }x CPU per message`,
    );
  }
};

const site = await makeSite({
  routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${sinkPort}"\ntls = "none"`,
  more:
    "[limits]\nconnections = 5000\nconnections_per_address = 5000\nconnections_per_account = 5000",
});
const servers: Array<Server> = [];
const postern = await startPostern(site);
servers.push({ name: "postern", port: site.submissions, pid: postern.pid, stop: postern.stop });
if (postfixAvailable()) {
  const { port, pid, stop } = await startPostfixLike(site, dir, sinkPort);
  servers.push({ name: "postfix", port, pid, stop });
} else console.log("skipped: Postfix is not installed, or this is not root");

try {
  const idle = memoryOf(postern.pid);
  for (
    const { title, fresh, messages } of [
      { title: "connections reused (20), 2 KB, AUTH over TLS", fresh: false, messages: MESSAGES },
      { title: "a new connection per message", fresh: true, messages: Math.ceil(MESSAGES / 10) },
    ]
  ) {
    const results = new Map<string, Array<Measured>>();
    // a server runs for weeks: its first messages, whose code is not compiled yet, do not count
    for (const s of servers) await measure(s, site.password, fresh, Math.ceil(messages * WARM_UP));
    for (let round = 0; round < ROUNDS; round++) {
      for (const s of servers) {
        const m = await measure(s, site.password, fresh, messages);
        if (!results.has(s.name)) results.set(s.name, []);
        results.get(s.name)?.push(m);
      }
    }
    print(title, [...results].map(([name, all]) => [name, summary(all)] as const));
  }
  const sessions = 1000;
  const holding = drive({
    port: site.submissions,
    user: FROM,
    password: site.password,
    from: FROM,
    to: FROM,
    connections: sessions,
    messages: 0,
    bytes: 0,
    fresh: false,
    tag: "idle",
    idleMs: 6000,
  });
  const peak: Array<number> = [];
  for (let i = 0; i < 24; i++) {
    await sleep(500);
    peak.push(memoryOf(postern.pid));
  }
  const held = (await holding).accepted;
  console.log(
    `\nmemory (PSS): ${idle.toFixed(0)} MB idle after start, ${
      Math.max(...peak).toFixed(0)
    } MB with ${held} signed-in TLS sessions`,
  );
} finally {
  for (const s of servers) await s.stop();
  await sink.stop();
  await Deno.remove(dir, { recursive: true });
  await Deno.remove(site.dir, { recursive: true });
}
Deno.exit(0);
