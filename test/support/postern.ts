/** Postern as its own process, the way an admin runs it. */
import { Buffer } from "node:buffer";
import { createServer } from "node:net";
import { join } from "node:path";

export const ROOT = new URL("../../", import.meta.url).pathname;

/**
 * A port of loopback that was free a moment ago, below those that the system hands out by itself: no
 * outgoing connection and no other test takes it meanwhile.
 */
export const freePort = (tries = 50): Promise<number> =>
  new Promise((resolve, reject) => {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer()
      .once("error", (e) => tries > 1 ? resolve(freePort(tries - 1)) : reject(e))
      .listen(port, "127.0.0.1", () => server.close(() => resolve(port)));
  });

/** The command line, to its end. */
export const postern = async (
  args: ReadonlyArray<string>,
  input = "",
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...RUN, ...args],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(Buffer.from(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (b: Uint8Array) => new TextDecoder().decode(b);
  return { code, stdout: text(stdout), stderr: text(stderr) };
};

/** The permissions of the tasks `start` and `postern`. */
/** As the task `postern` has it. */
const RUN = [
  "run",
  "--quiet",
  "--v8-flags=--no-memory-reducer,--heap-growing-percent=30",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env=NO_COLOR,FORCE_COLOR,TERM,INIT_CWD",
  "main.ts",
];

export interface Site {
  readonly dir: string;
  readonly config: string;
  readonly certificate: string;
  readonly submission: number;
  readonly submissions: number;
  readonly user: string;
  readonly password: string;
}

export interface SiteOptions {
  /** Absent: msa.example.com. */
  readonly hostname?: string;
  /** More lines for the table `[tls]`. */
  readonly tls?: string;
  /** TOML of the routes. */
  readonly routes: string;
  /** More lines of `[listen]`. */
  readonly listen?: string;
  /** Lines of `[spool]`. */
  readonly spool?: string;
  /** More TOML, behind the rest. */
  readonly more?: string;
  /** More addresses of the account. */
  readonly aliases?: ReadonlyArray<string>;
}

/** A configuration with a certificate and the account alice@example.com (alias a.smith@example.com). */
export const makeSite = async (o: SiteOptions): Promise<Site> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-e2e-" });
  const [submission, submissions] = [await freePort(), await freePort()];
  const made = await new Deno.Command("openssl", {
    args: [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost"
        .split(" "),
      "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1",
      "-keyout",
      join(dir, "key.pem"),
      "-out",
      join(dir, "cert.pem"),
    ],
    stderr: "null",
  }).output();
  if (!made.success) throw new Error("openssl could not make a certificate");
  const config = join(dir, "postern.toml");
  await Deno.writeTextFile(
    config,
    `hostname = "${o.hostname ?? "msa.example.com"}"
[listen]
submission = ["127.0.0.1:${submission}"]
submissions = ["127.0.0.1:${submissions}"]
${o.listen ?? ""}
[tls]
certificate = "cert.pem"
key = "key.pem"
${o.tls ?? ""}
[spool]
${o.spool ?? 'url = "sqlite:data/spool.db"'}
[accounts]
url = "sqlite:data/accounts.db"
iterations = 4096
${o.routes}
${o.more ?? ""}
`,
  );
  const site = {
    dir,
    config,
    certificate: join(dir, "cert.pem"),
    submission,
    submissions,
    user: "alice@example.com",
    password: "correct horse battery",
  };
  const added = await postern(
    [
      "--config",
      config,
      "account",
      "add",
      site.user,
      "--alias",
      "a.smith@example.com",
      ...(o.aliases ?? []).flatMap((alias) => ["--alias", alias]),
      "--password-stdin",
    ],
    `${site.password}\n`,
  );
  if (added.code !== 0) throw new Error(`account add: ${added.stderr}${added.stdout}`);
  return site;
};

export interface Running {
  readonly pid: number;
  /** What it printed so far, both streams. */
  readonly output: () => string;
  /** SIGTERM, and the exit status. */
  readonly stop: () => Promise<number>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
}

const collect = async (stream: ReadableStream<Uint8Array>, onText: (text: string) => void) => {
  const decoder = new TextDecoder();
  for await (const chunk of stream) onText(decoder.decode(chunk, { stream: true }));
};

/** Starts the server, with more flags of `serve`, and waits until both listeners are open. */
export const startPostern = async (
  site: Pick<Site, "config">,
  flags: ReadonlyArray<string> = [],
): Promise<Running> => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...RUN, "--config", site.config, "serve", ...flags],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  let text = "";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onText = (t: string): void => {
    text += t;
    if (text.includes("(submissions, TLS)")) resolve();
  };
  const reading = Promise.all([collect(child.stdout, onText), collect(child.stderr, onText)]);
  const ended = child.status.then(async (s) => {
    await reading;
    reject(new Error(`postern ended with ${s.code}: ${text}`));
    return s.code;
  });
  await promise;
  return {
    pid: child.pid,
    output: () => text,
    stop: () => {
      try {
        child.kill("SIGTERM");
      } catch { // it has ended by itself
      }
      return ended;
    },
    kill: async () => {
      try {
        child.kill("SIGKILL");
      } catch { // it has ended by itself
      }
      await ended;
    },
  };
};

/** Polls until `probe` yields something, at most `ms`. */
export const eventually = async <A>(
  probe: () => A | null | Promise<A | null>,
  ms = 20_000,
): Promise<A> => {
  for (const end = Date.now() + ms;;) {
    const value = await probe();
    if (value !== null) return value;
    if (Date.now() > end) throw new Error("it did not happen in time");
    await new Promise((r) => setTimeout(r, 50));
  }
};

/** Whether a program is on the path, or at its own; where CI promised it, its absence is a failure. */
export const installed = (program: string): boolean => {
  const path = (Deno.env.get("PATH") ?? "").split(":").concat("/usr/sbin");
  const found = (program.startsWith("/") ? [""] : path).some((d) => {
    try {
      return Deno.statSync(join(d, program)).isFile;
    } catch {
      return false;
    }
  });
  if (!found && Deno.env.get("POSTERN_REQUIRE_PEERS") === "1") {
    throw new Error(`${program} is not installed, and nothing may be skipped here`);
  }
  // deno-lint-ignore no-console -- a skip is said out loud
  if (!found) console.warn(`skipped: ${program} is not installed`);
  return found;
};
