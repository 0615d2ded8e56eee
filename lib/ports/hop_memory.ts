/** The last known offers of next hops. */
import { Context, Layer } from "effect";

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

/** Remembers what hops last offered; `hop` as `hopKey` writes it. */
export interface HopMemoryService {
  /** Null: not known, or too long ago to count. */
  readonly recall: (hop: string) => RememberedOffer | null;
  readonly learn: (hop: string, offer: RememberedOffer) => void;
}

const HopMemoryBase: Context.ServiceClass<HopMemory, "postern/HopMemory", HopMemoryService> =
  Context.Service<
    HopMemory,
    HopMemoryService
  >()("postern/HopMemory");

/** Both answer at once. By `hopKey`. */
export class HopMemory extends HopMemoryBase {}

/** Remembers nothing, so that nothing is known. */
export const noHopMemory: Layer.Layer<HopMemory> = Layer.succeed(HopMemory, {
  recall: () => null,
  learn: () => {},
});
