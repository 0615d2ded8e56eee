/** A certificate chain with its key: reading and checking. */
import { Data, Effect } from "effect";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsPolicy } from "../ports/certificates.ts";
import { endPointOf } from "./end_point.ts";
import { candidates, dnsNames } from "./names.ts";
import type { TaggedErrorClass } from "../ports/tagged_error.ts";

/** Paths of PEM files. */
export interface PairFiles {
  readonly certificate: string;
  readonly key: string;
}

const BadPairBase: TaggedErrorClass<"BadPair"> = Data.TaggedError("BadPair");

/** A pair that cannot be used; `file` is the one to blame. Never holds key material. */
export class BadPair extends BadPairBase<{
  readonly file: string;
  readonly reason: string;
}> {
  override get message(): string {
    return `${this.file}: ${this.reason}`;
  }
}

export interface Pair {
  readonly files: PairFiles;
  readonly context: SecureContext;
  /** dNSName entries, lower case, `*.` allowed. */
  readonly names: ReadonlyArray<string>;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  /** The same. */
  readonly notAfter: number;
  /** The data of `tls-server-end-point`; null where the certificate allows none. RFC 5929 §4 */
  readonly endPoint: Uint8Array | null;
}

const WEEK_MS = 7 * 86_400_000;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** What clients will, or will soon, hold against it. `hostname`: a name that it should have; null: any. RFC 7817 §5 */
export const pairWarnings = (
  pair: Pick<Pair, "names" | "notBefore" | "notAfter">,
  hostname: string | null,
  now: number,
): ReadonlyArray<string> => {
  const { names, notBefore, notAfter } = pair;
  const out: Array<string> = [];
  if (notBefore > now) out.push(`is not valid before ${dayOf(notBefore)}`);
  if (notAfter < now) out.push(`has expired on ${dayOf(notAfter)}`);
  else if (notAfter - now < WEEK_MS) out.push(`expires on ${dayOf(notAfter)}`);
  if (hostname !== null && !candidates(hostname).some((n) => names.includes(n))) {
    out.push(`does not hold the name ${hostname}`);
  }
  return out;
};

/** What tells that a file changed. */
export interface Stamp {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Reads both files and checks that they are PEM and belong together. `policy` null: the pair is only looked at. `clientCa`: the authorities, in PEM,
 * that may vouch for clients.
 */
export const loadPair = (
  files: PairFiles,
  policy: TlsPolicy | null,
  clientCa: string | null = null,
): Effect.Effect<Pair, BadPair> =>
  Effect.gen(function* () {
    const cert = yield* readText(files.certificate);
    const key = yield* readText(files.key);
    const leaf = yield* leafOf(files.certificate, cert);
    const privateKey = yield* keyOf(files.key, key);
    if (!(yield* belongs(files, leaf, privateKey))) {
      return yield* new BadPair({
        file: files.key,
        reason: `is not the key of the certificate in ${files.certificate}`,
      });
    }
    const context = yield* Effect.try({
      try: () =>
        createSecureContext({
          cert,
          key,
          ...(policy ?? { minVersion: "TLSv1.2" }),
          ...(clientCa === null ? {} : { ca: clientCa }),
        }),
      catch: () => new BadPair({ file: files.certificate, reason: "cannot be used for TLS" }),
    });
    return {
      files,
      context,
      names: dnsNames(leaf.subjectAltName),
      notBefore: +leaf.validFromDate,
      notAfter: +leaf.validToDate,
      endPoint: endPointOf(new Uint8Array(leaf.raw)),
    };
  });

/** The authorities that may vouch for clients: every certificate of the file must parse. */
export const loadAuthorities = (file: string): Effect.Effect<string, BadPair> =>
  Effect.tap(readText(file), (text) => leafOf(file, text));

const readText = (file: string): Effect.Effect<string, BadPair> =>
  Effect.tryPromise({
    try: () => Deno.readTextFile(file),
    catch: (e) => new BadPair({ file, reason: readFault(e) }),
  });

const readFault = (e: unknown): string => {
  if (e instanceof Deno.errors.NotFound) return "there is no such file";
  if (e instanceof Deno.errors.PermissionDenied) return "no permission to read it";
  if (e instanceof Deno.errors.NotCapable) return "this run of deno was not granted access to it";
  return "cannot be read";
};

const CERTIFICATE = "-----BEGIN CERTIFICATE-----";

/** The first certificate; the others of the chain must at least parse, or a half-written file would pass. */
const leafOf = (file: string, text: string): Effect.Effect<X509Certificate, BadPair> =>
  Effect.gen(function* () {
    const blocks = text.split(CERTIFICATE).slice(1).map((b) => CERTIFICATE + b);
    const parsed = yield* Effect.try({
      try: () => blocks.map((b) => new X509Certificate(b)),
      catch: () => new BadPair({ file, reason: "holds a certificate that cannot be read" }),
    });
    const leaf = parsed[0];
    return leaf === undefined
      ? yield* new BadPair({ file, reason: "holds no certificate in PEM form" })
      : leaf;
  });

const keyOf = (file: string, text: string): Effect.Effect<KeyObject, BadPair> => {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text)) {
    return Effect.fail(
      new BadPair({ file, reason: "is encrypted; the server needs the key without a passphrase" }),
    );
  }
  return Effect.try({
    try: () => createPrivateKey(text),
    catch: () =>
      new BadPair({
        file,
        reason: text.includes("PRIVATE KEY-----")
          ? "holds a private key that cannot be read"
          : "holds no private key in PEM form",
      }),
  });
};

const belongs = (
  files: PairFiles,
  leaf: X509Certificate,
  key: KeyObject,
): Effect.Effect<boolean, BadPair> =>
  Effect.try({
    try: () => leaf.checkPrivateKey(key),
    catch: () => new BadPair({ file: files.key, reason: "is of a kind that is not supported" }),
  });

/** Modification time, size and identity of both files; `-` for one that is not there. */
export const stampOf = (files: PairFiles): Effect.Effect<Stamp> =>
  Effect.all({ certificate: stampOne(files.certificate), key: stampOne(files.key) });

const stampOne = (file: string): Effect.Effect<string> =>
  Effect.promise(() =>
    Deno.stat(file).then(
      (s) => `${s.mtime?.getTime()} ${s.size} ${s.ino}`,
      () => "-",
    )
  );
