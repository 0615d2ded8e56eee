/** Networks of their own, which a test makes as root. */
import { installed } from "./postern.ts";

/** True where `programs` are installed and a network namespace may be made, which may be refused even to root. */
export const namespaceAllowed = (programs: ReadonlyArray<string>): boolean => {
  const allowed = [...programs, "ip", "unshare"].every(installed) &&
    new Deno.Command("unshare", {
      args: ["-n", "-m", "true"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  // deno-lint-ignore no-console -- a skip is said out loud
  if (!allowed) console.warn("skipped: no network namespace may be made here");
  return allowed;
};
