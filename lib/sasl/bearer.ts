/**
 * OAUTHBEARER and XOAUTH2: a token in place of a password. Whether it holds is for others to say.
 * RFC 7628 §3; XOAUTH2 as its inventor describes it
 */
import { Redacted } from "effect";
import type { BearerToken } from "../envelope/login.ts";
import { readGs2 } from "./gs2.ts";
import type { Exchange, Mechanism, SaslStep } from "./mechanism.ts";
import { utf8Text } from "./text.ts";

/** The answer to a client whose token is refused, from which it can get another. */
export interface BearerHints {
  /** Scopes that a token must have, separated by blanks; empty: none is asked for. */
  readonly scope: string;
  /** Where the issuer describes itself; empty: not sent. */
  readonly openidConfiguration: string;
}

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

/** `key=value` pairs, each ended by %x01, the whole by one more; null where it is none. RFC 7628 §3.1 */
const readPairs = (text: string): ReadonlyMap<string, string> | null => {
  if (!text.endsWith("\x01\x01")) return null;
  const out = new Map<string, string>();
  for (const pair of text.slice(0, -2).split("\x01")) {
    const m = /^([A-Za-z]+)=([^\0]*)$/.exec(pair);
    if (m?.[1] === undefined || m[2] === undefined || out.has(m[1])) return null;
    out.set(m[1], m[2]);
  }
  return out;
};

/** The token of `Bearer <token>`; the scheme's case does not matter. RFC 6750 §2.1 */
const tokenOf = (auth: string | undefined): string | null =>
  /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(auth ?? "")?.[1] ?? null;

const check = (
  mechanism: string,
  authzid: string,
  token: string,
  failure: Uint8Array,
): SaslStep => {
  const bearer: BearerToken = { mechanism, authzid, token: Redacted.make(token) };
  return { _tag: "Check", claim: { _tag: "Token", bearer }, failure };
};

/** Before a balancer or a mapped port clients see the registered ports. RFC 8314 §7 */
const REGISTERED: ReadonlySet<string> = new Set(["465", "587"]);

/** Where the client says where it connected to, that must be here. RFC 7628 §3.1 */
const isHere = (pairs: ReadonlyMap<string, string>, { hosts, port }: Exchange): boolean => {
  const host = pairs.get("host")?.toLowerCase().replace(/\.$/, "").replace(/^\[(.*)\]$/, "$1");
  const at = pairs.get("port");
  return (host === undefined || hosts.includes(host)) &&
    (at === undefined || port === null || at === String(port) || REGISTERED.has(at));
};

/** Status, scope and issuer as JSON. RFC 7628 §3.2.2 */
const oauthFailure = (status: string, hints: BearerHints): Uint8Array =>
  encoder.encode(JSON.stringify({
    status,
    ...(hints.scope === "" ? {} : { scope: hints.scope }),
    ...(hints.openidConfiguration === ""
      ? {}
      : { "openid-configuration": hints.openidConfiguration }),
  }));

export const oauthBearer = (hints: BearerHints): Mechanism => {
  const wrong = (name: string): SaslStep => ({
    _tag: "Refused",
    claim: { mechanism: "OAUTHBEARER", name },
    failure: oauthFailure("invalid_request", hints),
  });
  const failure = oauthFailure("invalid_token", hints);
  const read = (message: Uint8Array, exchange: Exchange): SaslStep => {
    const gs2 = readGs2(utf8Text(message) ?? "");
    // there is nothing to bind a bearer token to a channel with
    if (gs2 === null || gs2.binding._tag === "Bound" || !gs2.rest.startsWith("\x01")) {
      return wrong(gs2?.authzid ?? "");
    }
    const pairs = readPairs(gs2.rest.slice(1));
    const token = tokenOf(pairs?.get("auth"));
    if (pairs === null || token === null || !isHere(pairs, exchange)) return wrong(gs2.authzid);
    return check("OAUTHBEARER", gs2.authzid, token, failure);
  };
  return {
    name: "OAUTHBEARER",
    start: (initial, exchange) =>
      initial === null
        ? { _tag: "Challenge", data: EMPTY, next: (message) => read(message, exchange) }
        : read(initial, exchange),
  };
};

/** The error as XOAUTH2's clients know it, with its line feed. */
const xoauth2Failure = (hints: BearerHints): Uint8Array =>
  encoder.encode(
    `${JSON.stringify({ status: "401", schemes: "bearer mac", scope: hints.scope })}\n`,
  );

export const xoauth2 = (hints: BearerHints): Mechanism => {
  const failure = xoauth2Failure(hints);
  const read = (message: Uint8Array): SaslStep => {
    const pairs = readPairs(utf8Text(message) ?? "");
    const user = pairs?.get("user") ?? "";
    const token = tokenOf(pairs?.get("auth"));
    if (user === "" || token === null) {
      return { _tag: "Refused", claim: { mechanism: "XOAUTH2", name: user }, failure };
    }
    return check("XOAUTH2", user, token, failure);
  };
  return {
    name: "XOAUTH2",
    start: (initial) =>
      initial === null ? { _tag: "Challenge", data: EMPTY, next: read } : read(initial),
  };
};
