/** Opaque tokens: the issuer is asked about each. RFC 7662 §2 */
import { Redacted } from "effect";
import type { TokenResult } from "../ports/tokens.ts";
import { admit, type Claims, invalid, LEEWAY_SECONDS } from "./claims.ts";
import type { Issuer, TokenSource } from "./issuer.ts";

const TIMEOUT = 5_000;
const LONGEST_ANSWER = 65_536;

/** RFC 6749 §2.3.1 */
const basic = (id: string, secret: string): string =>
  `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`;

const bounded = async (response: Response): Promise<string> => {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LONGEST_ANSWER) throw new Error("the issuer's answer is too long");
  }
  return text;
};

/** Rejects where the issuer gives no answer that can be used. */
const ask = async (
  source: TokenSource & { readonly _tag: "Introspection" },
  token: string,
): Promise<Claims> => {
  const response = await fetch(source.url, {
    method: "POST",
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT),
    headers: {
      accept: "application/json",
      authorization: basic(source.clientId, Redacted.value(source.secret)),
    },
    body: new URLSearchParams({ token, token_type_hint: "access_token" }),
  });
  const text = await bounded(response);
  if (!response.ok) throw new Error(`the issuer answered ${response.status}`);
  const claims: unknown = JSON.parse(text);
  if (typeof claims !== "object" || claims === null) throw new Error("the issuer's answer is odd");
  return { ...claims };
};

/** What the issuer need not say is not asked for, but what it says has to fit. RFC 7662 §2.2 */
const fault = (issuer: Issuer, claims: Claims, now: number): string | null => {
  const { iss, aud, exp, nbf } = claims;
  if (claims["active"] !== true) return "it is not active";
  if (iss !== undefined && iss !== issuer.issuer) return "it is of another issuer";
  const audience: ReadonlyArray<unknown> = Array.isArray(aud) ? aud : [aud];
  if (issuer.audience.length > 0 && !issuer.audience.some((a) => audience.includes(a))) {
    return "it is for another audience";
  }
  if (exp !== undefined && !(typeof exp === "number" && exp + LEEWAY_SECONDS > now)) {
    return "it has expired";
  }
  if (nbf !== undefined && !(typeof nbf === "number" && nbf - LEEWAY_SECONDS <= now)) {
    return "it is not valid yet";
  }
  return null;
};

export const introspect = async (
  issuer: Issuer,
  source: TokenSource & { readonly _tag: "Introspection" },
  token: string,
  nowMillis: number,
): Promise<TokenResult> => {
  const claims = await ask(source, token);
  const wrong = fault(issuer, claims, Math.floor(nowMillis / 1000));
  return wrong === null ? admit(issuer, claims) : invalid(wrong);
};
