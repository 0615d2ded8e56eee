/**
 * SCRAM: both sides show that they know the password, and neither sends it. With `-PLUS` also that
 * both see the same TLS connection. RFC 5802 §3, §5; RFC 7677 §3
 *
 * The only channel binding is `tls-server-end-point`: the runtime gives no TLS exporter, which
 * `tls-exporter` and `tls-unique` need. RFC 5929 §4, RFC 9266 §2
 */
import type { Proof, ScramHash, ScramKeys } from "../envelope/login.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { type Gs2Header, readGs2, readSaslName } from "./gs2.ts";
import type { Exchange, Mechanism, SaslStep } from "./mechanism.ts";
import { proofHolds, serverSignature } from "./scram_proof.ts";
import { nearlyText, utf8Text } from "./text.ts";

const EMPTY = new Uint8Array(0);
const END_POINT = "tls-server-end-point";
const encoder = new TextEncoder();

interface Kind {
  readonly name: string;
  readonly hash: ScramHash;
  readonly plus: boolean;
}

/** The client's first message, found good. */
interface First {
  readonly gs2: Gs2Header;
  readonly authcid: string;
  readonly nonce: string;
  /** Data that the client's final message must repeat behind the gs2 header. */
  readonly binding: Uint8Array;
}

// reserved `m=` has no place in it; attributes that nobody knows are passed over. RFC 5802 §5.1
const BARE = /^n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,]*)*$/;
const FINAL =
  /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,]*)*),p=([A-Za-z0-9+/=]+)$/;

/** What the gs2 flag binds to; null where the flag is not allowed. RFC 5802 §6 */
const bindingOf = (kind: Kind, gs2: Gs2Header, exchange: Exchange): Uint8Array | null => {
  switch (gs2.binding._tag) {
    case "None":
      return kind.plus ? null : EMPTY;
    case "Unoffered": // somebody took the offer out on its way
      return kind.plus || exchange.plus ? null : EMPTY;
    case "Bound":
      return kind.plus && gs2.binding.type === END_POINT ? exchange.endPoint : null;
  }
};

const readFirst = (kind: Kind, message: Uint8Array, exchange: Exchange): First | null => {
  const text = utf8Text(message);
  const gs2 = text === null ? null : readGs2(text);
  const bare = gs2 === null ? null : BARE.exec(gs2.rest);
  if (gs2 === null || bare === null) return null;
  const [, name = "", nonce = ""] = bare;
  const authcid = readSaslName(name);
  const binding = bindingOf(kind, gs2, exchange);
  return authcid === null || binding === null ? null : { gs2, authcid, nonce, binding };
};

const first = (kind: Kind, message: Uint8Array, exchange: Exchange): SaslStep => {
  const read = readFirst(kind, message, exchange);
  if (read === null) {
    const name = /,n=([^,]*)/.exec(nearlyText(message))?.[1] ?? "";
    return { _tag: "Refused", claim: { mechanism: kind.name, name } };
  }
  return {
    _tag: "Keys",
    hash: kind.hash,
    authcid: read.authcid,
    next: (keys) => {
      const nonce = read.nonce + keys.nonce;
      const told = `r=${nonce},s=${encodeBase64(keys.salt)},i=${keys.iterations}`;
      return {
        _tag: "Challenge",
        data: encoder.encode(told),
        next: (response) => final(kind, read, keys, nonce, told, response),
      };
    },
  };
};

/** The last message; wrong ones of every kind are one failed login. */
const final = (
  kind: Kind,
  read: First,
  keys: ScramKeys,
  nonce: string,
  told: string,
  response: Uint8Array,
): SaslStep => {
  const claim = (valid: boolean): Proof => ({
    mechanism: kind.name,
    authzid: read.gs2.authzid,
    authcid: read.authcid,
    valid: valid && keys.revision !== null,
    revision: keys.revision,
  });
  const wrong: SaslStep = { _tag: "Check", claim: { _tag: "Proof", proof: claim(false) } };
  const text = utf8Text(response);
  const m = text === null ? null : FINAL.exec(text);
  if (m === null) return wrong;
  const [, withoutProof = "", cbind = "", echoed, proofText = ""] = m;
  const bound = new Uint8Array([...encoder.encode(read.gs2.text), ...read.binding]);
  if (cbind !== encodeBase64(bound) || echoed !== nonce) return wrong;
  const message = encoder.encode(`${read.gs2.rest},${told},${withoutProof}`);
  const proof = decodeBase64(proofText);
  if (proof === null || !proofHolds(kind.hash, keys.storedKey, message, proof)) return wrong;
  const signature = encodeBase64(serverSignature(kind.hash, keys.serverKey, message));
  return {
    _tag: "Check",
    claim: { _tag: "Proof", proof: claim(true) },
    // SMTP has no data with 235: the last word is one more challenge. RFC 4954 §4
    success: encoder.encode(`v=${signature}`),
  };
};

const scram = (kind: Kind): Mechanism => ({
  name: kind.name,
  ...(kind.plus ? { offered: (channel) => channel.endPoint !== null } : {}),
  start: (initial, exchange) =>
    initial === null
      ? { _tag: "Challenge", data: EMPTY, next: (message) => first(kind, message, exchange) }
      : first(kind, initial, exchange),
});

export const scramSha1: Mechanism = scram({ name: "SCRAM-SHA-1", hash: "SHA-1", plus: false });
export const scramSha1Plus: Mechanism = scram({
  name: "SCRAM-SHA-1-PLUS",
  hash: "SHA-1",
  plus: true,
});
export const scramSha256: Mechanism = scram({
  name: "SCRAM-SHA-256",
  hash: "SHA-256",
  plus: false,
});
export const scramSha256Plus: Mechanism = scram({
  name: "SCRAM-SHA-256-PLUS",
  hash: "SHA-256",
  plus: true,
});
