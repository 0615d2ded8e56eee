/** `[[grant]]`, `[[group]]` and `[[permission]]`: rights beyond an account's own addresses. */
import { z } from "zod";
import { parsePattern } from "../../address/pattern.ts";
import { parsePrincipal } from "../../address/grant.ts";

const principal = z.string().refine((s) => parsePrincipal(s) !== null, {
  error: 'must be an address of an account, or "group:" and a name in small letters',
});

const pattern = z.string().refine((s) => parsePattern(s) !== null, {
  error: 'must be "user@domain", "user+*@domain" for what is below it, or "*@domain"',
});

const groupName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, {
  error: "must be 1 to 64 small letters, digits, dots, hyphens and underscores",
});

/** TOML has dates; a text in the same form is taken too. */
const moment = z.union([z.date(), z.iso.datetime({ offset: true }), z.iso.date()], {
  error: "must be a date, such as 2027-01-31 or 2027-01-31T18:00:00Z",
});

export const grant = z.strictObject({
  principal: principal.describe("Who may: an address of an account, or group:NAME"),
  address: pattern.describe("As whom: user@domain, user+*@domain, or *@domain"),
  mode: z.enum(["as", "on-behalf"]).default("as").describe(
    "Like an own address; or in From only, with Sender naming who submits",
  ),
  credential: z.string().min(1).max(128).optional().describe(
    "Only for what signed in with the credential of this name",
  ),
  recipients: z.array(pattern).min(1).optional().describe(
    "Only where every recipient matches one of these",
  ),
  until: moment.optional().describe("Until when, a date or a date with time and offset").meta({
    type: "string",
    format: "date-time",
  }),
});

export const group = z.strictObject({
  name: groupName.describe("Name, used as group:NAME"),
  members: z.array(principal).min(1).describe("Addresses of accounts, and other groups"),
  mailboxes: z.array(pattern).default([]).describe(
    "Shared mailboxes: addresses that every member may send as",
  ),
});

export const permission = z.strictObject({
  principal: principal.describe("Whom it concerns: an address of an account, or group:NAME"),
  send_to: z.array(pattern).default([]).describe(
    'The only recipients it may send to, such as "*@example.net"; empty: anybody',
  ),
  may: z.array(z.enum(["group-from", "several-domains"])).default([]).describe(
    "What others are refused: a From without a mailbox, authors in several domains",
  ),
});
