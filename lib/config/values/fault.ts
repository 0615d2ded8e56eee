/** A message for what went wrong with a file. */
export const plainFault = (e: unknown): string => {
  if (e instanceof Deno.errors.NotFound) return "there is no such file";
  if (e instanceof Deno.errors.PermissionDenied) return "no permission for it";
  if (e instanceof Deno.errors.NotCapable) return "this run of deno was not granted access to it";
  if (e instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (e instanceof Deno.errors.NotADirectory) return "a part of its path is not a directory";
  // what SQLite says of a directory where it may make no file, and of a disk that is read-only
  if (e instanceof Error && e.message === "unable to open database file") {
    return "it cannot be opened: it or its directory is missing, not ours, or read-only";
  }
  return e instanceof Error ? e.message.split("\n", 1)[0] ?? "unreadable" : "unreadable";
};
