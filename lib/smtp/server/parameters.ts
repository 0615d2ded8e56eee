/** Parameters of MAIL and RCPT, read by the extensions that are on offer. RFC 5321 §4.1.1.11 */
import type { Recipient } from "../../envelope/envelope.ts";
import { BAD_PARAMETER, UNKNOWN_PARAMETER } from "../../reply/catalog.ts";
import type { Reply } from "../../reply/reply.ts";
import { type Parameter, readParameters } from "../syntax/command.ts";
import { type Extension, isReply, type Noted, type Rules } from "./extension.ts";
import type { Mail, SessionData } from "./state.ts";

/** The extensions that know a parameter; none after HELO. RFC 5321 §3.2 */
const offering = (
  rules: Rules,
  peer: SessionData,
  which: "mailParameters" | "rcptParameters",
  name: string,
): ReadonlyArray<Extension> =>
  peer.extended
    ? rules.extensions.filter((e) => {
      const known = e[which];
      return known !== undefined && Object.hasOwn(known, name) && e.keyword(rules, peer) !== null;
    })
    : [];

/** Takes one parameter after another; each may be there once. RFC 1870 §6, RFC 3461 §4.5 */
const takeAll = <A extends object>(
  rest: string,
  nothing: A,
  take: (parameter: Parameter, so: A) => A | Reply,
): A | Reply => {
  if (rest === "") return nothing;
  const parameters = readParameters(rest);
  if (parameters === null) return BAD_PARAMETER;
  let so = nothing;
  const seen = new Set<string>();
  for (const p of parameters) {
    // an unknown parameter is reported first, even if repeated
    const taken = take(p, so);
    if (isReply(taken)) return taken;
    if (seen.has(p.name)) return BAD_PARAMETER;
    seen.add(p.name);
    so = taken;
  }
  return so;
};

const isNoted = (x: Mail | Noted): x is Noted => "notice" in x;

/** What follows the path of MAIL. `notice` takes the place of the plain 250. */
export const mailParameters = (
  rules: Rules,
  peer: SessionData,
  rest: string,
  nothing: Mail,
): { readonly mail: Mail; readonly notice: Reply | null } | Reply => {
  if (rest === "") return { mail: nothing, notice: null };
  const given = { rules, peer };
  let notice: Reply | null = null;
  const mail = takeAll(rest, nothing, ({ name, value }, so) => {
    let refusal: Reply = UNKNOWN_PARAMETER;
    // several may know a name, each with values of its own: BODY
    for (const e of offering(rules, peer, "mailParameters", name)) {
      const taken = e.mailParameters?.[name]?.(value, so, given);
      if (taken === undefined) continue;
      if (!isReply(taken)) {
        if (!isNoted(taken)) return taken;
        notice = taken.notice;
        return taken.mail;
      }
      if (refusal === UNKNOWN_PARAMETER) refusal = taken;
    }
    return refusal;
  });
  if (isReply(mail)) return mail;
  for (const e of rules.extensions) {
    const refusal = e.mailRule?.(mail, given) ?? null;
    if (refusal !== null) return refusal;
  }
  return { mail, notice };
};

/** What follows the path of RCPT. */
export const rcptParameters = (
  rules: Rules,
  peer: SessionData,
  rest: string,
  mail: Mail,
  nothing: Recipient,
): Recipient | Reply =>
  takeAll(rest, nothing, ({ name, value }, so) => {
    const [e] = offering(rules, peer, "rcptParameters", name);
    return e?.rcptParameters?.[name]?.(value, so, mail) ?? UNKNOWN_PARAMETER;
  });
