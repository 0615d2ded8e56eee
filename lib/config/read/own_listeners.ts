/** What autodiscovery publishes about our own listeners: name, ports, ways to sign in. */
import type { OwnListeners } from "../../discovery/offer.ts";
import type { Auth } from "../../discovery/service.ts";
import type { MechanismName } from "../../sasl/all.ts";
import type { SocketAddress } from "../values/address.ts";

export interface OwnFacts {
  readonly hostname: string;
  readonly submission: ReadonlyArray<SocketAddress>;
  readonly submissions: ReadonlyArray<SocketAddress>;
  readonly mechanisms: ReadonlyArray<MechanismName>;
  /** Issuers of tokens, by their `iss`. */
  readonly issuers: ReadonlyArray<string>;
  /** Whether the HTTP endpoints are served. */
  readonly http: boolean;
}

export const ownListeners = (f: OwnFacts): OwnListeners => ({
  host: f.hostname,
  submission: f.submission.map((a) => a.port),
  submissions: f.submissions.map((a) => a.port),
  auth: authOf(f),
  oauthIssuer: f.issuers.find((i) => i.startsWith("https://")) ?? null,
  web: f.http ? f.hostname : null,
});

/**
 * Where a password may be sent as it is, under TLS, nothing is gained by telling of SCRAM as well: clients that have it
 * use it. Where it is all there is, it is told by its own name: "encrypted" is CRAM-MD5 to those that read it.
 */
const authOf = ({ mechanisms, issuers }: OwnFacts): ReadonlyArray<Auth> => {
  const plain = mechanisms.some((m) => m === "PLAIN" || m === "LOGIN");
  const scram = mechanisms.some((m) => m.startsWith("SCRAM-"));
  const bearer = mechanisms.some((m) => m === "OAUTHBEARER" || m === "XOAUTH2");
  const external = mechanisms.includes("EXTERNAL");
  const out: ReadonlyArray<Auth> = [
    ...(plain ? ["password" as const] : scram ? ["scram" as const] : []),
    ...(bearer && issuers.length > 0 ? ["oauth2" as const] : []),
  ];
  return out.length > 0 ? out : external ? ["certificate"] : ["none"];
};
