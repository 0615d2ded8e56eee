/**
 * One name server, over one TCP connection: reads its records and changes them. Asks it for its own data (RD=0) and
 * keeps nothing. RFC 7766 §6.2
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
// @ts-types="npm:@types/dns-packet@5.6.5"
import dnsPacket, { type Answer, type RecordType as PacketType } from "dns-packet";
import type { Change, LiveSet, LiveValue } from "../../discovery/plan.ts";
import type { RecordData, RecordSet, RecordType } from "../../discovery/record.ts";
import { ConnectedToItself, meetsItself } from "../../ports/self_connection.ts";
import { checkResponse, signMessage, type TsigKey } from "./tsig.ts";
import { encodeChanges, encodeQuestion, meaningOf, overtaken } from "./update.ts";
import { encodeData } from "../wire.ts";

/** What went wrong, in a person's words. */
export class NameServerFault extends Error {
  override readonly name = "NameServerFault";
}

export type UpdateOutcome =
  | { readonly _tag: "Done" }
  /** Somebody else was faster. */
  | { readonly _tag: "Overtaken"; readonly reason: string };

/** What a server shows of a name that belongs into one of its zones. */
export type SetsAt =
  | { readonly _tag: "Sets"; readonly sets: ReadonlyArray<LiveSet> }
  /** The name lies in another zone, of this server or of one that it names. */
  | { readonly _tag: "Elsewhere" }
  /** The delegation of a zone that this server holds as well, and answers from in its place. */
  | { readonly _tag: "Hidden" };

const randomId = (): number => crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;

const seconds = (): number => Math.floor(Date.now() / 1000);

/** Header flag AA. */
const AUTHORITATIVE = 0x0400;

interface Waiting {
  readonly id: number;
  readonly resolve: (octets: Uint8Array) => void;
  readonly reject: (e: NameServerFault) => void;
}

export class NameServer {
  readonly #label: string;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #held = Buffer.alloc(0);
  #waiting: Waiting | null = null;

  private constructor(label: string, socket: Socket, timeoutMs: number) {
    this.#label = label;
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on("data", (chunk) => this.#take(Buffer.from(chunk)));
    const end = (e?: Error): void => this.#fail(e?.message ?? "the connection was closed");
    socket.on("error", end);
    socket.on("close", () => end());
  }

  static open(host: string, port: number, timeoutMs: number): Promise<NameServer> {
    const label = `${host}:${port}`;
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        socket.destroy();
        reject(new NameServerFault(`${label}: ${reason}`));
      };
      const timer = setTimeout(() => fail("no connection in time"), timeoutMs);
      const failed = (e: Error): void => {
        clearTimeout(timer);
        fail(e.message);
      };
      const socket = connect({ host, port }, () => {
        if (meetsItself(socket)) return void socket.destroy(new ConnectedToItself());
        clearTimeout(timer);
        socket.off("error", failed);
        resolve(new NameServer(label, socket, timeoutMs));
      });
      socket.once("error", failed);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The apex of the zone that `name` is in, as this server has it. DU-7 */
  async zoneOf(name: string): Promise<string> {
    const apex = await this.#apexOf(name);
    if (apex !== null) return apex;
    throw new NameServerFault(`${this.#label}: is not authoritative for ${name}`);
  }

  /** Null: this server does not answer for it. */
  async #apexOf(name: string): Promise<string | null> {
    const said = await this.#query(name, "SOA");
    if (((said.flags ?? 0) & AUTHORITATIVE) === 0) return null;
    // what comes along with an alias is of its target; and an alias is at no apex
    const alias = said.answers?.some((r) => r.type === "CNAME" && r.name.toLowerCase() === name);
    const dot = name.indexOf(".");
    if (alias === true) return dot < 0 ? null : await this.#apexOf(name.slice(dot + 1));
    const soa = [...said.answers ?? [], ...said.authorities ?? []].find((r) => r.type === "SOA");
    return soa?.name.toLowerCase() ?? null;
  }

  /** The sets of `types` at `owner`, and an alias if there is one. */
  async setsAt(zone: string, owner: string, types: ReadonlyArray<RecordType>): Promise<SetsAt> {
    const delegation = types.every((t) => t === "NS");
    const apex = await this.#apexOf(owner);
    if (apex !== null && apex !== zone) {
      return { _tag: delegation && apex === owner ? "Hidden" : "Elsewhere" };
    }
    const sets = new Map<RecordType, LiveSet>();
    for (const type of types) {
      const said = await this.#query(owner, type);
      const rcode = (said.flags ?? 0) & 0x0f;
      if (rcode !== 0 && rcode !== 3) {
        throw new NameServerFault(`${this.#label}: ${owner} ${type}: answered with code ${rcode}`);
      }
      if (((said.flags ?? 0) & AUTHORITATIVE) === 0) {
        // at a cut the parent names the servers of the child in its referral. RFC 1034 §4.2.1
        const cut = liveSets(said.authorities ?? [], owner).filter((s) => s.type === "NS");
        return cut.length === 0 || !delegation
          ? { _tag: "Elsewhere" }
          : { _tag: "Sets", sets: cut };
      }
      for (const set of liveSets(said.answers ?? [], owner)) sets.set(set.type, set);
      if (rcode === 3) break;
    }
    return { _tag: "Sets", sets: [...sets.values()] };
  }

  /** Sends all changes at once. */
  async update(
    zone: string,
    changes: ReadonlyArray<Change>,
    key: TsigKey,
  ): Promise<UpdateOutcome> {
    const rcode = await this.#signed(encodeChanges(randomId(), zone, changes), key);
    if (rcode === 0) return { _tag: "Done" };
    if (overtaken(rcode)) return { _tag: "Overtaken", reason: meaningOf(rcode) };
    throw new NameServerFault(`${this.#label}: ${meaningOf(rcode)}`);
  }

  /** Whether the zone itself has just this set, also where another zone of the server hides it from queries. */
  async holds(zone: string, set: RecordSet, key: TsigKey): Promise<boolean> {
    const rcode = await this.#signed(encodeQuestion(randomId(), zone, set), key);
    if (rcode === 0 || overtaken(rcode)) return rcode === 0;
    throw new NameServerFault(`${this.#label}: ${meaningOf(rcode)}`);
  }

  /** The response code to a message of update, whose signature was checked. */
  async #signed(message: Uint8Array, key: TsigKey): Promise<number> {
    const { octets, mac } = signMessage(message, key, seconds());
    const response = await this.#exchange(octets);
    const rcode = (response[3] ?? 0) & 0x0f;
    const checked = checkResponse(response, key, mac, seconds());
    if (checked._tag === "Good") return rcode;
    const reason = rcode === 0 ? checked.reason : `${meaningOf(rcode)}; ${checked.reason}`;
    throw new NameServerFault(`${this.#label}: ${reason}`);
  }

  async #query(name: string, type: RecordType): Promise<ReturnType<typeof dnsPacket.decode>> {
    const asked: PacketType = type;
    const query = dnsPacket.encode({
      type: "query",
      id: randomId(),
      flags: 0,
      questions: [{ type: asked, name, class: "IN" }],
    });
    const octets = await this.#exchange(query);
    try {
      return dnsPacket.decode(Buffer.from(octets));
    } catch {
      throw new NameServerFault(`${this.#label}: ${name} ${type}: malformed answer`);
    }
  }

  #exchange(message: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail("no answer in time"), this.#timeoutMs);
      const settle = <A>(f: (a: A) => void) => (a: A): void => {
        clearTimeout(timer);
        this.#waiting = null;
        f(a);
      };
      const id = ((message[0] ?? 0) << 8) | (message[1] ?? 0);
      this.#waiting = { id, resolve: settle(resolve), reject: settle(reject) };
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      this.#socket.write(Buffer.concat([length, message]));
    });
  }

  #take(chunk: Uint8Array): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    if (this.#held.length < 2) return;
    const size = this.#held.readUInt16BE(0);
    if (this.#held.length < size + 2) return;
    const octets = Uint8Array.from(this.#held.subarray(2, size + 2));
    this.#held = Buffer.from(this.#held.subarray(size + 2));
    if (octets.length < 12 || ((octets[0] ?? 0) << 8 | (octets[1] ?? 0)) !== this.#waiting?.id) {
      this.#fail("answered another question");
    } else this.#waiting.resolve(octets);
  }

  #fail(reason: string): void {
    this.#waiting?.reject(new NameServerFault(`${this.#label}: ${reason}`));
  }
}

const liveSets = (answers: ReadonlyArray<Answer>, owner: string): ReadonlyArray<LiveSet> => {
  const sets = new Map<RecordType, { ttl: number; values: Array<LiveValue> }>();
  for (const answer of answers) {
    if (answer.name.toLowerCase() !== owner) continue;
    const value = liveValue(answer);
    if (value === null) continue;
    const ttl = "ttl" in answer ? Number(answer.ttl ?? 0) : 0;
    const set = sets.get(value.data.type) ?? { ttl, values: [] };
    set.values.push(value);
    sets.set(value.data.type, set);
  }
  return [...sets].map(([type, set]) => ({ owner, type, ...set }));
};

const liveValue = (a: Answer): LiveValue | null => {
  if (a.type === "TXT") {
    const strings = [a.data].flat().map((s) => Buffer.from(s));
    return {
      data: { type: "TXT", text: Buffer.concat(strings).toString("utf8") },
      wire: Buffer.concat(strings.flatMap((s) => [Uint8Array.of(s.length), s])),
    };
  }
  const data = dataOf(a);
  return data === null ? null : { data, wire: encodeData(data) };
};

const dataOf = (a: Answer): RecordData | null => {
  switch (a.type) {
    case "A":
    case "AAAA":
      return { type: a.type, address: a.data.toLowerCase() };
    case "CNAME":
    case "NS":
      return { type: a.type, target: a.data };
    case "MX":
      return { type: "MX", preference: a.data.preference ?? 0, target: a.data.exchange };
    case "SRV": {
      const { priority = 0, weight = 0, port, target } = a.data;
      return { type: "SRV", priority, weight, port, target };
    }
    case "CAA":
      return { type: "CAA", flags: a.data.flags ?? 0, tag: a.data.tag, value: a.data.value };
    case "TLSA": {
      const { usage, selector, matchingType: matching, certificate } = a.data;
      return {
        type: "TLSA",
        usage,
        selector,
        matching,
        certificate: Buffer.from(certificate).toString("hex"),
      };
    }
    default:
      return null;
  }
};
