/** A database file that only its owner can read, whatever the umask: it holds the mail of others. */
import { chmodSync, closeSync, openSync, statSync } from "node:fs";

/** SQLite gives the files beside it the mode of the database. */
const BESIDE = ["", "-wal", "-shm"];

/** Makes it where it is not there yet; takes from others what they may do with files of before. */
export const keepPrivate = (path: string): void => {
  if (path === ":memory:") return;
  try {
    closeSync(openSync(path, "ax", 0o600));
  } catch {
    // it is there, or cannot be made: opening it says why
  }
  for (const suffix of BESIDE) {
    try {
      if ((statSync(path + suffix).mode & 0o077) !== 0) chmodSync(path + suffix, 0o600);
    } catch {
      // not there, or another's: `config check` tells
    }
  }
};
