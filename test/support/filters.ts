/** Content filters that we did not write, and one that does whatever a test wants. */
import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { type Packet, packet, PacketReader } from "../../lib/filter/packets.ts";
import { eventually, freePort, installed } from "./postern.ts";

export interface Peer {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export const haveRspamd = installed("rspamd");
export const haveOpendkim = installed("opendkim");

/** Ends with its own process, and is up once its port answers. */
const run = async (
  program: string,
  args: ReadonlyArray<string>,
  port: number,
  dir: string,
): Promise<Peer> => {
  const child = new Deno.Command(program, {
    args: [...args],
    cwd: dir,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let said = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream) said += new TextDecoder().decode(chunk);
  };
  const reading = Promise.all([collect(child.stdout), collect(child.stderr)]);
  let over = false;
  const ended = child.status.then(() => {
    over = true;
  });
  const end = (signal: Deno.Signal): void => {
    try {
      if (!over) child.kill(signal);
    } catch { // it has ended by itself
    }
  };
  // a loaded machine takes its time to start one
  await eventually(async () => {
    if (over) throw new Error(`${program} ended: ${said}`);
    return await answers(port) || null;
  }, 90_000).catch((e: unknown) => {
    end("SIGKILL");
    throw e;
  });
  return {
    port,
    stop: async () => {
      end("SIGTERM");
      const late = setTimeout(() => end("SIGKILL"), 3000);
      await ended;
      clearTimeout(late);
      await reading.catch(() => {});
      await Deno.remove(dir, { recursive: true }).catch(() => {});
    },
  };
};

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const s = connect(port, "127.0.0.1");
    s.once("connect", () => {
      s.destroy();
      resolve(true);
    });
    s.once("error", () => resolve(false));
  });

/** rspamd without rules of its own: its test patterns decide. */
export const startRspamd = async (): Promise<Peer> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-rspamd-" });
  await Deno.chmod(dir, 0o777);
  const port = await freePort();
  const conf = join(dir, "rspamd.conf");
  // the real list takes it half a minute to compile
  await Deno.writeTextFile(join(dir, "tld"), "com\nnet\norg\n");
  await Deno.writeTextFile(
    conf,
    `options {
  pidfile = "${dir}/pid"; tempdir = "${dir}"; hs_cache_dir = "${dir}"; history_file = "${dir}/history";
  stats_file = "${dir}/stats"; control_socket = "${dir}/control mode=0600";
  url_tld = "${dir}/tld"; gtube_patterns = "all"; enable_test_patterns = true;
  dns { nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; }
}
logging { type = "console"; level = "warning"; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }
metric { name = "default"; actions { reject = 15; "add header" = 6; greylist = 4; } }
`,
  );
  return await run("rspamd", ["-c", conf, "-f", "-i"], port, dir);
};

/** Lines that make rspamd do what they are named after. */
export const GTUBE = {
  reject: "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
  addHeader: "YJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
  rewriteSubject: "ZJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X",
} as const;

/** opendkim that signs for `domain` with the private key in `pem`. */
export const startOpendkim = async (domain: string, pem: string): Promise<Peer> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-opendkim-" });
  const port = await freePort();
  await Deno.writeTextFile(join(dir, "key.pem"), pem, { mode: 0o600 });
  const conf = join(dir, "opendkim.conf");
  await Deno.writeTextFile(
    conf,
    `Socket inet:${port}@127.0.0.1
Mode s
Domain ${domain}
Selector filter
KeyFile ${dir}/key.pem
Canonicalization relaxed/relaxed
InternalHosts 0.0.0.0/0
RequireSafeKeys false
Syslog false
PidFile ${dir}/pid
`,
  );
  return await run("opendkim", ["-x", conf, "-f"], port, dir);
};

/** What a scripted milter answers to each packet but macros: packets, or nothing. */
export type Script = (
  p: Packet,
  seen: ReadonlyArray<Packet>,
) => ReadonlyArray<Uint8Array> | "close";

export class ScriptedMilter {
  readonly seen: Array<Packet> = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** On loopback, or on a unix socket at `path`. */
  static start(script: Script, path?: string): Promise<ScriptedMilter> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      const ready = () => {
        const at = server.address();
        const milter = new ScriptedMilter(server, typeof at === "object" ? at?.port ?? 0 : 0);
        server.on("connection", (s) => milter.#serve(s, script));
        resolve(milter);
      };
      if (path === undefined) server.listen(0, "127.0.0.1", ready);
      else server.listen(path, ready);
    });
  }

  #serve(socket: Socket, script: Script): void {
    this.#sockets.add(socket);
    const reader = new PacketReader();
    socket.on("error", () => {});
    socket.on("data", (chunk: Uint8Array) => {
      for (const p of reader.push(chunk)) {
        this.seen.push(p);
        if (p.letter === "D") continue;
        const answer = script(p, this.seen);
        if (answer === "close") {
          socket.destroy();
          return;
        }
        for (const octets of answer) socket.write(Buffer.from(octets));
      }
    });
  }

  stop(): Promise<void> {
    for (const s of this.#sockets) s.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** Continues at every step. */
export const goOn = (p: Packet): ReadonlyArray<Uint8Array> => {
  if (p.letter === "O") {
    const data = new DataView(new ArrayBuffer(12));
    data.setUint32(0, 6);
    data.setUint32(4, 0xff);
    return [packet("O", new Uint8Array(data.buffer))];
  }
  return p.letter === "Q" ? [] : [packet("c")];
};
