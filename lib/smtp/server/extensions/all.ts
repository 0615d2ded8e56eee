/** The extensions in the order in which EHLO lists them. RFC 6409 §7 */
import type { Extension } from "../extension.ts";
import { auth } from "./auth.ts";
import { eightBitMime } from "./eight_bit_mime.ts";
import { size } from "./size.ts";
import { smtpUtf8 } from "./smtputf8.ts";

/** Commands may come in groups; what that asks of a server lies in the driver. RFC 2920 §3 */
const pipelining: Extension = { keyword: () => "PIPELINING" };
/** Every reply but greeting and EHLO carries one; see `render`. RFC 2034 §3 */
const enhancedStatusCodes: Extension = { keyword: () => "ENHANCEDSTATUSCODES" };
/** Gone once TLS is up. RFC 3207 §4.2 */
const startTls: Extension = {
  keyword: (rules, peer) => rules.startTls && !peer.tls ? "STARTTLS" : null,
};

export const extensions: ReadonlyArray<Extension> = [
  pipelining,
  size,
  eightBitMime,
  smtpUtf8,
  enhancedStatusCodes,
  auth,
  startTls,
];
