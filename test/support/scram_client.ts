/** A SCRAM client written from the text of RFC 5802 alone, with the hashes of the runtime. */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

export class ScramClient {
  readonly #hash: string;
  readonly #password: string;
  readonly #binding: Uint8Array | null;
  readonly #gs2: string;
  readonly #bare: string;
  readonly #nonce = randomBytes(18).toString("base64");
  #signature = "";

  /** `binding`: data of tls-server-end-point, for the `-PLUS` mechanisms. */
  constructor(
    hash: "SHA-1" | "SHA-256",
    name: string,
    password: string,
    binding: Uint8Array | null,
  ) {
    this.#hash = hash.replace("-", "").toLowerCase();
    this.#password = password.normalize("NFKC");
    this.#binding = binding;
    this.#gs2 = binding === null ? "n,," : "p=tls-server-end-point,,";
    const escaped = name.replaceAll("=", "=3D").replaceAll(",", "=2C");
    this.#bare = `n=${escaped},r=${this.#nonce}`;
  }

  #hmac(key: Uint8Array, message: string): Buffer {
    return createHmac(this.#hash, key).update(message, "utf8").digest();
  }

  /** client-first-message. RFC 5802 §7 */
  first(): string {
    return this.#gs2 + this.#bare;
  }

  /** client-final-message for this server-first-message. */
  async final(serverFirst: string): Promise<string> {
    const m = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst);
    if (m === null || !m[1]!.startsWith(this.#nonce)) throw new Error(`odd: ${serverFirst}`);
    const size = this.#hash === "sha1" ? 20 : 32;
    const salted = await promisify(pbkdf2)(
      this.#password,
      Buffer.from(m[2]!, "base64"),
      Number(m[3]),
      size,
      this.#hash,
    );
    const clientKey = this.#hmac(salted, "Client Key");
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const cbind = Buffer.concat([Buffer.from(this.#gs2), this.#binding ?? new Uint8Array(0)]);
    const withoutProof = `c=${cbind.toString("base64")},r=${m[1]}`;
    const auth = `${this.#bare},${serverFirst},${withoutProof}`;
    const signature = this.#hmac(storedKey, auth);
    const proof = clientKey.map((octet, i) => octet ^ signature[i]!);
    this.#signature = this.#hmac(this.#hmac(salted, "Server Key"), auth).toString("base64");
    return `${withoutProof},p=${Buffer.from(proof).toString("base64")}`;
  }

  /** Whether the server has shown that it knows the keys. */
  trusts(serverFinal: string): boolean {
    return serverFinal === `v=${this.#signature}`;
  }
}
