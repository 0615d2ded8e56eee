/** Checks a directory of signing keys before anything is signed: for `config check`, and at the start. */
import { readKey } from "./key.ts";
import { type KeyEntry, readIndex, readKeyFile } from "./key_store.ts";

const reasonOf = (e: unknown): string => e instanceof Error ? e.message : String(e);

/**
 * What would keep messages from being signed, each with the file it is about: the index cut short, a key that is not
 * there, that others may read, or that is none. Retired keys sign no more and are not looked at. Empty: all is well.
 */
export const keyFaults = async (dir: string): Promise<ReadonlyArray<string>> => {
  let entries: ReadonlyArray<KeyEntry>;
  try {
    entries = readIndex(dir);
  } catch (e) {
    return [reasonOf(e)];
  }
  const out: Array<string> = [];
  for (const entry of entries) {
    if (entry.state === "retired") continue;
    const of = `the key ${entry.selector} of ${entry.domain}`;
    try {
      await readKey(readKeyFile(dir, entry));
    } catch (e) {
      out.push(`${of}: ${reasonOf(e)}`);
    }
  }
  return out;
};
