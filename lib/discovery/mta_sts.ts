/** The MTA-STS policy and the record that announces it. RFC 8461 §3.1, §3.2 */
import { hex, sha256 } from "./digest.ts";
import type { MtaSts } from "./offer.ts";

/** The body of `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`. */
export const mtaStsPolicy = (p: MtaSts): string =>
  [
    "version: STSv1",
    `mode: ${p.mode}`,
    ...p.mx.map((mx) => `mx: ${mx}`),
    `max_age: ${p.maxAgeSeconds}`,
    "",
  ].join("\r\n");

/** The id changes whenever the policy does, and only then. */
export const mtaStsRecord = async (p: MtaSts): Promise<string> =>
  `v=STSv1; id=${hex(await sha256(mtaStsPolicy(p))).slice(0, 20)};`;
