/** The last known offers of next hops. */
import { Context } from "effect";

/** The part of an EHLO reply that decides whether a message can go there. */
export interface RememberedOffer {
  readonly eightBitMime: boolean;
  readonly smtpUtf8: boolean;
  /** Octets; null where no limit was announced. RFC 1870 §4 */
  readonly maxSize: number | null;
  readonly dsn: boolean;
  /** CHUNKING and BINARYMIME. RFC 3030 §3 */
  readonly binary: boolean;
  readonly requireTls: boolean;
  /** The connection was under TLS, or could have been. */
  readonly tls: boolean;
}

/** Both answer at once. By `hopKey`. Where nobody remembers, nothing is known. */
export class HopMemory extends Context.Reference<{
  /** Null: not known, or too long ago to count. */
  readonly recall: (hop: string) => RememberedOffer | null;
  readonly learn: (hop: string, offer: RememberedOffer) => void;
}>("postern/HopMemory", { defaultValue: () => ({ recall: () => null, learn: () => {} }) }) {}
