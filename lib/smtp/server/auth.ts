/** The AUTH command and its exchange. RFC 4954 §4 */
import * as say from "../../reply/catalog.ts";
import { negative, type Reply } from "../../reply/reply.ts";
import { decodeBase64, encodeBase64 } from "../../sasl/base64.ts";
import type { SaslStep } from "../../sasl/mechanism.ts";
import type { LineResult } from "../syntax/line.ts";
import type { Rules } from "./rules.ts";
import { ask, close, closed, type Peer, ready, send, type State, type Step } from "./state.ts";

const EMPTY = new Uint8Array(0);

/** `AUTH mechanism [initial-response]`; the caller has passed the gates. */
export const authenticate = (rules: Rules, peer: Peer, argument: string): Step => {
  const words = argument.split(" ");
  const [name = "", initial] = words;
  if (name === "" || words.length > 2) return [ready(peer), send(say.BAD_ARGUMENT)];
  const mechanism = rules.mechanisms.find((m) => m.name === name.toUpperCase());
  if (mechanism === undefined) return [ready(peer), send(say.AUTH_UNKNOWN_MECHANISM)];
  if (initial === undefined) return proceed(peer, mechanism.start(null));
  // "=" is present but empty
  const octets = initial === "=" ? EMPTY : decodeBase64(initial);
  if (octets === null) return [ready(peer), send(say.AUTH_BAD_BASE64)];
  return proceed(peer, mechanism.start(octets));
};

/** A line of the exchange. */
export const respond = (
  state: State & { readonly _tag: "Authenticating" },
  line: LineResult,
): Step => {
  const { peer } = state;
  if (line._tag === "Flood") return [closed, send(say.FLOOD), close];
  if (line._tag === "TooLong") return [ready(peer), send(say.AUTH_LINE_TOO_LONG)];
  if (line._tag !== "Line") return [ready(peer), send(say.AUTH_BAD_BASE64)];
  if (line.text === "*") return [ready(peer), send(say.AUTH_CANCELLED)];
  const octets = line.text === "=" ? EMPTY : decodeBase64(line.text);
  if (octets === null) return [ready(peer), send(say.AUTH_BAD_BASE64)];
  return proceed(peer, state.next(octets));
};

const proceed = (peer: Peer, sasl: SaslStep): Step => {
  switch (sasl._tag) {
    case "Challenge": // an empty one is "334 " with its blank. RFC 4954 §4
      return [
        { _tag: "Authenticating", peer, next: sasl.next },
        send(say.challenge(encodeBase64(sasl.data))),
      ];
    case "Malformed":
      return [ready(peer), send(say.AUTH_BAD_FORM)];
    case "Refused":
      return failed(peer, say.BAD_CREDENTIALS);
    case "Check":
      return [
        { _tag: "Asking", peer, about: { _tag: "Login" } },
        ask({ _tag: "Login", login: sasl.login }),
      ];
  }
};

const failed = (peer: Peer, reply: Reply): Step => [
  ready({ ...peer, authFailures: peer.authFailures + 1 }),
  send(reply),
];

/** The check is done: `account` where it succeeded. */
export const loginAnswered = (
  peer: Peer,
  reply: Reply,
  account: string | null,
): Step => {
  // an outage is not a guess. RFC 4954 §6
  if (reply.code !== say.BAD_CREDENTIALS.code && negative(reply)) return [ready(peer), send(reply)];
  if (negative(reply) || account === null) return failed(peer, reply);
  return [ready({ ...peer, account, errors: 0, authFailures: 0 }), send(reply)];
};
