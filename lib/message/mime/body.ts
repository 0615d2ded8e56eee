/** The known facts about a body that streamed past; its octets are in the spool. */

export interface BodyFacts {
  readonly octets: number;
  /** Holds an octet above 0x7f. */
  readonly eightBit: boolean;
  /** All 8-bit octets form valid UTF-8. */
  readonly validUtf8: boolean;
  /** Longest line in octets without its CRLF. */
  readonly longestLine: number;
  /** Base64 of SHA-256 over its relaxed form; absent or null where no key could sign. RFC 6376 §3.4.4 */
  readonly relaxedHash?: string | null;
}
