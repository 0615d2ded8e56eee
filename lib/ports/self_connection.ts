/**
 * A connection to itself: a program that dials a local port within the kernel's ephemeral range may get that port
 * as its own, and TCP connects it to itself (RFC 9293 §3.5, simultaneous open). Nothing listens there, and the
 * connection keeps the port from a program that wants to.
 */

/** Of a socket of the runtime; absent where it is not connected, or not over IP. */
export interface Ends {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

export const meetsItself = (s: Ends): boolean =>
  s.localPort !== undefined && s.localPort === s.remotePort &&
  s.localAddress !== undefined && s.localAddress === s.remoteAddress;

/** As if nobody had listened. */
export class ConnectedToItself extends Error {
  readonly code = "ECONNREFUSED";

  constructor() {
    super("connection refused: it led back to itself");
  }
}

interface Dialled extends Ends {
  readonly once: (event: "connect", listener: () => void) => unknown;
  readonly destroy: (error: Error) => unknown;
}

/** Ends `socket`, which is being connected, by an error where it comes out at itself. Gives it back. */
export const notToItself = <A extends Dialled>(socket: A): A => {
  socket.once("connect", () => {
    if (meetsItself(socket)) socket.destroy(new ConnectedToItself());
  });
  return socket;
};
