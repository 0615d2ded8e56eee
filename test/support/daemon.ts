/** Servers that tests run, each in a directory of its own, ended by their pid. */
import { eventually } from "./postern.ts";

export interface Daemon {
  readonly port: number;
  readonly dir: string;
  /** What it said so far on standard error. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts `command` and waits for `ready` in what it says; stopping it removes `dir`. */
export const launch = async (
  dir: string,
  port: number,
  command: ReadonlyArray<string>,
  ready: RegExp,
): Promise<Daemon> => {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    cwd: dir,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  const reading = (async () => {
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) text += part;
  })();
  const stop = async (): Promise<void> => {
    try {
      child.kill("SIGTERM");
    } catch { // it has ended by itself
    }
    await child.status;
    await reading;
    await Deno.remove(dir, { recursive: true });
  };
  try {
    await eventually(() => ready.test(text) ? true : null, 60_000);
    if (/not loaded due to errors/.test(text)) throw new Error("a zone is wrong");
  } catch {
    await stop();
    throw new Error(`${program} did not start: ${text}`);
  }
  return { port, dir, log: () => text, stop };
};
