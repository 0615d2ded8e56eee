/** The digest of a certificate's public key, as TLSA 3 1 1 has it. It outlives renewals that keep the key. RFC 7671 §5.1 */
import { createHash, X509Certificate } from "node:crypto";

/** `pem`: the certificate, perhaps with others behind it; hexadecimal. Throws where it cannot be read. */
export const spkiSha256 = (pem: string): string => {
  const spki = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
};
