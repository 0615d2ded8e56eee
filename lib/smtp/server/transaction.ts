/** MAIL and RCPT: argument, parameters, limits. RFC 5321 §4.1.1.2, §4.1.1.3, RFC 6409 §4.2 */
import { complete, type Completions, incomplete, NO_COMPLETIONS } from "../../address/complete.ts";
import { parseDomainName } from "../../address/domain.ts";
import type { Mailbox } from "../../address/mailbox.ts";
import { type PathAndRest, readPath } from "../../address/path.ts";
import * as say from "../../reply/catalog.ts";
import type { Reply } from "../../reply/reply.ts";
import { isReply, type Rules } from "./extension.ts";
import { mailParameters, rcptParameters } from "./parameters.ts";
import { ask, type Mail, ready, send, type SessionData, type State, type Step } from "./state.ts";

/** `FROM:<path> [parameters]`. */
export const beginMail = (rules: Rules, peer: SessionData, argument: string): Step => {
  const read = readMail(rules, peer, argument);
  if (isReply(read)) return [ready(peer), send(read)];
  const { mail, notice } = read;
  return [
    { _tag: "Asking", peer, about: { _tag: "Mail", mail, notice } },
    ask({ _tag: "Mail", account: peer.account ?? "", mail }),
  ];
};

const EMPTY_MAIL: Mail = { returnPath: null, body: "7BIT", smtpUtf8: false, declaredSize: null };

const readMail = (
  rules: Rules,
  peer: SessionData,
  argument: string,
): { readonly mail: Mail; readonly notice: Reply | null } | Reply => {
  if (argument.slice(0, 5).toUpperCase() !== "FROM:") return say.BAD_MAIL_SYNTAX;
  // SMTPUTF8 decides how the path is read, so the path is read leniently first
  const path = readPath(argument.slice(5), true);
  if (path._tag === "Invalid") {
    return argument.slice(5).trimStart()[0] === "<" ? say.BAD_SENDER_SYNTAX : say.BAD_MAIL_SYNTAX;
  }
  const read = mailParameters(rules, peer, path.rest, EMPTY_MAIL);
  if (isReply(read) || path._tag === "Null") return read;
  const strict = readPath(argument.slice(5), read.mail.smtpUtf8);
  if (strict._tag === "NeedsUtf8") return say.SENDER_NEEDS_UTF8;
  // the bare word is for RCPT alone. RFC 5321 §4.1.1.2
  if (strict._tag !== "Mailbox") return say.BAD_SENDER_SYNTAX;
  const returnPath = completed(rules, strict.mailbox);
  if (incomplete(returnPath.domain, tableOf(rules))) return say.SENDER_NOT_QUALIFIED;
  return { ...read, mail: { ...read.mail, returnPath } };
};

const tableOf = (rules: Rules): Completions => rules.domains ?? NO_COMPLETIONS;

const completed = (rules: Rules, m: Mailbox): Mailbox => ({
  ...m,
  domain: complete(m.domain, tableOf(rules)),
});

/** `<Postmaster>` is ours: it gets our own name. RFC 5321 §4.1.1.3 */
const mailboxOf = (rules: Rules, path: PathAndRest): Mailbox | null => {
  if (path._tag === "Mailbox") return completed(rules, path.mailbox);
  if (path._tag !== "Postmaster") return null;
  const domain = parseDomainName(rules.hostname);
  return domain === null ? null : { local: "postmaster", domain };
};

/** `TO:<path> [parameters]`. */
export const beginRecipient = (
  rules: Rules,
  state: State & { readonly _tag: "Mail" },
  argument: string,
): Step => {
  const attempts = state.attempts + 1;
  const refuse = (reply: Reply): Step => [{ ...state, attempts }, send(reply)];
  if (argument.slice(0, 3).toUpperCase() !== "TO:") return refuse(say.BAD_RCPT_SYNTAX);
  const path = readPath(argument.slice(3), state.mail.smtpUtf8);
  if (path._tag === "NeedsUtf8") return refuse(say.RECIPIENT_NEEDS_UTF8);
  const mailbox = mailboxOf(rules, path);
  if (mailbox === null) {
    return refuse(
      argument.slice(3).trimStart()[0] === "<" ? say.BAD_RECIPIENT_SYNTAX : say.BAD_RCPT_SYNTAX,
    );
  }
  const recipient = rcptParameters(rules, state.peer, path.rest, state.mail, { mailbox });
  if (isReply(recipient)) return refuse(recipient);
  if (mailbox.domain._tag === "Literal") return refuse(say.NO_LITERALS);
  if (incomplete(mailbox.domain, tableOf(rules))) return refuse(say.RECIPIENT_NOT_QUALIFIED);
  // failed ones included. RFC 9422 §4.2
  if (attempts > rules.recipients) return refuse(say.TOO_MANY_RECIPIENTS);
  const { peer, mail, recipients } = state;
  return [
    {
      _tag: "Asking",
      peer,
      about: { _tag: "Recipient", mail, recipients, attempts, recipient },
    },
    ask({
      _tag: "Recipient",
      mailbox,
      first: recipients[0]?.mailbox ?? null,
      account: peer.account,
      mail,
    }),
  ];
};
