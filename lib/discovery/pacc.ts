/**
 * PACC: one JSON document, and a digest of its octets in DNS. draft-ietf-mailmaint-pacc-03
 *
 * Only implicit TLS on the registered port can be expressed; other services are left out and reported. PC-5..PC-14
 */
import { base64, sha256 } from "./digest.ts";
import type { Offer } from "./offer.ts";
import { labelOf, type Service, urlOf } from "./service.ts";

/** The draft renamed `smtp` to `submit`; both are written with one value, as both are read. PC-6 */
const KEYS: Readonly<Partial<Record<Service["kind"], ReadonlyArray<string>>>> = {
  submission: ["smtp", "submit"],
  imap: ["imap"],
  pop3: ["pop3"],
  jmap: ["jmap"],
  caldav: ["caldav"],
  carddav: ["carddav"],
};

/** Whether the draft has words for this service. PC-6..PC-9 */
export const representable = (s: Service): boolean => {
  if (KEYS[s.kind] === undefined || s.port !== labelOf(s)?.port) return false;
  if (s.security === "implicit") return true;
  return s.security === "https" && (s.kind === "jmap" || (s.path !== null && s.path !== "/"));
};

/** What PACC cannot say about an offer, as codes for people. */
export const paccLints = (offer: Offer): ReadonlyArray<{ code: string; message: string }> => {
  const out: Array<{ code: string; message: string }> = [];
  for (const s of offer.services) {
    // STARTTLS beside implicit TLS of the same kind is no loss
    const better = offer.services.some((o) => o.kind === s.kind && representable(o));
    if (representable(s) || better) continue;
    out.push({
      code: "pacc-not-representable",
      message: `${s.kind} on ${s.host}:${s.port} cannot be expressed in PACC and is left out`,
    });
  }
  if (offer.services.some((s) => s.username !== "address")) {
    out.push({
      code: "pacc-username",
      message: "PACC knows the whole address as user name only, so it is not offered",
    });
  }
  return out;
};

/** The document, or null where it is not offered or has nothing to say. PC-12: same offer, same octets */
export const paccDocument = (offer: Offer): string | null => {
  if (!offer.pacc || offer.services.some((s) => s.username !== "address")) return null;
  const protocols: Record<string, unknown> = {};
  for (const s of offer.services.filter(representable)) {
    for (const key of KEYS[s.kind] ?? []) {
      protocols[key] ??= s.security === "https" ? { url: urlOf(s) } : { host: s.host };
    }
  }
  if (Object.keys(protocols).length === 0) return null;
  const auth = offer.services.flatMap((s) => s.auth);
  return canonical({
    authentication: {
      ...((["password", "encrypted", "scram"] as const).some((a) => auth.includes(a))
        ? { password: true }
        : {}),
      ...(offer.oauthIssuer === null ? {} : { "oauth-public": { issuer: offer.oauthIssuer } }),
    },
    info: {
      provider: {
        name: offer.name.slice(0, 60),
        ...(offer.shortName === offer.name ? {} : { shortName: offer.shortName.slice(0, 20) }),
      },
      ...(offer.documentation === null ? {} : { help: { documentation: offer.documentation } }),
    },
    protocols,
  });
};

/** The value of `_ua-auto-config.DOMAIN`. PC-2 */
export const paccDigest = async (document: string): Promise<string> =>
  `v=UAAC1; a=sha256; d=${base64(await sha256(document))}`;

/** Keys sorted at every level, no white space. */
const canonical = (value: unknown): string =>
  JSON.stringify(
    value,
    (_, v: unknown) =>
      typeof v === "object" && v !== null && !Array.isArray(v)
        ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => a < b ? -1 : 1))
        : v,
  );
