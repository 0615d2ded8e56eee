/** PLAIN: `[authzid] NUL authcid NUL password` in one message. RFC 4616 §2 */
import { Redacted } from "effect";
import type { Mechanism, SaslStep } from "./mechanism.ts";
import { nearlyText, utf8Text } from "./text.ts";

const EMPTY = new Uint8Array(0);

const read = (message: Uint8Array): SaslStep => {
  const parts = nearlyText(message).split("\0");
  if (parts.length !== 3) return { _tag: "Malformed" };
  const [authzid, authcid, password] = utf8Text(message)?.split("\0") ?? [];
  // a name or password in another charset is a wrong one
  if (authzid === undefined || !authcid || !password) {
    return { _tag: "Refused", claim: { mechanism: "PLAIN", name: parts[1] ?? "" } };
  }
  return {
    _tag: "Check",
    claim: {
      _tag: "Password",
      login: { mechanism: "PLAIN", authzid, authcid, password: Redacted.make(password) },
    },
  };
};

export const plain: Mechanism = {
  name: "PLAIN",
  start: (initial) =>
    initial === null ? { _tag: "Challenge", data: EMPTY, next: read } : read(initial),
};
