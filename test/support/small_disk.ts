/** A disk of its own under a directory, small enough to be filled: a tmpfs, where this process may mount one. */
import { join } from "node:path";

const run = (command: string, ...args: ReadonlyArray<string>): boolean =>
  new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" }).outputSync()
    .success;

/** Whether disks can be mounted here; where CI promised it, that they cannot is a failure. */
export const canMount = ((): boolean => {
  if (Deno.permissions.querySync({ name: "run", command: "mount" }).state !== "granted") {
    return false;
  }
  const dir = Deno.makeTempDirSync({ prefix: "postern-" });
  try {
    return run("mount", "-t", "tmpfs", "-o", "size=64k", "none", dir) && run("umount", dir);
  } catch {
    return false; // there is no such program here
  } finally {
    Deno.removeSync(dir);
  }
})();

export class SmallDisk {
  readonly #dir: string;
  readonly #filler: string;

  private constructor(dir: string) {
    this.#dir = dir;
    this.#filler = join(dir, "filler");
  }

  /** What is in `dir` already is on the disk as well. */
  static mount(dir: string, octets: number): SmallDisk {
    Deno.mkdirSync(dir, { recursive: true });
    const kept = Array.from(Deno.readDirSync(dir), ({ name }) => ({
      name,
      octets: Deno.readFileSync(join(dir, name)),
    }));
    if (!run("mount", "-t", "tmpfs", "-o", `size=${octets}`, "none", dir)) {
      throw new Error(`no disk can be mounted on ${dir}`);
    }
    for (const file of kept) Deno.writeFileSync(join(dir, file.name), file.octets);
    return new SmallDisk(dir);
  }

  /** Leaves no octet. */
  fill(): void {
    const file = Deno.openSync(this.#filler, { create: true, append: true });
    try {
      for (const block = new Uint8Array(4096);;) file.writeSync(block);
    } catch {
      // there it is full
    } finally {
      file.close();
    }
  }

  free(): void {
    Deno.removeSync(this.#filler);
  }

  /** Nobody has a file of it open for writing. */
  readOnly(yes: boolean): void {
    if (!run("mount", "-o", `remount,${yes ? "ro" : "rw"}`, this.#dir)) {
      throw new Error(`${this.#dir} cannot be remounted`);
    }
  }

  unmount(): void {
    run("umount", "-l", this.#dir);
  }
}
