/**
 * How many more files the system lets this process open: sockets are files too. Asks by opening one, since the limit
 * itself (`/proc/self/limits`) is out of reach of the permissions that a server has.
 */

/** Readable by everybody who may read anything. */
const ANY_FILE = "/dev/null";

/** EMFILE: this process has no more; ENFILE: the whole system has none. */
const ranOut = (e: unknown): boolean =>
  e instanceof Error && "code" in e && (e.code === "EMFILE" || e.code === "ENFILE");

/** Whether not even one more can be opened. False too where that cannot be found out. */
export const filesRanOut = (): boolean => {
  try {
    Deno.openSync(ANY_FILE).close();
    return false;
  } catch (e) {
    return ranOut(e);
  }
};

/** How many more can be opened now, as far as `wanted`; they are closed again. `wanted` where it cannot be found out. */
export const filesToHave = (wanted: number): number => {
  const open: Array<Deno.FsFile> = [];
  try {
    while (open.length < wanted) open.push(Deno.openSync(ANY_FILE));
    return wanted;
  } catch (e) {
    return ranOut(e) ? open.length : wanted;
  } finally {
    for (const file of open) file.close();
  }
};
