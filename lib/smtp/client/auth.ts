/** Signing in at a next hop: PLAIN, or LOGIN where nothing better is offered. RFC 4954 §4, RFC 4616 §2 */
import { Redacted } from "effect";
import type { Offer } from "./offer.ts";
import type { Session } from "./state.ts";

export interface Exchange {
  /** The AUTH command. */
  readonly command: string;
  /** Lines that answer the challenges, in order. */
  readonly answers: ReadonlyArray<string>;
}

const base64 = (text: string): string => {
  let octets = "";
  for (const b of new TextEncoder().encode(text)) octets += String.fromCharCode(b);
  return btoa(octets);
};

/** What to say; null where the server offers no mechanism that we speak. */
export const exchange = (
  offer: Offer,
  credentials: NonNullable<Session["credentials"]>,
): Exchange | null => {
  const { username } = credentials;
  const password = Redacted.value(credentials.password);
  if (offer.auth.includes("PLAIN")) {
    return { command: `AUTH PLAIN ${base64(`\0${username}\0${password}`)}\r\n`, answers: [] };
  }
  return offer.auth.includes("LOGIN")
    ? { command: "AUTH LOGIN\r\n", answers: [base64(username), base64(password)] }
    : null;
};
