/** What went wrong with a file, in a person's words. */
export const plainFault = (e: unknown): string => {
  if (e instanceof Deno.errors.NotFound) return "there is no such file";
  if (e instanceof Deno.errors.PermissionDenied) return "no permission for it";
  if (e instanceof Deno.errors.NotCapable) return "this run of deno was not granted access to it";
  if (e instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (e instanceof Deno.errors.NotADirectory) return "a part of its path is not a directory";
  return e instanceof Error ? e.message.split("\n", 1)[0] ?? "unreadable" : "unreadable";
};
