/** A small file that is complete or absent: one write at a time, the newest text last. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

export class KeptFile {
  readonly #path: string;
  #next: string | null = null;
  #busy: Promise<void> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Null where there is none, or it cannot be read. */
  read(): Promise<string | null> {
    return readFile(this.#path, "utf8").catch(() => null);
  }

  write(text: string): void {
    this.#next = text;
    this.#busy ??= this.#run().finally(() => this.#busy = null);
  }

  idle(): Promise<void> {
    return this.#busy ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    while (this.#next !== null) {
      const text = this.#next;
      this.#next = null;
      // what stands in such a file is worth no failure
      await this.#put(text).catch(() => {});
    }
  }

  async #put(text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await writeFile(`${this.#path}.new`, text, { mode: 0o600 });
    await rename(`${this.#path}.new`, this.#path);
  }
}
