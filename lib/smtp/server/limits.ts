/** What a server lets its clients do: the limits of the machine, and of the server that drives it. */
import type { Duration } from "effect";

/** Of one session, as far as the machine counts. */
export interface SessionLimits {
  /** Octets of a message. */
  readonly messageBytes: number;
  /** RCPT commands of one transaction. RFC 5321 §4.5.3.1.8, RFC 9422 §4.2 */
  readonly recipients: number;
  /** MAIL commands of one connection. RFC 9422 §4.1 */
  readonly messagesPerSession: number;
  /** Octets of a command line with its CRLF. RFC 5321 §4.5.3.1.4 */
  readonly commandLineBytes: number;
  /** Octets of a line in an AUTH exchange with its CRLF. RFC 4954 §4 */
  readonly authLineBytes: number;
  /** Refused commands without an accepted message between them until the session is closed. */
  readonly errors: number;
  /** Commands without a message until the session is closed. */
  readonly idleCommands: number;
  /** Failed logins in a session until it is closed. RFC 4954 §9 */
  readonly authFailures: number;
}

/** Of a server with all its connections. */
export interface ServerLimits extends SessionLimits {
  /** Octets of a header. */
  readonly headerBytes: number;
  /** Octets of message data of all sessions that are not on disk yet; without it any number. */
  readonly dataBytes?: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Between commands. */
  readonly idle: Duration.Duration;
  /** Between octets of a message. */
  readonly data: Duration.Duration;
  /** For a TLS handshake, or the PROXY header before it. */
  readonly handshake: Duration.Duration;
}
