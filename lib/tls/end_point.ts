/** The channel binding `tls-server-end-point`: a hash over the certificate that the server shows. RFC 5929 §4 */
import { createHash } from "node:crypto";
import { certificateParts, oidsIn } from "./der_read.ts";

/**
 * The one hash of each signature algorithm and hash function, by identifier in hex. MD5 and SHA-1
 * are replaced by SHA-256. RFC 5929 §4.1
 */
const HASHES: Readonly<Record<string, string>> = {
  "2a864886f70d010104": "sha256", // md5WithRSAEncryption
  "2a864886f70d010105": "sha256", // sha1WithRSAEncryption
  "2a864886f70d01010b": "sha256", // sha256WithRSAEncryption
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a864886f70d01010e": "sha224",
  "2a8648ce3d0401": "sha256", // ecdsa-with-SHA1
  "2a8648ce3d040301": "sha224",
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
  "608648016503040201": "sha256", // the hash functions themselves, for RSASSA-PSS
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
  "608648016503040204": "sha224",
  "2b0e03021a": "sha256", // SHA-1
};

const PSS = "2a864886f70d01010a";

/** Null where the signature has no single hash, such as Ed25519, so that the binding is not defined. */
const hashOf = (der: Uint8Array): string | null => {
  const parts = certificateParts(der);
  if (parts === null) return null;
  const [algorithm = "", ...parameters] = oidsIn(parts.signatureAlgorithm);
  if (algorithm !== PSS) return HASHES[algorithm] ?? null;
  // RSASSA-PSS names its hash, and another for the mask; SHA-1 where it names none. RFC 4055 §3.1
  const named = new Set(parameters.flatMap((oid) => HASHES[oid] ?? []));
  const [only = "sha256"] = named;
  return named.size > 1 ? null : only;
};

/** `der`: the leaf certificate. */
export const endPointOf = (der: Uint8Array): Uint8Array | null => {
  const hash = hashOf(der);
  return hash === null ? null : new Uint8Array(createHash(hash).update(der).digest());
};
