/** The header by which SCRAM and OAUTHBEARER begin. RFC 5801 §4 */

/** What the client says of channel binding: it cannot, it could but thinks we cannot, or it does. */
export type Binding =
  | { readonly _tag: "None" }
  | { readonly _tag: "Unoffered" }
  | { readonly _tag: "Bound"; readonly type: string };

export interface Gs2Header {
  readonly binding: Binding;
  /** Empty where none was given. */
  readonly authzid: string;
  /** The header with its last comma, as it was sent. */
  readonly text: string;
  readonly rest: string;
}

// an empty `a=` has no right to be there, and some clients send it where there is no name to give
const HEADER = /^(?:([ny])|p=([A-Za-z0-9.-]+)),(?:a=([^,]*))?,/;

/** Null where it is none; `F,` for non-standard mechanisms is none for ours. */
export const readGs2 = (message: string): Gs2Header | null => {
  const m = HEADER.exec(message);
  if (m === null) return null;
  const [text, flag, type, name = ""] = m;
  const authzid = name === "" ? "" : readSaslName(name);
  if (authzid === null) return null;
  const binding: Binding = type !== undefined
    ? { _tag: "Bound", type }
    : { _tag: flag === "y" ? "Unoffered" : "None" };
  return { binding, authzid, text, rest: message.slice(text.length) };
};

/** A name in which `,` and `=` stand as `=2C` and `=3D`; null for any other `=`. RFC 5802 §5.1 */
export const readSaslName = (text: string): string | null => {
  if (text === "" || text.includes("\0") || /=(?!2C|3D)/.test(text)) return null;
  return text.replaceAll("=2C", ",").replaceAll("=3D", "=");
};
