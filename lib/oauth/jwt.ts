/**
 * Signed tokens: verified with the issuer's keys and a fixed list of algorithms. Before that, nothing in a token is
 * trusted or fetched. RFC 8725 §3, RFC 7519 §7.2
 */
import { errors, jwtVerify } from "jose";
import type { TokenResult } from "../ports/tokens.ts";
import { admit, invalid, LEEWAY_SECONDS } from "./claims.ts";
import type { Issuer } from "./issuer.ts";
import type { KeySet } from "./key_set.ts";

/** The token's own fault; anything else is the issuer's, or ours. */
const TOKEN_FAULTS = [
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
] as const;

/** Rejects where the keys cannot be had. */
export const checkJwt = async (
  issuer: Issuer,
  keys: KeySet,
  token: string,
  nowMillis: number,
): Promise<TokenResult> => {
  const set = await keys();
  try {
    const { payload } = await jwtVerify(token, set, {
      issuer: issuer.issuer,
      audience: [...issuer.audience],
      algorithms: [...issuer.algorithms],
      requiredClaims: ["exp"],
      clockTolerance: LEEWAY_SECONDS,
      currentDate: new Date(nowMillis),
    });
    return admit(issuer, payload);
  } catch (e) {
    if (e instanceof errors.JOSEError && TOKEN_FAULTS.some((fault) => e instanceof fault)) {
      return invalid(e.code);
    }
    throw e;
  }
};
