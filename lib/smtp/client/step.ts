/**
 * The client machine: `state x input -> state x outputs`. RFC 5321 §3, RFC 2033 §4
 *
 * Opens no socket and reads no clock; the driver performs the outputs in order. This file brings a
 * session to where messages can be sent; `transaction.ts` sends them.
 */
import { exchange } from "./auth.ts";
import { NO_OFFER, type Offer, readOffer } from "./offer.ts";
import type { ServerReply } from "./reply_reader.ts";
import {
  close,
  closed,
  type Input,
  type Output,
  type Ready,
  send,
  type Session,
  type State,
  type Step,
} from "./state.ts";
import { answered, begin, broken, contentFailed, contentSent, follow } from "./transaction.ts";
import {
  judge,
  LOGIN_REFUSED,
  LOST,
  NOT_SMTP,
  ours,
  softened,
  TIMED_OUT,
  type Verdict,
} from "./verdict.ts";

type Stage = Extract<Output, { readonly _tag: "Refused" }>["stage"];

export const step = (state: State, input: Input): Step => {
  switch (input._tag) {
    case "Reply":
      return replied(state, input.reply, input.more);
    case "Deliver":
      if (state._tag === "Transaction") return follow(state, input.mail, input.behind ?? "go");
      return state._tag === "Ready" ? begin(state, input.mail) : [state];
    case "ContentSent":
      return state._tag === "Transaction" ? contentSent(state) : [state];
    case "ContentFailed":
      return state._tag === "Transaction" ? contentFailed(state, input.verdict) : [state];
    case "TlsUp":
      return state._tag === "Handshake" ? secured(state.session, input.verified) : [state];
    case "Garbage":
      return ended(state, NOT_SMTP);
    case "Timeout":
      return ended(state, TIMED_OUT);
    case "Lost":
      return ended(state, input.reason === "" ? LOST : { ...LOST, text: input.reason });
    case "Quit":
      return state._tag === "Ready" ? [{ _tag: "Quitting" }, send("QUIT\r\n")] : [closed, close];
  }
};

const replied = (state: State, reply: ServerReply, more: boolean): Step => {
  switch (state._tag) {
    case "Greeting": // RFC 5321 §3.1, §4.3.1; what talks before our EHLO is answered is no server
      if (reply.code >= 300) return refused("greeting", judge(reply, "greeting"));
      return more ? refused("greeting", NOT_SMTP) : hello(state.session);
    case "Hello":
      return greeted(state, reply, more);
    case "Starting":
      return starting(state.session, state.offer, reply, more);
    case "Auth":
      return authenticating(state, reply);
    case "Transaction":
      return answered(state, reply);
    case "Ready": // nobody asked: a 421 before it hangs up, or a peer out of step
    case "Quitting":
    case "Handshake":
    case "Closed":
      return [closed, close];
  }
};

const refused = (stage: Stage, verdict: Verdict): Step => [
  closed,
  { _tag: "Refused", stage, verdict },
  close,
];

/** RFC 5321 §3.2, RFC 2033 §4.1 */
const hello = (session: Session): Step => {
  const verb = session.protocol === "LMTP" ? "LHLO" : "EHLO";
  return [{ _tag: "Hello", session, verb }, send(`${verb} ${session.hostname}\r\n`)];
};

const greeted = (
  state: Extract<State, { readonly _tag: "Hello" }>,
  reply: ServerReply,
  more: boolean,
): Step => {
  const { session, verb } = state;
  if (more) return refused("EHLO", NOT_SMTP);
  if (reply.code < 300) return offered(session, verb === "HELO" ? NO_OFFER : readOffer(reply));
  // RFC 5321 §3.2: a server of the old kind
  return reply.code >= 500 && verb === "EHLO"
    ? [{ _tag: "Hello", session, verb: "HELO" }, send(`HELO ${session.hostname}\r\n`)]
    : refused("EHLO", judge(reply, "EHLO"));
};

const offered = (session: Session, offer: Offer): Step => {
  if (session.tls === "clear" && session.policy !== "none") {
    if (offer.starttls) return [{ _tag: "Starting", session, offer }, send("STARTTLS\r\n")];
    if (session.policy !== "opportunistic") return refused("TLS", NO_STARTTLS);
  }
  return signIn(session, offer);
};

const NO_STARTTLS = ours("temporary", "4.7.5", "Server offers no STARTTLS, which is required here");
const INJECTED = ours(
  "temporary",
  "4.7.5",
  "Server sent octets in clear behind its STARTTLS reply",
);
const UNVERIFIED = ours("temporary", "4.7.5", "Certificate of the server is not verified");
const LOGIN_NEEDS_TLS = ours("temporary", "4.7.5", "Login is kept back: TLS is not verified");
const NO_MECHANISM = ours("temporary", "4.7.4", "Server offers neither AUTH PLAIN nor LOGIN");

/** RFC 3207 §4: 220 and not an octet behind it, else nobody knows who speaks. */
const starting = (session: Session, offer: Offer, reply: ServerReply, more: boolean): Step => {
  if (reply.code < 300) {
    return more ? refused("TLS", INJECTED) : [{ _tag: "Handshake", session }, { _tag: "StartTls" }];
  }
  return session.policy !== "opportunistic" || more || reply.code === 421
    ? refused("TLS", { ...softened(judge(reply, "STARTTLS")), status: "4.7.5" })
    : signIn(session, offer);
};

/** What was offered in clear is forgotten. RFC 3207 §4.2 */
const secured = (session: Session, verified: boolean): Step =>
  session.policy === "required" && !verified
    ? refused("TLS", UNVERIFIED)
    : hello({ ...session, tls: verified ? "verified" : "unverified" });

const signIn = (session: Session, offer: Offer): Step => {
  const ready: Ready = { _tag: "Ready", session, offer, dirty: false };
  if (session.credentials === null) return [ready, { _tag: "Opened", offer }];
  if (session.tls !== "verified") return refused("AUTH", LOGIN_NEEDS_TLS);
  const say = exchange(offer, session.credentials);
  return say === null
    ? refused("AUTH", NO_MECHANISM)
    : [{ _tag: "Auth", ready, answers: say.answers }, send(say.command)];
};

/** Whatever goes wrong here is for the operator to mend, so that nothing fails for good: 4.7.8. RFC 4954 §6 */
const authenticating = (
  state: Extract<State, { readonly _tag: "Auth" }>,
  reply: ServerReply,
): Step => {
  const [next, ...answers] = state.answers;
  if (reply.code < 300 && next === undefined) {
    return [state.ready, { _tag: "Opened", offer: state.ready.offer }];
  }
  if (reply.code >= 300 && reply.code < 400 && next !== undefined) {
    return [{ ...state, answers }, send(`${next}\r\n`)];
  }
  return refused("AUTH", { ...softened(judge(reply, "AUTH")), status: LOGIN_REFUSED });
};

/** The connection is gone, or is to go. */
const ended = (state: State, verdict: Verdict): Step => {
  switch (state._tag) {
    case "Greeting":
      return refused("greeting", verdict);
    case "Hello":
      return refused("EHLO", verdict);
    case "Starting":
    case "Handshake":
      return refused("TLS", verdict);
    case "Auth":
      return refused("AUTH", verdict);
    case "Transaction":
      return broken(state, verdict);
    case "Ready":
    case "Quitting":
    case "Closed":
      return [closed, close];
  }
};
