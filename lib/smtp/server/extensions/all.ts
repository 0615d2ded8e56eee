/** The extensions in the order in which EHLO lists them. RFC 6409 §7 */
import type { Extension } from "../extension.ts";
import { auth } from "./auth.ts";
import { binaryMime } from "./binary_mime.ts";
import { burl, type BurlServer } from "./burl.ts";
import { chunking } from "./chunking.ts";
import { deliverBy } from "./deliver_by.ts";
import { dsn } from "./dsn.ts";
import { eightBitMime } from "./eight_bit_mime.ts";
import { futureRelease } from "./future_release.ts";
import { limits } from "./limits.ts";
import { mtPriority, type PrioritySettings } from "./mt_priority.ts";
import { requireTls } from "./require_tls.ts";
import { rrvs } from "./rrvs.ts";
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

/** Extensions that are there only where a site wants them; null: off. */
export interface OptionalExtensions {
  readonly deliverBy: { readonly minSeconds: number } | null;
  readonly futureRelease: { readonly maxSeconds: number } | null;
  readonly mtPriority: PrioritySettings | null;
  readonly rrvs: boolean;
  /** Empty: off. */
  readonly burl: ReadonlyArray<BurlServer>;
}

export const NO_OPTIONS: OptionalExtensions = {
  deliverBy: null,
  futureRelease: null,
  mtPriority: null,
  rrvs: false,
  burl: [],
};

export const extensionsWith = (on: OptionalExtensions): ReadonlyArray<Extension> => [
  pipelining,
  size,
  eightBitMime,
  smtpUtf8,
  enhancedStatusCodes,
  chunking,
  binaryMime,
  dsn,
  auth,
  requireTls,
  limits,
  ...on.deliverBy === null ? [] : [deliverBy(on.deliverBy.minSeconds)],
  ...on.futureRelease === null ? [] : [futureRelease(on.futureRelease.maxSeconds)],
  ...on.mtPriority === null ? [] : [mtPriority(on.mtPriority)],
  ...on.rrvs ? [rrvs] : [],
  startTls,
  ...on.burl.length === 0 ? [] : [burl(on.burl)],
];

export const extensions: ReadonlyArray<Extension> = extensionsWith(NO_OPTIONS);
