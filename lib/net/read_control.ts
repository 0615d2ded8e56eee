/**
 * The reads of a TCP connection that has TLS around it: stops and starts them, and gives back what they leave.
 *
 * `pause` of the TLS socket stops what comes out of it, not what goes in: the runtime reads and decrypts on, as fast
 * as the peer sends, and holds all of it. `pause` of the TCP socket stops nothing either, since TLS reads from the
 * handle beneath. There the reads can be stopped; no documented way leads to it.
 */
import type { Socket } from "node:net";

interface Handle {
  onread?: (octets?: unknown) => unknown;
  readonly readStart?: () => unknown;
  readonly readStop?: () => unknown;
}

/** Null once the connection is gone. */
const handleOf = (socket: Socket): Handle | null | undefined =>
  (socket as { readonly _handle?: Handle | null })._handle;

/**
 * What was read for TLS is decrypted at once, and nobody looks at it again. It is given back then and not left to the
 * collector, with which a large message would pile up in memory, encrypted, as long as it comes.
 */
export const giveBackReads = (beneath: Socket): void => {
  const handle = handleOf(beneath);
  const read = handle?.onread;
  if (handle === null || handle === undefined || read === undefined) return;
  handle.onread = function (this: unknown, octets?: unknown): unknown {
    const result = read.call(this, octets);
    if (octets instanceof ArrayBuffer && octets.byteLength > 0) octets.transfer(0);
    return result;
  };
};

export const stopReading = (beneath: Socket): void => void handleOf(beneath)?.readStop?.();
export const startReading = (beneath: Socket): void => void handleOf(beneath)?.readStart?.();
