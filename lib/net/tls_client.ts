/** The client's side of a TLS handshake, and what it trusts. RFC 3207 §4, RFC 9525 */
import { Effect } from "effect";
import { readFile } from "node:fs/promises";
import { isIP, type Socket } from "node:net";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { TlsFailed, type TlsRequest } from "../ports/dialer.ts";
import { chainOf, daneFault } from "./dane.ts";
import { covers } from "./certificate_names.ts";
import { holdsSrvId } from "./srv_id.ts";

/** PEM files, each read once. */
export class Authorities {
  readonly #files = new Map<string, Promise<string>>();

  pem(file: string): Promise<string> {
    let text = this.#files.get(file);
    if (text === undefined) {
      text = readFile(file, "utf8");
      this.#files.set(file, text);
      // a file that cannot be read now may be readable later
      text.catch(() => this.#files.delete(file));
    }
    return text;
  }
}

const failed = (reason: string, cause: unknown, untrusted = false): TlsFailed =>
  new TlsFailed({ reason, untrusted, cause });

/** Codes that speak of the certificate, not of the handshake. */
const ABOUT_TRUST = /CERT|ISSUER|SIGNATURE|SELF_SIGNED|ALTNAME/;

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";

/** TLS around `raw`, which nobody reads any more. On failure the socket is destroyed. */
export const secure = (
  raw: Socket,
  request: TlsRequest,
  authorities: Authorities,
): Effect.Effect<TLSSocket, TlsFailed> => {
  // octets that come before the handshake reads must wait in the socket
  raw.pause();
  const file = byAuthorities(request) ? request.ca : null;
  const ca = file === null ? Effect.succeed(null) : Effect.tryPromise({
    try: () => authorities.pem(file),
    catch: (cause) => failed("the file with the authorities cannot be read", cause),
  });
  return Effect.flatMap(ca, (pem) => handshake(raw, request, pem));
};

const namesOf = (r: TlsRequest): ReadonlyArray<string> => r.names ?? [r.name];

const speaksFor = (c: PeerCertificate, r: TlsRequest): boolean =>
  namesOf(r).some((n) => covers(c.subjectaltname ?? "", n)) ||
  (r.srvIds !== undefined && holdsSrvId(c.raw, r.srvIds));

const byAuthorities = (r: TlsRequest): boolean => r.verify && r.tlsa === undefined;

const mismatch = (
  tls: TLSSocket,
  records: NonNullable<TlsRequest["tlsa"]>,
  names: ReadonlyArray<string>,
): string | null => {
  try {
    return daneFault(chainOf(tls.getPeerCertificate(true)), records, names, Date.now());
  } catch {
    return "a certificate cannot be read";
  }
};

const handshake = (raw: Socket, request: TlsRequest, ca: string | null) =>
  Effect.callback<TLSSocket, TlsFailed>((resume) => {
    const tls = connect({
      socket: raw,
      minVersion: "TLSv1.2",
      rejectUnauthorized: byAuthorities(request),
      // an IP address is no SNI; the check below compares it all the same. RFC 6066 §3
      ...(isIP(request.name) === 0 ? { servername: request.name } : { host: request.name }),
      ...(ca === null ? {} : { ca: [ca] }),
      checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
        speaksFor(certificate, request)
          ? undefined
          : Object.assign(new Error("name not in certificate"), { code: "ALTNAME" }),
    });
    const give = (error: TlsFailed) => {
      clearTimeout(timer);
      tls.destroy();
      raw.destroy();
      resume(Effect.fail(error));
    };
    const onError = (cause: unknown) =>
      give(
        ABOUT_TRUST.test(codeOf(cause))
          ? failed("certificate is not trusted for this host", cause, true)
          : failed("handshake failed", cause),
      );
    const onClose = () => give(failed("server closed the connection in the handshake", null));
    const timer = setTimeout(() => give(failed("handshake timed out", null)), request.timeoutMs);
    tls.on("error", () => {});
    tls.once("error", onError).once("close", onClose).once("secureConnect", () => {
      clearTimeout(timer);
      tls.removeListener("error", onError).removeListener("close", onClose);
      if (byAuthorities(request) && !tls.authorized) {
        return give(failed("certificate is not trusted for this host", null, true));
      }
      const fault = request.tlsa === undefined
        ? null
        : mismatch(tls, request.tlsa, namesOf(request));
      if (fault !== null) return give(failed(`DANE: ${fault}`, null, true));
      tls.setNoDelay(true);
      resume(Effect.succeed(tls));
    });
    return Effect.sync(() => {
      clearTimeout(timer);
      tls.destroy();
      raw.destroy();
    });
  });
