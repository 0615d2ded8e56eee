/** Whether the names of an open database's files still lead to the same files. */
import { statSync } from "node:fs";

/** Of the database, of its log, and of what its processes share. */
const ENDINGS = ["", "-wal", "-shm"] as const;

/** Which file a name leads to; null: none. */
const fileOf = (path: string): string | null => {
  const s = statSync(path, { bigint: true, throwIfNoEntry: false });
  return s === undefined ? null : `${s.dev}:${s.ino}`;
};

export class SameFile {
  readonly #files: ReadonlyArray<{ readonly path: string; readonly file: string }>;

  /** Of a database that is open and was written to, so that all of its files are there. */
  constructor(path: string) {
    this.#files = ENDINGS.flatMap((ending) => {
      const file = fileOf(path + ending);
      return file === null ? [] : [{ path: path + ending, file }];
    });
  }

  /** What is wrong; null: nothing. A file that is put back is right again. */
  lost(): string | null {
    for (const { path, file } of this.#files) {
      const found = fileOf(path);
      if (found === null) return `${path} was removed or renamed under the running server`;
      if (found !== file) return `${path} was replaced under the running server`;
    }
    return null;
  }
}
