/**
 * LOGIN: user name and password in two messages, for mail programs that know nothing better.
 * It has no RFC; the prompts are the ones all clients know (draft-murchison-sasl-login).
 */
import { Redacted } from "effect";
import type { Mechanism, SaslStep } from "./mechanism.ts";
import { nearlyText, utf8Text } from "./text.ts";

const encoder = new TextEncoder();
const USERNAME = encoder.encode("Username:");
const PASSWORD = encoder.encode("Password:");

const askPassword = (name: Uint8Array): SaslStep => {
  const authcid = utf8Text(name);
  return {
    _tag: "Challenge",
    data: PASSWORD,
    next: (octets) => {
      const password = utf8Text(octets);
      // a name or password in another charset is a wrong one
      if (!authcid || !password) {
        return { _tag: "Refused", claim: { mechanism: "LOGIN", name: nearlyText(name) } };
      }
      return {
        _tag: "Check",
        claim: {
          _tag: "Password",
          login: { mechanism: "LOGIN", authzid: "", authcid, password: Redacted.make(password) },
        },
      };
    },
  };
};

export const login: Mechanism = {
  name: "LOGIN",
  start: (initial) =>
    initial === null
      ? { _tag: "Challenge", data: USERNAME, next: askPassword }
      : askPassword(initial),
};
