/** The AUTH command and its exchange. RFC 4954 §4 */
import * as say from "../../reply/catalog.ts";
import { negative, type Reply } from "../../reply/reply.ts";
import type { Claim } from "../../envelope/login.ts";
import { decodeBase64, encodeBase64 } from "../../sasl/base64.ts";
import type { Channel, Mechanism, SaslStep } from "../../sasl/mechanism.ts";
import type { LineResult } from "../syntax/line.ts";
import type { Rules } from "./extension.ts";
import {
  type About,
  ask,
  close,
  closed,
  type Input,
  type Output,
  ready,
  send,
  type SessionData,
  type State,
  type Step,
} from "./state.ts";

const EMPTY = new Uint8Array(0);

/** The mechanisms that this connection can use: some need a certificate of one side or the other. */
export const offered = (rules: Rules, channel: Channel): ReadonlyArray<Mechanism> =>
  rules.mechanisms.filter((m) => m.offered?.(channel) ?? true);

/** `AUTH mechanism [initial-response]`; the caller has passed the gates. */
export const authenticate = (rules: Rules, peer: SessionData, argument: string): Step => {
  const words = argument.split(" ");
  const [name = "", initial] = words;
  if (name === "" || words.length > 2) return [ready(peer), send(say.BAD_ARGUMENT)];
  const mechanisms = offered(rules, peer.channel);
  const mechanism = mechanisms.find((m) => m.name === name.toUpperCase());
  if (mechanism === undefined) return [ready(peer), send(say.AUTH_UNKNOWN_MECHANISM)];
  const exchange = {
    ...peer.channel,
    plus: mechanisms.some((m) => m.name.endsWith("-PLUS")),
  };
  if (initial === undefined) return proceed(peer, mechanism.start(null, exchange));
  // "=" is present but empty
  const octets = initial === "=" ? EMPTY : decodeBase64(initial);
  if (octets === null) return [ready(peer), send(say.AUTH_BAD_BASE64)];
  return proceed(peer, mechanism.start(octets, exchange));
};

/** A line of the exchange. */
export const respond = (
  state: State & { readonly _tag: "Authenticating" | "Concluding" },
  line: LineResult,
): Step => {
  const { peer } = state;
  if (line._tag === "Flood") return [closed, send(say.FLOOD), close];
  if (line._tag === "TooLong") return [ready(peer), send(say.AUTH_LINE_TOO_LONG)];
  if (line._tag !== "Line") return [ready(peer), send(say.AUTH_BAD_BASE64)];
  if (line.text === "*") return [ready(peer), send(say.AUTH_CANCELLED)];
  const octets = line.text === "=" ? EMPTY : decodeBase64(line.text);
  if (octets === null) return [ready(peer), send(say.AUTH_BAD_BASE64)];
  return state._tag === "Authenticating"
    ? proceed(peer, state.next(octets))
    : conclude(state, octets);
};

const challenge = (data: Uint8Array): Output => send(say.challenge(encodeBase64(data)));

const proceed = (peer: SessionData, sasl: SaslStep): Step => {
  switch (sasl._tag) {
    case "Challenge": // an empty one is "334 " with its blank. RFC 4954 §4
      return [{ _tag: "Authenticating", peer, next: sasl.next }, challenge(sasl.data)];
    case "Malformed":
      return [ready(peer), send(say.AUTH_BAD_FORM)];
    case "Refused": // asked all the same: it is to wait, to count and to be told like any that fails
      return question(peer, { _tag: "Void", claim: sasl.claim }, null, sasl.failure ?? null);
    case "Keys": {
      const { hash, authcid, next } = sasl;
      return [
        { _tag: "Asking", peer, about: { _tag: "Keys", next } },
        ask({ _tag: "Keys", hash, authcid }),
      ];
    }
    case "Check":
      return question(peer, sasl.claim, sasl.success ?? null, sasl.failure ?? null);
  }
};

/** `success` and `failure`: see `SaslStep`. */
const question = (
  peer: SessionData,
  claim: Claim,
  success: Uint8Array | null,
  failure: Uint8Array | null,
): Step => [
  { _tag: "Asking", peer, about: { _tag: "Login", success, failure } },
  ask({ _tag: "Login", claim }),
];

/** A failed login; where the mechanism has a last word, the refusal waits for the response to it. RFC 7628 §3.2.3 */
const failed = (peer: SessionData, reply: Reply, lastWord: Uint8Array | null = null): Step => {
  const after = { ...peer, authFailures: peer.authFailures + 1 };
  return lastWord === null
    ? [ready(after), send(reply)]
    : [{ _tag: "Concluding", peer: after, reply, account: null }, challenge(lastWord)];
};

const signIn = (peer: SessionData, account: string, reply: Reply): Step => [
  ready({ ...peer, account, errors: 0, authFailures: 0 }),
  send(reply),
];

/** The keys are there: the exchange goes on with them, or ends with the reason why there are none. */
export const keysAnswered = (
  peer: SessionData,
  about: About & { readonly _tag: "Keys" },
  answer: Input & { readonly _tag: "Answer" },
): Step =>
  answer.keys === undefined
    ? refused(peer, answer.reply, null)
    : proceed(peer, about.next(answer.keys));

/** The check is done: `account` where it succeeded. */
export const loginAnswered = (
  peer: SessionData,
  about: About & { readonly _tag: "Login" },
  { reply, account }: Input & { readonly _tag: "Answer" },
): Step => {
  if (negative(reply) || account === null) return refused(peer, reply, about.failure);
  return about.success === null
    ? signIn(peer, account, reply)
    : [{ _tag: "Concluding", peer, reply, account }, challenge(about.success)];
};

/** An outage is not a guess. RFC 4954 §6 */
const refused = (peer: SessionData, reply: Reply, lastWord: Uint8Array | null): Step =>
  reply.code === say.BAD_CREDENTIALS.code
    ? failed(peer, reply, lastWord)
    : [ready(peer), send(reply)];

/** The response to a mechanism's last word: behind a success it has to be empty. RFC 5802 §5 */
const conclude = (
  { peer, reply, account }: State & { readonly _tag: "Concluding" },
  response: Uint8Array,
): Step => {
  if (account === null) return [ready(peer), send(reply)];
  return response.length === 0
    ? signIn(peer, account, reply)
    : [ready(peer), send(say.AUTH_BAD_FORM)];
};
