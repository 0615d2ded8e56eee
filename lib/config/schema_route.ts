/** One `[[route]]`. */
import { z } from "zod";
import { patternKey } from "./routes.ts";
import { parseVia, VIA_FORMS } from "./via.ts";

export const route = z.strictObject({
  to: z.string().refine((s) => patternKey(s) !== null, {
    error: 'must be a domain such as "example.net", all names below one as "*.example.net", or "*"',
  }).describe('Recipient domain, "*.example.net" for the names below it, or "*" for all'),
  via: z.string().refine((s) => parseVia(s) !== null, { error: `must be ${VIA_FORMS}` }).describe(
    `The next hop: ${VIA_FORMS} (the domain's own mail exchangers)`,
  ),
  tls: z.enum(["none", "opportunistic", "required"]).optional().describe(
    "TLS to the next hop: never, if offered (unverified), or verified or not at all. " +
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
  ca: z.string().min(1, { error: "must be the path of a file" }).optional().describe(
    "PEM file with the authorities that may vouch for the next hop; default: the system's",
  ),
}).describe("A next hop for some recipients");
