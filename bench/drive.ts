/** Starts what stands around the server that is measured: the load client and the sink, as processes. */
import { join } from "node:path";
import { freePort, ROOT, type Site } from "../test/support/postern.ts";
import { startPostfix } from "../test/support/postfix.ts";
import type { Load, LoadResult } from "./client.ts";

/** Runs the load client to its end. */
export const drive = async (load: Load): Promise<LoadResult> => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-net",
      // the servers have a certificate of their own making
      "--unsafely-ignore-certificate-errors=localhost",
      join(ROOT, "bench/client.ts"),
      JSON.stringify(load),
    ],
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`the load client failed: ${text.decode(stderr)}`);
  return JSON.parse(text.decode(stdout)) as LoadResult;
};

export interface Sink {
  readonly count: () => { readonly unique: number; readonly doubled: number };
  readonly stop: () => Promise<void>;
}

/** The next hop, which counts into a file. */
export const startSink = (port: number, countFile: string): Sink => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-net",
      "--allow-write",
      join(ROOT, "test/support/smtp_sink.ts"),
      "--port",
      String(port),
      "--count-file",
      countFile,
    ],
  }).spawn();
  return {
    count: () => {
      try {
        return JSON.parse(Deno.readTextFileSync(countFile));
      } catch {
        return { unique: 0, doubled: 0 };
      }
    },
    stop: async () => {
      child.kill("SIGTERM");
      await child.status;
    },
  };
};

/** Postfix as a submission server with the certificate and the login of `site`, in a directory of its own below `dir`. */
export const startPostfixLike = async (site: Site, dir: string, relayPort: number) => {
  const port = await freePort();
  const own = join(dir, "postfix");
  await Deno.mkdir(own);
  // its processes run as somebody else
  await Deno.chmod(dir, 0o755);
  await Deno.chmod(site.dir, 0o755);
  const { masterPid, stop } = await startPostfix({
    dir: own,
    submissions: {
      port,
      certificate: site.certificate,
      key: join(site.dir, "key.pem"),
      user: site.user,
      password: site.password,
      relayPort,
    },
  });
  return { port, pid: masterPid, stop, configuration: join(own, "etc") };
};
