/** `[auth]`: the mechanisms, and the issuers of bearer tokens. */
import { z } from "zod";
import { ALGORITHMS } from "../../oauth/issuer.ts";
import { MECHANISMS, USUAL_MECHANISMS } from "../../sasl/all.ts";

const text = z.string().min(1, { error: "must not be empty" });

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** https, or http to this machine: tokens and keys go over no open line. RFC 8725 §3.10 */
export const isSafeUrl = (s: string): boolean => {
  if (!URL.canParse(s)) return false;
  const { protocol, hostname } = new URL(s);
  return protocol === "https:" || (protocol === "http:" && LOOPBACK.has(hostname));
};

export const isUrl = (s: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(s);

const SAFE = "must be an https URL, or an http URL of this machine";

export const oauth = z.strictObject({
  issuer: text.describe("The iss of its tokens, exactly as they have it"),
  audience: z.array(text).default([]).describe(
    "One of these must be in aud; needed with jwks",
  ),
  jwks: text.refine((s) => !isUrl(s) || isSafeUrl(s), {
    error: `must be the path of a file, or ${SAFE.slice("must be ".length)}`,
  }).optional().describe(
    "Its public keys (JWK Set): a file, or an https URL. Either this or introspection",
  ),
  introspection: z.string().refine(isSafeUrl, { error: SAFE }).optional().describe(
    "URL where it is asked about every token. RFC 7662",
  ),
  client_id: text.optional().describe("Our name at the introspection URL"),
  client_secret: text.optional().describe("Its password; better kept in client_secret_file"),
  client_secret_file: text.optional().describe("File whose first line is that password"),
  algorithms: z.array(
    z.enum(ALGORITHMS, { error: `must be among ${ALGORITHMS.join(", ")}` }),
  ).min(1, { error: "needs at least one algorithm" }).default(["RS256", "ES256", "EdDSA"]).describe(
    "Signatures that are taken",
  ),
  user_claim: text.default("email").describe("The claim that holds the login name"),
  scope: z.string().default("").describe("Scopes that a token must have, separated by blanks"),
  openid_configuration: z.string().refine((s) => s === "" || isSafeUrl(s), { error: SAFE }).default(
    "",
  ).describe("Where clients find the issuer's description; sent when a token is refused"),
}).describe("An issuer of tokens for OAUTHBEARER and XOAUTH2");

export const auth = z.strictObject({
  mechanisms: z.array(
    z.enum(MECHANISMS, { error: `must be among ${MECHANISMS.join(", ")}` }),
  ).min(1, { error: "needs at least one mechanism" }).default([...USUAL_MECHANISMS]).describe(
    "Offered in this order, as far as certificates and issuers allow",
  ),
  oauth: z.array(oauth).default([]).describe("Issuers of bearer tokens"),
}).prefault({}).describe("How clients may sign in, always under TLS");

export type OauthEntry = z.infer<typeof oauth>;
