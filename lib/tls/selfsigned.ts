/**
 * A self-signed certificate for the first start: ECDSA P-256, made by WebCrypto alone. RFC 5280 §4.1, RFC 5758 §3.2
 *
 * Writes no file.
 */
import { parseLiteral } from "../address/domain.ts";
import {
  bitString,
  integer,
  octetString,
  oid,
  sequence,
  set,
  time,
  tlv,
  TRUE,
  utf8String,
} from "./der.ts";

export interface SelfSigned {
  readonly certificatePem: string;
  /** PKCS #8, not encrypted. */
  readonly keyPem: string;
}

const DAY = 86_400_000;

/**
 * For `names`: A-label host names and IP addresses; the first name is the subject. Valid from a day
 * before `now` (milliseconds), so that clocks may differ, for `days`.
 */
export const makeSelfSigned = async (
  names: readonly [string, ...ReadonlyArray<string>],
  now: number,
  days = 3650,
): Promise<SelfSigned> => {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const body = toBeSigned(names, publicKey, now - DAY, now + days * DAY);
  const raw = new Uint8Array(
    await crypto.subtle.sign(
      { name: "ECDSA", hash: "SHA-256" },
      pair.privateKey,
      new Uint8Array(body),
    ),
  );
  const signature = sequence(integer(raw.subarray(0, 32)), integer(raw.subarray(32)));
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  return {
    certificatePem: pem("CERTIFICATE", sequence(body, ECDSA_SHA256, bitString(signature))),
    keyPem: pem("PRIVATE KEY", key),
  };
};

const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

const toBeSigned = (
  names: readonly [string, ...ReadonlyArray<string>],
  publicKey: Uint8Array,
  from: number,
  until: number,
): Uint8Array => {
  const serial = crypto.getRandomValues(new Uint8Array(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and never short
  const subject = sequence(set(sequence(oid("2.5.4.3"), utf8String(names[0]))));
  return sequence(
    tlv(0xa0, integer(Uint8Array.of(2))), // version 3
    integer(serial),
    ECDSA_SHA256,
    subject,
    sequence(time(from), time(until)),
    subject,
    publicKey,
    tlv(0xa3, sequence(...extensions(names))),
  );
};

/**
 * A server's certificate and no authority: to trust this file is to trust this server and nothing else, and TLS
 * libraries that refuse an authority in a server's place take it.
 */
const extensions = (names: ReadonlyArray<string>): ReadonlyArray<Uint8Array> => [
  extension("2.5.29.17", false, sequence(...names.map(generalName))), // subjectAltName
  extension("2.5.29.19", true, sequence()), // basicConstraints: no CA
  extension("2.5.29.15", true, tlv(0x03, Uint8Array.of(7, 0x80))), // digitalSignature
  extension("2.5.29.37", false, sequence(oid("1.3.6.1.5.5.7.3.1"))), // serverAuth
];

const extension = (id: string, critical: boolean, value: Uint8Array): Uint8Array =>
  critical ? sequence(oid(id), TRUE, octetString(value)) : sequence(oid(id), octetString(value));

/** dNSName or iPAddress. RFC 5280 §4.2.1.6 */
const generalName = (name: string): Uint8Array => {
  const ip = addressOctets(name);
  return ip === null ? tlv(0x82, new TextEncoder().encode(name)) : tlv(0x87, ip);
};

const addressOctets = (name: string): Uint8Array | null => {
  if (parseLiteral(`[${name}]`) !== null) return Uint8Array.from(name.split(".").map(Number));
  if (!name.includes(":") || parseLiteral(`[IPv6:${name}]`) === null) return null;
  // the URL parser prints every IPv6 address in groups of hexadecimal digits
  const [head = "", tail] = new URL(`http://[${name}]/`).hostname.slice(1, -1).split("::");
  const groups = (s: string) => s === "" ? [] : s.split(":").map((g) => parseInt(g, 16));
  const [front, back] = [groups(head), groups(tail ?? "")];
  const all = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Uint8Array.from(all.flatMap((g) => [g >>> 8, g & 0xff]));
};

const pem = (label: string, der: Uint8Array): string => {
  const base64 = btoa(Array.from(der, (b) => String.fromCharCode(b)).join(""));
  return `-----BEGIN ${label}-----\n${base64.replace(/.{1,64}/g, "$&\n")}-----END ${label}-----\n`;
};
