/** The certificate of a client, from its handshake. RFC 8314 §4.2 */
import { createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { ClientCertificate } from "../ports/accounts.ts";
import { certificateParts, elements } from "./der_read.ts";

const SUBJECT_ALT_NAME = "551d11";
const RFC822_NAME = 0x81;
const SEQUENCE = 0x30;

/** rfc822Name entries that are printable ASCII, as all of them have to be. RFC 5280 §4.2.1.6 */
export const mailNames = (der: Uint8Array): ReadonlyArray<string> => {
  const value = certificateParts(der)?.extensions.get(SUBJECT_ALT_NAME);
  const [names] = elements(value ?? new Uint8Array(0)) ?? [];
  if (names?.tag !== SEQUENCE) return [];
  return (elements(names.content) ?? []).flatMap((name) => {
    const text = name.tag === RFC822_NAME ? String.fromCharCode(...name.content) : "";
    return /^[\x21-\x7e]+$/.test(text) ? [text] : [];
  });
};

export const fingerprintOf = (der: Uint8Array): string =>
  createHash("sha256").update(der).digest("hex");

/**
 * Whether the runtime has found the chain good. `authorized` is set only by its own TLS server, which
 * cannot take over a connection in the middle; below it lies the verdict itself. Whatever is not
 * understood counts as not verified.
 */
const verified = (socket: TLSSocket): boolean => {
  const handle: unknown = Reflect.get(socket, "ssl");
  if (typeof handle !== "object" || handle === null) return false;
  const verifyError: unknown = Reflect.get(handle, "verifyError");
  if (typeof verifyError !== "function") return false;
  const verdict: unknown = Reflect.apply(verifyError, handle, []);
  return verdict === "" || verdict === null; // the runtime's own word, and Node's
};

/** Certificates that were verified, and are still known; the oldest go first. */
const MOST = 10_000;

/**
 * Reads the client's certificate off a finished handshake; null where none was shown, or none that the
 * authorities vouch for.
 *
 * A resumed session brings its certificate along and is not verified again: to the runtime it looks good
 * whatever came of it the first time. So only what was found good in a full handshake counts in a
 * resumed one, and only while it has not expired.
 */
export const makeClientReader = (): (socket: TLSSocket) => ClientCertificate | null => {
  const good = new Set<string>();
  const remember = (fingerprint: string): void => {
    good.delete(fingerprint);
    good.add(fingerprint);
    for (const oldest of good) {
      if (good.size <= MOST) break;
      good.delete(oldest);
    }
  };
  return (socket) => {
    const { raw, valid_to: until } = socket.getPeerCertificate();
    if (raw === undefined) return null;
    const der = new Uint8Array(raw);
    const fingerprint = fingerprintOf(der);
    if (socket.isSessionReused()) {
      if (!good.has(fingerprint) || !(Date.parse(until) > Date.now())) return null;
    } else {
      if (!verified(socket)) return null;
      remember(fingerprint);
    }
    return { fingerprint, addresses: mailNames(der) };
  };
};
