/** Makes writes of a running process fail as a disk in trouble makes them fail: strace puts errors in place of calls. */

export interface DiskTrouble {
  readonly calls: ReadonlyArray<string>;
  readonly error: "EROFS" | "EIO";
}

/** A file system that was remounted read-only under its users. */
export const READ_ONLY: DiskTrouble = {
  calls: ["pwrite64", "ftruncate", "fallocate", "unlink", "rename"],
  error: "EROFS",
};
/** A disk that takes what is written and then cannot keep it. */
export const NO_SYNC: DiskTrouble = { calls: ["fsync", "fdatasync"], error: "EIO" };

/** Begins; what is returned ends it. */
export const trouble = async (
  pid: number,
  { calls, error }: DiskTrouble,
): Promise<() => Promise<void>> => {
  const child = new Deno.Command("strace", {
    args: [
      "-f",
      "-p",
      String(pid),
      "-o",
      "/dev/null",
      "-e",
      `trace=${calls.join()}`,
      "-e",
      `inject=${calls.join()}:error=${error}`,
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const attached = Promise.withResolvers<void>();
  const reading = (async () => {
    let text = "";
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (/attached/.test(text)) attached.resolve();
    }
    attached.reject(new Error(`strace: ${text}`));
  })();
  await attached.promise;
  return async () => {
    try {
      child.kill("SIGINT");
    } catch { // it has ended by itself
    }
    await child.status;
    await reading;
  };
};
