/** Whether a password matches a hash of another server. */
import { digestFits, readForeign } from "../store/foreign_hash.ts";
import type { HashThread } from "./hash_thread.ts";

/** `password` as it was shown: other servers hash it without preparation. Rejects for what is no hash. */
export const foreignFits = async (
  thread: HashThread,
  text: string,
  password: string,
): Promise<boolean> => {
  const foreign = readForeign(text);
  switch (foreign?._tag) {
    case "Digest":
      return digestFits(foreign, password);
    case "Bcrypt":
    case "ShaCrypt":
      return await thread.ask(foreign._tag, foreign.text, password);
    default:
      throw new Error("the store holds a hash that cannot be checked");
  }
};
