/** Files that a configuration refers to, and the secrets in them. */
import { Redacted } from "effect";

/** Absolute path of what a file names; content of a secret file or why there is none. */
export interface Surroundings {
  /** False: messages cannot wait here. */
  readonly spool?: boolean;
  /** True: a second server keeps copies. */
  readonly replica?: boolean;
  readonly resolve: (path: string) => string;
  readonly readSecret: (path: string) => { readonly text: string } | { readonly fault: string };
}

/** The first line of a secret file; null where `wrong` was told why there is none. */
export const secretIn = (
  path: string,
  around: Surroundings,
  wrong: (message: string) => void,
): Redacted.Redacted<string> | null => {
  const secret = around.readSecret(around.resolve(path));
  const line = "fault" in secret ? "" : secret.text.split(/\r?\n/, 1)[0] ?? "";
  if (line !== "") return Redacted.make(line);
  wrong("fault" in secret ? secret.fault : "its first line is empty");
  return null;
};
