/** `[dkim]`: signing keys. RFC 6376 */
import { z } from "zod";
import { parseDomainName } from "../../address/domain.ts";
import { span } from "../values/range.ts";

export const dkim = z.strictObject({
  keys: z.string().refine((s) => s !== "" && !s.includes("\0"), {
    error: "must be the path of a directory",
  }).optional().describe(
    "Directory of the keys, made by `postern dkim key add`; absent: no signing",
  ),
  must_sign: z.array(
    z.string().refine((s) => parseDomainName(s) !== null, {
      error: 'must be a domain name, such as "example.net"',
    }),
  ).default([]).describe(
    "Domains whose messages never leave unsigned: without a key they are answered 451",
  ),
  expire_days: span(0, 0, 365, "Days until a signature runs out; 0: never"),
  seven_bit: z.boolean().default(true).describe(
    "Encode 8-bit text before it is signed, so that a hop that takes 7 bits only need not break signatures",
  ),
  check_minutes: span(10, 0.1, 1440, "How often DNS is asked whether it serves a new key"),
}).refine((d) => d.keys !== undefined || d.must_sign.length === 0, {
  error: "needs keys where must_sign names a domain",
}).prefault({});
