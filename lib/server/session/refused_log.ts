/**
 * The line of the log about a refusal after the login: whoever runs the server is asked why a message does not go, and
 * most refusals leave no record of their own. RFC 6409 §5.2
 */
import type { Effect } from "effect";
import { printMailbox } from "../../address/mailbox.ts";
import { type Reply, summary } from "../../reply/reply.ts";
import type { Input, Mail, State } from "../../smtp/server/state.ts";
import type { LineResult } from "../../smtp/syntax/line.ts";
import { shown } from "../../stages/facts.ts";
import type { ClientLog } from "../limits/client_log.ts";
import type { SignedIn } from "./signed_in.ts";

/** Commands that may be told with their argument; those of others may be secrets (AUTH, BURL). */
const WITH_ARGUMENT: ReadonlySet<string> = new Set(["MAIL", "RCPT"]);

export interface RefusedLog {
  readonly signedIn: SignedIn;
  /** Of refusals after the login, by account. */
  readonly refusedLog: ClientLog;
}

/** Null where nobody is signed in: strangers are refused without end. */
export const refusedLine = (
  { signedIn, refusedLog }: RefusedLog,
  session: { readonly id: string; readonly address: string },
  reply: Reply,
  input: Input | null,
  before: State,
): Effect.Effect<void> | null => {
  const login = signedIn.of(session.id);
  if (login === null) return null;
  return refusedLog.tell(session.address, "refused after the login", {
    session: session.id,
    login: login.account,
    ...about(input, before),
    reply: summary(reply),
  }, login.account);
};

/** What it was that was refused, as far as it can be told. */
const about = (input: Input | null, before: State): Readonly<Record<string, string>> => {
  if (input?._tag === "Line") return commandOf(input.line);
  if (before._tag !== "Asking") return "mail" in before ? fromOf(before.mail) : {};
  const { about } = before;
  switch (about._tag) {
    case "Mail":
      return { command: "MAIL", ...fromOf(about.mail) };
    case "Recipient":
      return {
        command: "RCPT",
        ...fromOf(about.mail),
        to: shown(printMailbox(about.recipient.mailbox)),
      };
    case "Submit":
      return { command: about.fetched ? "BURL" : "end of data" };
    default:
      return { command: "AUTH" };
  }
};

const fromOf = ({ returnPath }: Mail): Readonly<Record<string, string>> => ({
  from: returnPath === null ? "<>" : shown(printMailbox(returnPath)),
});

const commandOf = (line: LineResult): Readonly<Record<string, string>> => {
  if (line._tag !== "Line") return {};
  const verb = (line.text.split(" ", 1)[0] ?? "").toUpperCase();
  return { command: shown(WITH_ARGUMENT.has(verb) ? line.text : verb) };
};
