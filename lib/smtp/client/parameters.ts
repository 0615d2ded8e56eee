/** The parameters of MAIL and RCPT for a hop, of those that it offers. RFC 5321 §4.1.1.11 */
import { isAscii } from "../../address/domain.ts";
import type { Notify } from "../../envelope/envelope.ts";
import type { Offer } from "./offer.ts";
import type { Mail, Transaction, Wishes } from "./state.ts";

/** `AUTH=<>` towards a hop where we signed in. RFC 4954 §5 */
export const mailParameters = ({ mail, ready }: Transaction): string => {
  const { offer, session } = ready;
  const { wishes } = mail;
  let out = offer.size ? ` SIZE=${mail.size}` : "";
  if (wishes?.binary === true) out += " BODY=BINARYMIME";
  else if (offer.eightBitMime && mail.eightBit) out += " BODY=8BITMIME";
  if (mail.utf8 !== "none" && offer.smtpUtf8) out += " SMTPUTF8";
  if (session.credentials !== null && offer.auth.length > 0) out += " AUTH=<>";
  return wishes === undefined ? out : out + wished(wishes, offer, session.tls !== "clear");
};

const wished = (w: Wishes, offer: Offer, tls: boolean): string => {
  let out = "";
  if (offer.dsn && w.ret !== undefined) out += ` RET=${w.ret}`;
  if (offer.dsn && w.envid !== undefined) out += ` ENVID=${w.envid}`;
  if (offer.deliverBy !== null && w.by !== undefined) {
    out += ` BY=${w.by.seconds};${w.by.mode}${w.by.trace ? "T" : ""}`;
  }
  if (offer.mtPriority && w.priority !== undefined) out += ` MT-PRIORITY=${w.priority}`;
  if (offer.requireTls && tls && w.requireTls !== undefined) out += " REQUIRETLS";
  return out;
};

/** What the recipient wished goes on as it came. RFC 3461 §5.2.1 */
export const rcptParameters = (mail: Mail, index: number, offer: Offer): string => {
  const wishes = mail.wishes?.recipients?.[index];
  const late = mail.wishes?.by?.mode === "N" && offer.deliverBy === null;
  if (wishes === undefined && !late) return "";
  let out = "";
  if (offer.dsn) {
    const notify = late ? withDelay(wishes?.notify) : wishes?.notify;
    if (notify !== undefined) out += ` NOTIFY=${notify === "NEVER" ? notify : notify.join(",")}`;
    if (wishes?.orcpt !== undefined) out += ` ORCPT=${orcpt(wishes.orcpt, mail, offer)}`;
  }
  if (offer.rrvs && wishes?.rrvs !== undefined) {
    out += ` RRVS=${wishes.rrvs.since};${wishes.rrvs.otherwise}`;
  }
  return out;
};

/** A sender whose deadline is not promised gets at least a report of the delay. RFC 2852 §4.1.4.2 */
const withDelay = (notify: Notify | undefined): Notify => {
  if (notify === "NEVER") return notify;
  const asked = notify ?? ["FAILURE"];
  return asked.includes("DELAY") ? asked : [...asked, "DELAY"];
};

/** Non-ASCII only beside SMTPUTF8, else in its 7-bit form. RFC 6533 §3 */
const orcpt = (value: string, mail: Mail, offer: Offer): string =>
  isAscii(value) || (mail.utf8 !== "none" && offer.smtpUtf8) ? value : value.replace(
    /[^\0-\x7f]/gu,
    (c) => `\\x{${c.codePointAt(0)!.toString(16).toUpperCase()}}`,
  );
