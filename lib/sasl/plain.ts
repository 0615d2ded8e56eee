/** PLAIN: `[authzid] NUL authcid NUL password` in one message. RFC 4616 §2 */
import { Redacted } from "effect";
import type { Mechanism, SaslStep } from "./mechanism.ts";
import { utf8Text } from "./text.ts";

const EMPTY = new Uint8Array(0);

const read = (message: Uint8Array): SaslStep => {
  const text = utf8Text(message);
  if (text === null) return { _tag: "Malformed" };
  const parts = text.split("\0");
  const [authzid, authcid, password] = parts;
  if (
    parts.length !== 3 || authzid === undefined || authcid === undefined || password === undefined
  ) {
    return { _tag: "Malformed" };
  }
  if (authcid === "" || password === "") return { _tag: "Refused" };
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
