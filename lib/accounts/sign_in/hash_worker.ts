/** The thread that checks costly hashes of other servers. */
import { compareSync } from "bcryptjs";
import { verify } from "unixcrypt";
import type { HashQuestion, HashVerdict } from "./hash_question.ts";

interface Scope {
  onmessage: ((e: MessageEvent<HashQuestion>) => void) | null;
  postMessage(message: HashVerdict): void;
}
const scope = self as unknown as Scope;

scope.onmessage = ({ data: { id, kind, text, password } }) => {
  try {
    const right = kind === "Bcrypt" ? compareSync(password, text) : verify(password, text);
    scope.postMessage({ id, right });
  } catch (e) {
    scope.postMessage({ id, failed: e instanceof Error ? e.message : String(e) });
  }
};
