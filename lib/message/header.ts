/**
 * A header section as a list of fields that keeps every octet as it came. RFC 5322 §2.2
 *
 * Text is "one char per octet" (latin1) throughout; `decodeUtf8` where characters are meant.
 */

export interface Field {
  /** As written, without blanks before the colon. */
  readonly name: string;
  /** `name` in lower case. */
  readonly key: string;
  /**
   * The whole field as it came or as we wrote it: name, colon, value with its folding, final CRLF.
   * What is not changed leaves exactly as it came.
   */
  readonly raw: string;
  /** Where the value starts in `raw`: behind the colon. */
  readonly valueAt: number;
}

export interface Header {
  readonly fields: ReadonlyArray<Field>;
}
