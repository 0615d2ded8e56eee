/** One `[[route]]`. */
import { z } from "zod";
import { parseSenderCondition } from "../values/sender_condition.ts";
import { patternKey } from "../values/pattern.ts";
import { parseVia, VIA_FORMS } from "../values/via.ts";

const one = z.string().refine((s) => parseVia(s) !== null, { error: `must be ${VIA_FORMS}` });

/** As the file writes it; `may` and `verify` are other names for two of them. */
export const TLS_LEVELS = [
  "none",
  "opportunistic",
  "may",
  "encrypt",
  "required",
  "verify",
  "dane",
  "dane-only",
] as const;

/** What a 250 may stand for. */
export const DURABILITIES = ["spool", "replicated", "next_hop"] as const;

const octets = z.int().min(0).max(2 ** 31 - 1, { error: "must be a whole number of octets" });
const weight = z.int().min(0).max(65_535, { error: "must be a whole number from 0 to 65535" });
const priority = z.int().min(-9).max(9, { error: "must be a whole number from -9 to 9" });

const limit = (most: number) => {
  const error = `must be a whole number from 1 to ${most}`;
  return z.int({ error }).min(1, { error }).max(most, { error });
};

export const route = z.strictObject({
  to: z.string().refine((s) => patternKey(s) !== null, {
    error:
      'must be an address, a domain such as "example.net", all names below one as "*.example.net", "*", or "[*]" for address literals',
  }).describe(
    'Recipient address, domain, "*.example.net" for the names below it, "*" for all, or "[*]" for address literals',
  ),
  from: z.array(
    z.string().refine((s) => parseSenderCondition(s) !== null, {
      error: 'must be an address, a domain, "*.example.net" or "<>"',
    }),
  ).min(1, { error: "must name at least one" }).optional().describe(
    'Only for these return paths: addresses, domains, "*.example.net", "<>"',
  ),
  account: z.array(
    z.string().refine((s) => /^(?:[^@\s]+@?|[^@\s]*@[^@\s]+)$/.test(s), {
      error: 'must be the name of an account, or "@example.net" for all of a domain',
    }),
  ).min(1, { error: "must name at least one" }).optional().describe(
    'Only for these accounts; "@example.net" for all of a domain',
  ),
  min_size: octets.optional().describe("Only for messages of at least this many octets"),
  max_size: octets.optional().describe("Only for messages of at most this many octets"),
  min_priority: priority.optional().describe("Only from this MT-PRIORITY on"),
  max_priority: priority.optional().describe("Only up to this MT-PRIORITY"),
  via: z.union([one, z.array(one).min(1, { error: "needs at least one next hop" })], {
    error: `must be ${VIA_FORMS}, or a list of such`,
  }).describe(
    `The next hop: ${VIA_FORMS} (the domain's own mail exchangers); or a list, tried in its order`,
  ),
  weights: z.array(weight).optional().describe(
    "One number per next hop of the list, by which the order is drawn; 0: only behind the others",
  ),
  tls: z.enum(TLS_LEVELS).optional().describe(
    "TLS to the next hop: never; if offered, unverified (also may); always, unverified; verified or not at all " +
      "(also verify); by TLSA records where there are any, else verified; by TLSA records or not at all. " +
      "Default: required with a login, else opportunistic",
  ),
  username: z.string().min(1, { error: "must not be empty" }).optional().describe(
    "Login name at the next hop",
  ),
  password: z.string().min(1, { error: "must not be empty" }).optional().describe(
    "Its password; better kept in password_file",
  ),
  password_file: z.string().min(1, { error: "must be the path of a file" }).optional().describe(
    "File whose first line is the password",
  ),
  durability: z.enum(DURABILITIES).default("spool").describe(
    "What the 250 to the client stands for: the message on our disk; on our disk and that of the server in [replica]; " +
      "or, with next_hop, the next hop's own 250",
  ),
  forward_login: z.boolean().default(false).describe(
    "Sign in at the next hop with the name and password by which the client signed in here; needs durability " +
      '"next_hop" and verified TLS',
  ),
  ca: z.string().min(1, { error: "must be the path of a file" }).optional().describe(
    "PEM file with the authorities to trust for the next hop; default: the system's",
  ),
  connections: limit(10_000).optional().describe(
    "Connections at once to one next hop of this route; default: queue.connections_per_hop",
  ),
  messages_per_minute: limit(1_000_000).optional().describe(
    "Messages a minute to one next hop of this route, evenly spread; default: no limit",
  ),
}).describe("A next hop for some recipients");
