/** `[extensions]`: extensions that a site may switch on in addition to the standard ones. RFC 6409 §7 */
import { z } from "zod";
import { parseImapBase } from "../values/imap_base.ts";
import { count, span } from "../values/range.ts";

const off = (description: string) => z.boolean().default(false).describe(description);

const file = (description: string) =>
  z.string().min(1, { error: "must be the path of a file" }).describe(description);

export const burl = z.strictObject({
  url: z.string().refine((s) => parseImapBase(s, ["imap"]) !== null, {
    error: 'must be "imap://host" or "imap://host:port", as it stands in the URLs of clients',
  }).describe("The IMAP server as clients' URLs name it; shown in EHLO after login"),
  via: z.string().refine((s) => parseImapBase(s, ["imap", "imaps"]) !== null, {
    error: 'must be "imap://host:port" (STARTTLS) or "imaps://host:port" (TLS at once)',
  }).optional().describe(
    "Where it is reached: imap:// (STARTTLS) or imaps:// (TLS at once); default: as in url",
  ),
  tls: z.enum(["required", "none"]).default("required").describe(
    "TLS with a verified certificate, or none at all: only to this machine",
  ),
  username: z.string().min(1, { error: "must not be empty" }).describe(
    "Our login there: the user that may fetch what is meant for submit+",
  ),
  password_file: file("File whose first line is its password"),
  ca: file(
    "PEM file with the authorities that may vouch for the server; default: the system's",
  ).optional(),
}).describe("Offer BURL for one IMAP server: clients may send parts that lie there. RFC 4468");

export const extensions = z.strictObject({
  deliver_by: off("Offer DELIVERBY: clients may say by when a message must arrive. RFC 2852"),
  deliver_by_min_seconds: count(
    0,
    0,
    999_999_999,
    "Seconds that BY with mode R must leave at least, told in EHLO; 0: any number",
  ),
  future_release: off("Offer FUTURERELEASE: clients may have a message held back. RFC 4865"),
  future_release_days: span(30, 0.0001, 3650, "Longest time that a message may be held back"),
  future_release_messages: count(
    100,
    1,
    1_000_000,
    "Messages of one account that may be held back at a time; the next one is answered 552",
  ),
  mt_priority: off("Offer MT-PRIORITY: clients may say how urgent a message is. RFC 6710"),
  mt_priority_accounts: z.array(z.string()).default([]).describe(
    "Accounts that may ask for more than 0; for others it is lowered to 0, and the reply says so",
  ),
  mt_priority_least: count(-9, -9, 0, "Lowest priority that is taken; lower ones are refused"),
  mt_priority_bytes: count(
    0,
    0,
    2_147_483_647,
    "Octets that a message with a priority above 0 may declare; 0: any number",
  ),
  rrvs: off("Offer RRVS: deliver only if the mailbox has not changed its owner. RFC 7293"),
  burl: z.array(burl).default([]).describe("IMAP servers for BURL; none: it is not offered"),
}).prefault({});
