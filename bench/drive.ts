/** Starts what stands around the server that is measured: the load client and the sink, as processes. */
import { join } from "node:path";
import { ROOT } from "../test/support/postern.ts";
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
