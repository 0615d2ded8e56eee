/**
 * Probes a mail server: TLS, the names of its certificate, its capabilities. docs/design/autodiscovery.md §9.7
 *
 * Sends no credentials. Nothing is sent over a connection whose certificate is not valid.
 */
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Probe, ProbeReport, ProbeRequest, ProbeState } from "../discovery/discover/ports.ts";
import { ConnectedToItself, meetsItself } from "../ports/self_connection.ts";
import { covers } from "./certificate_names.ts";
import type { Guard } from "./guard.ts";
import { type Dialogue, dialogueOf } from "./probe_dialogue.ts";
import { holdsSrvId } from "./srv_id.ts";
import { Broken, TextLines } from "./text_lines.ts";

export interface ProbeSettings {
  readonly guard: Guard;
  /** PEM file with the authorities; null: those of the system. */
  readonly ca: string | null;
  /** Which ports may be connected to; null: all. */
  readonly ports: ((port: number) => boolean) | null;
}

/** Ends a look with what it came to. */
class Ended extends Error {
  readonly state: ProbeState;

  constructor(state: ProbeState, reason: string) {
    super(reason);
    this.state = state;
  }
}

type Certificate = NonNullable<ProbeReport["certificate"]>;

/** What is known so far, whatever happens next. */
interface Seen {
  certificate: Certificate | null;
  capabilities: ReadonlyArray<string>;
  mechanisms: ReadonlyArray<string>;
}

export const probeOf = (settings: ProbeSettings): Probe => {
  const ca = settings.ca === null ? null : readFileSync(settings.ca, "utf8");
  return async (request) => {
    const seen: Seen = { certificate: null, capabilities: [], mechanisms: [] };
    const report = (state: ProbeState, reason: string): ProbeReport => ({ state, reason, ...seen });
    if (settings.ports?.(request.port) === false) {
      return report("forbidden", `port ${request.port} is none of mail`);
    }
    const places = await settings.guard(request.host);
    switch (places._tag) {
      case "NotFound":
        return report("no-address", `${request.host} has no address`);
      case "Trouble":
        return report("timeout", places.reason);
      case "Forbidden":
        return report("forbidden", places.reason);
      case "Places": {
        let last = report("refused", "no address");
        for (const address of places.addresses) {
          last = await look(request, address, ca, seen, report);
          if (last.state !== "refused" && last.state !== "timeout") return last;
        }
        return last;
      }
    }
  };
};

const look = async (
  request: ProbeRequest,
  address: string,
  ca: string | null,
  seen: Seen,
  report: (state: ProbeState, reason: string) => ProbeReport,
): Promise<ProbeReport> => {
  const open: Array<Socket> = [];
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Ended("timeout", "no answer in time")),
    request.timeoutMs,
  );
  const abort = () => late.reject(new Ended("timeout", "given up"));
  request.signal.addEventListener("abort", abort, { once: true });
  try {
    if (request.signal.aborted) abort();
    await Promise.race([converse(request, address, ca, seen, open), late.promise]);
    leave(open);
    return report("tls-ok", "");
  } catch (e) {
    // there is nothing more to say, and whatever comes is not read
    open.forEach((s) => s.destroy());
    if (e instanceof Ended) return report(e.state, e.message);
    if (e instanceof Broken) return report("protocol", e.message);
    throw e;
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", abort);
  }
};

/** Sends what is still buffered; a peer that does not close afterwards is dropped. */
const leave = (open: ReadonlyArray<Socket>): void => {
  open.at(-1)?.end();
  const timer = setTimeout(() => open.forEach((s) => s.destroy()), LINGER_MS);
  open[0]?.once("close", () => clearTimeout(timer));
};

const LINGER_MS = 300;

const converse = async (
  request: ProbeRequest,
  address: string,
  ca: string | null,
  seen: Seen,
  open: Array<Socket>,
): Promise<void> => {
  const dialogue = dialogueOf(request.protocol);
  const raw = await tcp(address, request.port, open);
  const io = request.security === "implicit"
    ? new TextLines(await tls(raw, request, ca, seen, open))
    : await upgraded(raw, request, ca, seen, open, dialogue);
  if (request.security === "implicit") await dialogue.greeting(io);
  seen.capabilities = await dialogue.capabilities(io);
  seen.mechanisms = [...new Set(dialogue.mechanisms(seen.capabilities))];
  io.send(dialogue.goodbye);
};

/** In clear up to STARTTLS; what came before TLS counts for nothing. RFC 3207 §4.2 */
const upgraded = async (
  raw: Socket,
  request: ProbeRequest,
  ca: string | null,
  seen: Seen,
  open: Array<Socket>,
  dialogue: Dialogue,
): Promise<TextLines> => {
  const io = new TextLines(raw);
  await dialogue.greeting(io);
  if (!dialogue.offersTls(await dialogue.capabilities(io))) {
    throw new Ended("no-starttls", "the server does not offer STARTTLS");
  }
  await dialogue.startTls(io);
  if (io.pending > 0) {
    throw new Ended("injected", "something was sent in clear behind the answer to STARTTLS");
  }
  io.adopt(await tls(io.release(), request, ca, seen, open));
  await dialogue.again(io);
  return io;
};

const tcp = (address: string, port: number, open: Array<Socket>): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectTcp({ host: address, port });
    open.push(socket);
    socket.on("error", () => {}); // one without a listener would end the process
    socket.once("error", (e) => reject(new Ended("refused", e.message)));
    socket.once("connect", () => {
      if (meetsItself(socket)) reject(new Ended("refused", new ConnectedToItself().message));
      else resolve(socket);
    });
  });

const tls = (
  raw: Socket,
  request: ProbeRequest,
  ca: string | null,
  seen: Seen,
  open: Array<Socket>,
): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    raw.pause();
    const socket = connectTls({
      socket: raw,
      minVersion: "TLSv1.2",
      ...(isIP(request.host) === 0 ? { servername: request.host } : {}),
      ...(ca === null ? {} : { ca: [ca] }),
      // whatever it is, it is looked at; nothing is sent unless it holds
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    open.push(socket);
    socket.on("error", () => {});
    socket.once("error", (e) => reject(new Ended("tls-failed", e.message)));
    socket.once("close", () => reject(new Ended("tls-failed", "closed in the handshake")));
    socket.once("secureConnect", () => {
      const certificate = new X509Certificate(socket.getPeerCertificate().raw);
      seen.certificate = described(certificate);
      const fault = faultOf(certificate, request, socket.authorizationError);
      if (fault === null) resolve(socket);
      else reject(fault);
    });
  });

const spki = (c: X509Certificate): string =>
  createHash("sha256").update(c.publicKey.export({ type: "spki", format: "der" })).digest("hex");

const described = (c: X509Certificate): Certificate => ({
  names: (c.subjectAltName ?? "").split(", ").filter((n) => n !== "")
    .map((n) => n.replace(/^(DNS|IP Address):/, "")),
  notAfter: new Date(c.validTo).toISOString(),
  spkiSha256: spki(c),
  sha256: c.fingerprint256.replaceAll(":", "").toLowerCase(),
});

/** Which of the ways in which a certificate does not hold this is; the time first, then the name. SEC-8 */
const faultOf = (
  c: X509Certificate,
  request: ProbeRequest,
  error: Error | string | null | undefined,
): Ended | null => {
  const code = error === null || error === undefined ? "" : String(error);
  if (Date.parse(c.validTo) < Date.now()) {
    return new Ended("expired", `the certificate expired on ${c.validTo}`);
  }
  if (/SELF_SIGNED/.test(code)) {
    return new Ended("self-signed", "no authority has signed the certificate");
  }
  const hosts = [request.host, ...request.names];
  const named = hosts.some((h) => covers(c.subjectAltName ?? "", h)) ||
    holdsSrvId(c.raw, request.srvIds);
  if (!named) return new Ended("name-mismatch", `the certificate is not for ${hosts.join(" or ")}`);
  return code === "" ? null : new Ended("untrusted", `the certificate is not trusted: ${code}`);
};
