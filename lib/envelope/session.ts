/** The facts about a session when a message arrived, for Received, the trail and the log. */

export interface TlsFacts {
  /** `TLSv1.3` */
  readonly version: string;
  /** IANA name, such as `TLS_AES_256_GCM_SHA384`. RFC 8314 §4.3 */
  readonly cipher: string;
}

/** What is known of the connection that a submission came over. */
export interface SessionFacts {
  /** Random, one per connection; in each of its log lines. */
  readonly id: string;
  readonly listener: "submission" | "submissions";
  /** Textual IP address of the client. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** Argument of the last EHLO or HELO; printable ASCII, at most 255 octets, not to be trusted. */
  readonly helo: string;
  /** EHLO rather than HELO. RFC 3848 */
  readonly extended: boolean;
  readonly tls: TlsFacts | null;
}
