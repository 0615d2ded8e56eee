/**
 * A DNS server on loopback, UDP and TCP on one port, that answers only what a test lists.
 *
 * Whatever is not listed gets REFUSED, so that a question nobody expected is seen.
 */
import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import net from "node:net";
// @ts-types="npm:@types/dns-packet@5.6.5"
import dnsPacket, { type Answer } from "dns-packet";

export interface DnsReply {
  readonly answers?: ReadonlyArray<Answer>;
  readonly authorities?: ReadonlyArray<Answer>;
  /** 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN. */
  readonly rcode?: number;
  /** Over UDP only the header and the TC bit. */
  readonly truncated?: boolean;
  /** No answer at all, or only the forged one. */
  readonly silent?: boolean;
  /** Sent before the true answer: forgeries with a wrong id, a wrong question, or no DNS at all. */
  readonly forged?: "id" | "question" | "garbage";
  /** Milliseconds before the answer. */
  readonly delay?: number;
  /** Over UDP the name comes back in lower case. */
  readonly lowers?: boolean;
  /** FORMERR to whoever speaks EDNS. */
  readonly noEdns?: boolean;
  /** The AD bit. */
  readonly ad?: boolean;
}

/** By `TYPE name`, such as `MX example.org`. */
export type Zone = Readonly<Record<string, DnsReply>>;

const keyOf = ({ type, name }: dnsPacket.Question): string => `${type} ${name.toLowerCase()}`;

const FORMERR = 1;
const REFUSED = 5;
const RESPONSE = dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE;

export class DnsServer {
  /** `udp MX example.org`, in the order asked. */
  readonly asked: Array<string> = [];
  /** Ids and source ports of the queries over UDP. */
  readonly ids: Array<number> = [];
  readonly ports: Array<number> = [];
  readonly #zone: Zone;
  #stopped = false;
  readonly #udp: Socket = createSocket("udp4");
  readonly #tcp: net.Server;

  private constructor(zone: Zone) {
    this.#zone = zone;
    this.#udp.on("message", (octets, from) => {
      this.ports.push(from.port);
      this.#later(octets, () => {
        for (const reply of this.#replies(octets, "udp")) {
          this.#udp.send(reply, from.port, from.address);
        }
      });
    });
    this.#tcp = net.createServer((socket) => {
      socket.on("error", () => socket.destroy());
      let held: Buffer = Buffer.alloc(0);
      socket.on("data", (d) => {
        held = Buffer.concat([held, Buffer.from(d)]);
        if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
        for (const reply of this.#replies(held.subarray(2), "tcp")) {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          socket.write(length);
          // in two writes, as the network may cut it
          socket.write(reply);
        }
      });
    });
  }

  /** The port that UDP gets may be taken over TCP, by another test: then another one is tried. */
  static async start(zone: Zone, tries = 10): Promise<DnsServer> {
    const server = new DnsServer(zone);
    try {
      await server.#open();
      return server;
    } catch (e) {
      server.#udp.close();
      if (tries <= 1) throw e;
      return await DnsServer.start(zone, tries - 1);
    }
  }

  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#udp.once("error", reject);
      this.#tcp.once("error", reject);
      this.#udp.bind(0, "127.0.0.1", () => {
        this.#tcp.listen(this.port, "127.0.0.1", () => resolve());
      });
    });
  }

  get port(): number {
    return this.#udp.address().port;
  }

  /** As late as the answer is to be. */
  #later(octets: Uint8Array, answer: () => void): void {
    const question = dnsPacket.decode(Buffer.from(octets)).questions?.[0];
    const delay = question === undefined ? undefined : this.#zone[keyOf(question)]?.delay;
    if (delay === undefined) return answer();
    setTimeout(() => {
      if (!this.#stopped) answer();
    }, delay);
  }

  #replies(octets: Uint8Array, over: "udp" | "tcp"): ReadonlyArray<Uint8Array> {
    const query = dnsPacket.decode(Buffer.from(octets));
    const question = query.questions?.[0];
    if (question === undefined) return [];
    const key = keyOf(question);
    this.asked.push(`${over} ${key}`);
    if (over === "udp") this.ids.push(query.id ?? -1);
    const said = this.#zone[key] ?? { rcode: REFUSED };
    if (said.silent === true && said.forged === undefined) return [];
    const cut = over === "udp" && said.truncated === true;
    const edns = (query.additionals ?? []).length > 0;
    if (edns && said.noEdns === true) {
      return [dnsPacket.encode({
        type: "response",
        id: query.id ?? 0,
        flags: RESPONSE | FORMERR,
        questions: [question],
      })];
    }
    const reply: dnsPacket.Packet = {
      type: "response",
      id: query.id ?? 0,
      flags: RESPONSE | (said.rcode ?? 0) |
        (said.ad === true ? dnsPacket.AUTHENTIC_DATA : 0) |
        (cut ? dnsPacket.TRUNCATED_RESPONSE : 0),
      questions: [
        over === "udp" && said.lowers === true
          ? { ...question, name: question.name.toLowerCase() }
          : question,
      ],
      answers: cut ? [] : [...(said.answers ?? [])],
      authorities: [...(said.authorities ?? [])],
    };
    const encode = (more: Partial<dnsPacket.Packet>): Uint8Array =>
      dnsPacket.encode({ ...reply, ...more });
    const lie: Array<Answer> = [{ type: "A", name: question.name, ttl: 60, data: "203.0.113.66" }];
    const truth = said.silent === true ? [] : [encode({})];
    switch (said.forged) {
      case "id":
        return [encode({ id: ((query.id ?? 0) + 1) & 0xffff, answers: lie }), ...truth];
      case "question":
        return [
          encode({ questions: [{ ...question, name: "other.test" }], answers: lie }),
          ...truth,
        ];
      case "garbage":
        return [Uint8Array.of(1, 2, 3), ...truth];
      default:
        return truth;
    }
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return new Promise((resolve) => {
      this.#udp.close(() => this.#tcp.close(() => resolve()));
    });
  }
}
