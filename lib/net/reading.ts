/**
 * Stops and starts the reads of a TCP connection that has TLS around it.
 *
 * `pause` of the TLS socket stops what comes out of it, not what goes in: the runtime reads and decrypts on, as fast
 * as the peer sends, and holds all of it. `pause` of the TCP socket stops nothing either, since TLS reads from the
 * handle beneath. There the reads can be stopped; no documented way leads to it.
 */
import type { Socket } from "node:net";

interface Handle {
  readonly readStart?: () => unknown;
  readonly readStop?: () => unknown;
}

/** Null once the connection is gone. */
const handleOf = (socket: Socket): Handle | null | undefined =>
  (socket as { readonly _handle?: Handle | null })._handle;

export const stopReading = (beneath: Socket): void => void handleOf(beneath)?.readStop?.();
export const startReading = (beneath: Socket): void => void handleOf(beneath)?.readStart?.();
