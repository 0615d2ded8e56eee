/**
 * The session machine: `state x input > state x outputs`. RFC 5321 §4.1, RFC 6409 §4.3
 *
 * No socket, clock or service: a driver performs the outputs in order and feeds results back. A
 * command passes the gates of docs/design/requirements.md §0 in their order and the first that fails answers, so that
 * a client without a login learns nothing about addresses.
 */
import * as say from "../../reply/catalog.ts";
import { negative, type Reply } from "../../reply/reply.ts";
import { type Command, escapeName, readCommand, type Verb } from "../syntax/command.ts";
import type { LineResult } from "../syntax/line.ts";
import { authenticate, keysAnswered, loginAnswered, respond } from "./auth.ts";
import type { Rules, VerbRule } from "./extension.ts";
import {
  ask,
  close,
  closed,
  fresh,
  type Input,
  type Open,
  ready,
  send,
  type SessionData,
  type State,
  type Step,
} from "./state.ts";
import { beginMail, beginRecipient } from "./transaction.ts";

/** Runs one input. Total: no input makes it throw. */
export const step = (rules: Rules, state: State, input: Input): Step => {
  if (state._tag === "Closed") return [closed];
  switch (input._tag) {
    case "Line":
      return counted(rules, read(rules, state, input.line, input.more));
    case "Answer":
      return counted(rules, answered(state, input));
    case "DataEnd":
      return counted(rules, dataEnded(state, input.verdict));
    case "NotFetched": // a message that lacks a part is none
      return state._tag === "Chunk"
        ? counted(rules, [ready(state.peer), send(input.reply)])
        : [state];
    case "TlsUp": // forget what the client said in clear. RFC 3207 §4.2
      return [fresh(true, input.channel)];
    case "Timeout":
      return [closed, send(say.IDLE), close];
    case "Shutdown":
      // a running end of data is finished first: its answer comes, then the next line finds us gone
      return state._tag === "Asking" ? [state] : [closed, send(say.SHUTTING_DOWN), close];
    case "Defect":
      return [closed, send(say.DEFECT), close];
  }
};

/** Octets that the next line may have with its CRLF. AUTH may bring a token along. RFC 4954 §4 */
export const lineLimit = (rules: Rules, state: State): number => {
  if (state._tag === "Authenticating" || state._tag === "Concluding") return rules.authLineBytes;
  const mayBeAuth = state._tag === "Ready" && state.peer.tls && state.peer.account === null;
  return mayBeAuth ? Math.max(rules.authLineBytes, rules.commandLineBytes) : rules.commandLineBytes;
};

/** Counts refusals since the last accepted message and closes a session that has too many. RFC 5321 §7.8 */
const counted = (rules: Rules, result: Step): Step => {
  const [state, ...outputs] = result;
  if (state._tag === "Closed") return result;
  let refused = 0;
  for (const o of outputs) if (o._tag === "Send" && negative(o.reply)) refused++;
  if (refused === 0) return result;
  const errors = state.peer.errors + refused;
  return errors > rules.errors
    ? [closed, ...outputs, send(say.TOO_MANY_ERRORS), close]
    : [{ ...state, peer: { ...state.peer, errors } }, ...outputs];
};

/** Gate 1: the form of the line. */
const read = (rules: Rules, state: State, line: LineResult, more: boolean): Step => {
  if (state._tag === "Authenticating" || state._tag === "Concluding") return respond(state, line);
  if (state._tag !== "Ready" && state._tag !== "Mail" && state._tag !== "Chunks") return [state];
  switch (line._tag) {
    case "TooLong":
      return [state, send(say.LINE_TOO_LONG)];
    case "Bare":
      return [state, send(say.BARE_NEWLINE)];
    case "BadCharacters": // of a code page that nobody names
      return line.octets !== undefined && ONLY_WORDS.has(readCommand(line.octets).verb)
        ? obeyed(rules, state, line.octets, false, more)
        : [state, send(say.BAD_CHARACTERS)];
    case "Flood":
      return [closed, send(say.FLOOD), close];
    case "Line":
      return obeyed(rules, state, line.text, line.ascii, more);
  }
};

/** Verbs whose argument is a name that proves nothing, or that nobody reads. RFC 5321 §4.1.4 */
const ONLY_WORDS: ReadonlySet<Verb | null> = new Set(["EHLO", "HELO", "NOOP", "HELP", "VRFY"]);

/** Gate 2: the verb. `ascii`: every character of `text` is. */
const obeyed = (rules: Rules, state: Open, text: string, ascii: boolean, more: boolean): Step => {
  const command = readCommand(text);
  if (command.verb !== "AUTH" && text.length + 2 > rules.commandLineBytes) {
    return [state, send(say.LINE_TOO_LONG)];
  }
  switch (command.verb) {
    case null:
      return [state, send(say.UNKNOWN_COMMAND)];
    case "GET":
    case "POST":
    case "PUT":
    case "CONNECT": // a browser made to talk to us. RFC 5321 §7.8
      return [closed, send(say.NOT_SMTP), close];
    default:
      return gates(rules, state, command, command.verb, ascii, more);
  }
};

const withPeer = (state: Open, peer: SessionData): Open => ({ ...state, peer });

/** Gates 3 to 5: TLS, EHLO, login. */
const gates = (
  rules: Rules,
  state: Open,
  command: Command,
  verb: Verb,
  ascii: boolean,
  more: boolean,
): Step => {
  const { peer } = state;
  if (peer.authFailures >= rules.authFailures) {
    return [closed, send(say.TOO_MANY_FAILURES), close];
  }
  const brought = NOT_OURS.has(verb) ? broughtBy(rules, verb) : null;
  if (brought === undefined) return [state, send(say.NOT_IMPLEMENTED)];
  const no = (reply: Reply): Step =>
    brought?.refused(state, command.argument, reply) ?? [state, send(reply)];
  // RFC 3207 §4; RSET is a MUST of RFC 5321 §4.1.1.5
  if (!peer.tls && !BEFORE_TLS.has(verb)) return no(say.NEED_TLS);
  if (peer.helo === null && NEEDS_EHLO.has(verb)) return no(say.NEED_EHLO);
  // RFC 4954 §6
  if (peer.account === null && !BEFORE_AUTH.has(verb)) return no(say.NEED_AUTH);
  if (brought !== null) return brought.obey(rules, state, command.argument);
  if (!MESSAGE.has(verb)) {
    const idle = peer.idle + 1;
    if (idle > rules.idleCommands) return [closed, send(say.TOO_MANY_IDLE), close];
    return obey(rules, withPeer(state, { ...peer, idle }), command, verb, ascii, more);
  }
  return obey(rules, state, command, verb, ascii, more);
};

/** Not implemented, unless an extension brings them. */
const NOT_OURS: ReadonlySet<Verb> = new Set([
  "EXPN",
  "SEND",
  "SOML",
  "SAML",
  "TURN",
  "ETRN",
  "ATRN",
  "BDAT",
  "BURL",
  "XCLIENT",
]);
const broughtBy = (rules: Rules, verb: Verb): VerbRule | undefined => {
  for (const e of rules.extensions) if (e.verbs?.[verb] !== undefined) return e.verbs[verb];
  return undefined;
};
const BEFORE_TLS: ReadonlySet<Verb> = new Set([
  "EHLO",
  "NOOP",
  "STARTTLS",
  "QUIT",
  "RSET",
  "XCLIENT",
]);
const NEEDS_EHLO: ReadonlySet<Verb> = new Set(["MAIL", "RCPT", "DATA", "BDAT", "BURL", "AUTH"]);
const BEFORE_AUTH: ReadonlySet<Verb> = new Set([
  "AUTH",
  "EHLO",
  "HELO",
  "NOOP",
  "RSET",
  "QUIT",
  "STARTTLS",
  "XCLIENT",
]);
const MESSAGE: ReadonlySet<Verb> = new Set(["MAIL", "RCPT", "DATA", "QUIT"]);

/** Gates 6 to 9, verb by verb. */
const obey = (
  rules: Rules,
  state: Open,
  command: Command,
  verb: Verb,
  ascii: boolean,
  more: boolean,
): Step => {
  const { peer } = state;
  const { argument } = command;
  switch (verb) {
    case "EHLO":
    case "HELO": { // a later one is a RSET; TLS and login stay. RFC 5321 §4.1.4
      if (argument === "") return [state, send(say.BAD_ARGUMENT)];
      if (argument.includes("\t")) return [state, send(say.BAD_CHARACTERS)];
      if (argument.length > 255) return [state, send(say.BAD_ARGUMENT)];
      const extended = verb === "EHLO";
      const next = { ...peer, helo: ascii ? argument : escapeName(argument), extended };
      return [
        ready(next),
        send(say.capabilities(rules.hostname, extended ? keywords(rules, next) : [])),
      ];
    }
    case "STARTTLS": // octets queued behind it are an injection, not a command. RFC 3207 §4.2
      if (argument !== "") return [state, send(say.NO_ARGUMENT_ALLOWED)];
      if (peer.tls) return [state, send(say.TLS_ACTIVE)];
      if (!rules.startTls) return [state, send(say.NO_TLS_NOW)];
      if (more) return [closed, send(say.DATA_AFTER_STARTTLS), close];
      return [{ _tag: "Upgrading", peer }, send(say.READY_FOR_TLS), { _tag: "StartTls" }];
    case "AUTH":
      if (!peer.extended) return [state, send(say.OUT_OF_ORDER)];
      if (peer.account !== null) return [state, send(say.ALREADY_AUTHENTICATED)];
      return authenticate(rules, peer, argument);
    case "MAIL":
      if (state._tag !== "Ready") return [state, send(say.OUT_OF_ORDER)];
      if (peer.mails >= rules.mails) return [closed, send(say.TOO_MANY_MESSAGES), close];
      return beginMail(rules, { ...peer, mails: peer.mails + 1 }, argument);
    case "RCPT":
      if (state._tag !== "Mail") return [state, send(say.OUT_OF_ORDER)];
      return beginRecipient(rules, state, argument);
    case "DATA":
      if (state._tag !== "Mail") return [state, send(say.OUT_OF_ORDER)];
      if (argument !== "") return [state, send(say.NO_ARGUMENT_ALLOWED)];
      if (state.recipients.length === 0) {
        return [state, send(state.attempts === 0 ? say.OUT_OF_ORDER : say.NO_VALID_RECIPIENTS)];
      }
      // dots and lines mean nothing in it. RFC 3030 §3
      if (state.mail.body === "BINARYMIME") return [state, send(say.BINARY_NEEDS_BDAT)];
      return [
        { _tag: "Data", peer, mail: state.mail, recipients: state.recipients },
        send(say.SEND_DATA),
        { _tag: "ReadData" },
      ];
    case "RSET":
      return argument === "" ? [ready(peer), send(say.OK)] : [state, send(say.NO_ARGUMENT_ALLOWED)];
    case "NOOP":
      return [state, send(say.OK)];
    case "QUIT":
      return argument === ""
        ? [closed, send(say.BYE), close]
        : [state, send(say.NO_ARGUMENT_ALLOWED)];
    case "VRFY": // the same for everyone. RFC 5321 §7.3
      return argument === "" ? [state, send(say.BAD_ARGUMENT)] : [state, send(say.NOT_VERIFIED)];
    case "HELP":
      return [state, send(say.HELP)];
    default:
      return [state, send(say.NOT_IMPLEMENTED)];
  }
};

const keywords = (rules: Rules, peer: SessionData): ReadonlyArray<string> =>
  rules.extensions.flatMap((e) => e.keyword(rules, peer) ?? []);

/** The answer to the one open question. */
const answered = (state: State, answer: Input & { _tag: "Answer" }): Step => {
  if (state._tag !== "Asking") return [state];
  const { peer, about } = state;
  const ok = !negative(answer.reply);
  switch (about._tag) {
    case "Login":
      return loginAnswered(peer, about, answer);
    case "Keys":
      return keysAnswered(peer, about, answer);
    case "Mail":
      return [
        ok ? { _tag: "Mail", peer, mail: about.mail, recipients: [], attempts: 0 } : ready(peer),
        send(ok ? about.notice ?? answer.reply : answer.reply),
      ];
    case "Recipient": {
      const { mail, recipient, attempts } = about;
      const recipients = ok ? [...about.recipients, recipient] : about.recipients;
      return [{ _tag: "Mail", peer, mail, recipients, attempts }, send(answer.reply)];
    }
    case "Submit": // accepted or not, the transaction is over. RFC 5321 §4.1.1.4
      return [
        // who hands mail over is no attacker: recipients that were refused on the way to it are forgiven
        ready(ok ? { ...peer, idle: 0, errors: 0 } : peer),
        send(ok && about.fetched ? say.byBurl(answer.reply) : answer.reply),
      ];
  }
};

const dataEnded = (
  state: State,
  verdict: (Input & { _tag: "DataEnd" })["verdict"],
): Step => {
  if (state._tag === "Dropping") return [state.next, send(state.reply)];
  if (state._tag !== "Data" && state._tag !== "Chunk") return [state];
  const { peer, mail, recipients } = state;
  const { account } = peer;
  if (account === null) return [state];
  const fetched = state._tag === "Chunk" && state.fetched === true;
  switch (verdict) {
    case "spoiled":
      return [ready(peer), send(say.BARE_NEWLINE_IN_DATA)];
    case "tooBig":
      return [ready(peer), send(fetched ? say.BURL_TOO_BIG : say.TOO_BIG)];
    case "headerTooBig":
      return [ready(peer), send(say.badMessage("the header is too large"))];
    case "complete":
      if (state._tag === "Chunk" && !state.last) { // RFC 3030 §2
        return [{ ...state, _tag: "Chunks" }, send(fetched ? say.byBurl(say.OK) : say.OK)];
      }
      return [
        { _tag: "Asking", peer, about: { _tag: "Submit", fetched } },
        ask({ _tag: "Submit", account, envelope: { ...mail, recipients } }),
      ];
  }
};
