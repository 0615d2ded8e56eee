/** DNS messages by `dns-packet`: one question out, the answer read with suspicion. RFC 1035 §4, RFC 5452 §9 */
import { Buffer } from "node:buffer";
// @ts-types="npm:@types/dns-packet@5.6.5"
import dnsPacket, { type Answer } from "dns-packet";

export type QueryType = "MX" | "A" | "AAAA";

/** What a server said to one question. */
export type Said =
  | { readonly _tag: "Records"; readonly records: ReadonlyArray<Answer>; readonly ttl: number }
  | { readonly _tag: "NoSuchDomain"; readonly ttl: number }
  /** The name is an alias, and what it stands for was not told along with it. RFC 1034 §3.6.2 */
  | { readonly _tag: "Alias"; readonly target: string; readonly ttl: number }
  | { readonly _tag: "Truncated" }
  | { readonly _tag: "Trouble"; readonly reason: string };

/** Octets that a UDP answer may have. RFC 6891 §6.2.5 */
const UDP_SIZE = 1232;
/** RFC 2308 §5: an answer that nothing exists is kept this long at most, in seconds. */
const MAX_NEGATIVE = 300;

export const encodeQuery = (id: number, name: string, type: QueryType): Uint8Array =>
  dnsPacket.encode({
    type: "query",
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type, name, class: "IN" }],
    additionals: [{
      type: "OPT",
      name: ".",
      udpPayloadSize: UDP_SIZE,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    }],
  });

const sameName = (a: string, b: string): boolean =>
  a.replace(/\.$/, "").toLowerCase() === b.replace(/\.$/, "").toLowerCase();

const RCODE = 0x0f;
const TRUNCATED = 0x0200;

/** Null: not the answer to this question; whoever waits goes on waiting. RFC 5452 §9.1 */
export const readAnswer = (
  octets: Uint8Array,
  id: number,
  name: string,
  type: QueryType,
): Said | null => {
  let packet: ReturnType<typeof dnsPacket.decode>;
  try {
    packet = dnsPacket.decode(Buffer.from(octets));
  } catch {
    return octets.length >= 2 && ((octets[0]! << 8) | octets[1]!) === id
      ? { _tag: "Trouble", reason: "malformed answer" }
      : null;
  }
  const question = packet.questions?.[0];
  if (packet.type !== "response" || packet.id !== id) return null;
  if (question === undefined || question.type !== type || !sameName(question.name, name)) {
    return null;
  }
  const flags = packet.flags ?? 0;
  if ((flags & TRUNCATED) !== 0) return { _tag: "Truncated" };
  const rcode = flags & RCODE;
  if (rcode !== 0 && rcode !== 3) {
    return { _tag: "Trouble", reason: `server answered with code ${rcode}` };
  }
  const soa = packet.authorities?.find((r) => r.type === "SOA");
  const negative = Math.min(
    MAX_NEGATIVE,
    soa !== undefined && soa.type === "SOA" ? Math.min(soa.ttl ?? 0, soa.data.minimum ?? 0) : 60,
  );
  if (rcode === 3) return { _tag: "NoSuchDomain", ttl: negative };
  const { at, records } = follow(packet.answers ?? [], name, type);
  const ttl = Math.min(...(packet.answers ?? []).map((r) => "ttl" in r ? Number(r.ttl ?? 0) : 0));
  if (records.length > 0) return { _tag: "Records", records, ttl };
  return sameName(at, name)
    ? { _tag: "Records", records, ttl: negative }
    : { _tag: "Alias", target: at, ttl };
};

/** Aliases in a row that are followed; a loop ends there too. */
export const MAX_ALIASES = 8;

/** The records of `type` at `name` or at what it is an alias for; `at`: how far the answer led. RFC 1034 §3.6.2 */
const follow = (
  answers: ReadonlyArray<Answer>,
  name: string,
  type: QueryType,
): { readonly at: string; readonly records: ReadonlyArray<Answer> } => {
  let at = name;
  for (let i = 0; i <= MAX_ALIASES; i++) {
    const records = answers.filter((a) => a.type === type && sameName(a.name, at));
    if (records.length > 0) return { at, records };
    const alias = answers.find((a) => a.type === "CNAME" && sameName(a.name, at));
    if (alias === undefined || alias.type !== "CNAME") break;
    at = alias.data;
  }
  return { at, records: [] };
};
