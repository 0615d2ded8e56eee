/** How well a mechanism protects a login from listeners and men in the middle. RFC 4954 §6 */

/** Weakest first; each means itself and all that follow. */
export const STRENGTHS = [
  "plain",
  "scram-sha-1",
  "scram-sha-256",
  "scram-sha-256-plus",
  "external",
] as const;

/** How well a way to sign in keeps the password; an account may ask for a least one. */
export type Strength = typeof STRENGTHS[number];

export const isStrength = (text: string): text is Strength =>
  STRENGTHS.some((known) => known === text);

/** A token shows no password, as SCRAM does not, and is bound to no connection. */
const OF: Readonly<Record<string, Strength>> = {
  PLAIN: "plain",
  LOGIN: "plain",
  "SCRAM-SHA-1": "scram-sha-1",
  "SCRAM-SHA-1-PLUS": "scram-sha-1",
  "SCRAM-SHA-256": "scram-sha-256",
  OAUTHBEARER: "scram-sha-256",
  XOAUTH2: "scram-sha-256",
  "SCRAM-SHA-256-PLUS": "scram-sha-256-plus",
  EXTERNAL: "external",
};

/** Whether a login by `mechanism` satisfies `minimum`. */
export const strongEnough = (mechanism: string, minimum: Strength): boolean =>
  STRENGTHS.indexOf(OF[mechanism] ?? "plain") >= STRENGTHS.indexOf(minimum);
