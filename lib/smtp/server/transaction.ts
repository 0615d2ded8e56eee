/** MAIL and RCPT: argument, parameters, limits. RFC 5321 §4.1.1.2, §4.1.1.3, RFC 6409 §4.2 */
import { complete, type Completions, incomplete, NO_COMPLETIONS } from "../../address/complete.ts";
import { parseDomainName } from "../../address/domain.ts";
import type { Mailbox } from "../../address/mailbox.ts";
import { type PathAndRest, readPath } from "../../address/path.ts";
import * as say from "../../reply/catalog.ts";
import type { Reply } from "../../reply/reply.ts";
import { readParameters } from "../syntax/command.ts";
import { isReply } from "./extension.ts";
import type { Rules } from "./rules.ts";
import { ask, type Mail, type Peer, ready, send, type State, type Step } from "./state.ts";

/** `FROM:<path> [parameters]`. */
export const beginMail = (rules: Rules, peer: Peer, argument: string): Step => {
  const mail = readMail(rules, peer, argument);
  if (isReply(mail)) return [ready(peer), send(mail)];
  return [
    { _tag: "Asking", peer, about: { _tag: "Mail", mail } },
    ask({ _tag: "Mail", account: peer.account ?? "", mail }),
  ];
};

const EMPTY_MAIL: Mail = { returnPath: null, body: "7BIT", smtpUtf8: false, declaredSize: null };

const readMail = (rules: Rules, peer: Peer, argument: string): Mail | Reply => {
  if (argument.slice(0, 5).toUpperCase() !== "FROM:") return say.BAD_MAIL_SYNTAX;
  // SMTPUTF8 decides how the path is read, so the path is read leniently first
  const path = readPath(argument.slice(5), true);
  if (path._tag === "Invalid") {
    return argument.slice(5).trimStart()[0] === "<" ? say.BAD_SENDER_SYNTAX : say.BAD_MAIL_SYNTAX;
  }
  const mail = mailParameters(rules, peer, path.rest);
  if (isReply(mail)) return mail;
  if (path._tag === "Null") return mail;
  const strict = readPath(argument.slice(5), mail.smtpUtf8);
  if (strict._tag === "NeedsUtf8") return say.SENDER_NEEDS_UTF8;
  // the bare word is for RCPT alone. RFC 5321 §4.1.1.2
  if (strict._tag !== "Mailbox") return say.BAD_SENDER_SYNTAX;
  const returnPath = completed(rules, strict.mailbox);
  if (incomplete(returnPath.domain, tableOf(rules))) return say.SENDER_NOT_QUALIFIED;
  return { ...mail, returnPath };
};

const mailParameters = (rules: Rules, peer: Peer, rest: string): Mail | Reply => {
  const parameters = readParameters(rest);
  if (parameters === null) return say.BAD_PARAMETER;
  let mail = EMPTY_MAIL;
  const seen = new Set<string>();
  for (const { name, value } of parameters) {
    // after HELO there are no extensions. RFC 5321 §3.2
    const offered = peer.extended
      ? rules.extensions.find((e) =>
        e.mailParameters !== undefined && Object.hasOwn(e.mailParameters, name) &&
        e.keyword(rules, peer) !== null
      )
      : undefined;
    const take = offered?.mailParameters?.[name];
    if (take === undefined) return say.UNKNOWN_PARAMETER;
    if (seen.has(name)) return say.BAD_PARAMETER;
    seen.add(name);
    const taken = take(value, mail, rules);
    if (isReply(taken)) return taken;
    mail = taken;
  }
  return mail;
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
  const parameters = readParameters(path.rest);
  if (parameters === null) return refuse(say.BAD_PARAMETER);
  // no extension on offer has a parameter for RCPT
  if (parameters.length > 0) return refuse(say.UNKNOWN_PARAMETER);
  if (mailbox.domain._tag === "Literal") return refuse(say.NO_LITERALS);
  if (incomplete(mailbox.domain, tableOf(rules))) return refuse(say.RECIPIENT_NOT_QUALIFIED);
  if (state.recipients.length >= rules.recipients) return refuse(say.TOO_MANY_RECIPIENTS);
  const { peer, mail, recipients } = state;
  return [
    {
      _tag: "Asking",
      peer,
      about: { _tag: "Recipient", mail, recipients, attempts, recipient: { mailbox } },
    },
    ask({ _tag: "Recipient", mailbox }),
  ];
};
