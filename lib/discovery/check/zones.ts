/** Finds the zone of a name, and the servers that answer for it. docs/design/autodiscovery.md §11.2 */
import type { DnsTrouble } from "../../ports/dns.ts";
import { doubted } from "./doubt.ts";
import type { CheckPorts } from "./ports.ts";
import type { Finding } from "./report.ts";

export interface View {
  readonly zone: string;
  readonly name: string;
  readonly address: string;
  /** Of the zone as this server has it; null where it does not say. */
  readonly serial: number | null;
}

/** A server that does not answer for its zone, or a name of one that has no address (`address` is empty then). */
export interface DeadView {
  readonly view: View;
  readonly trouble: DnsTrouble;
}

export interface Place {
  readonly zone: string;
  /** Servers that answer for it. */
  readonly views: ReadonlyArray<View>;
  readonly dead: ReadonlyArray<DeadView>;
  /** Names of its servers, as it says itself. */
  readonly ns: ReadonlyArray<string>;
  /** DNSSEC does not hold for the zone as a whole. */
  readonly bogus: boolean;
}

/** Servers of one zone that are asked. */
const MAX_VIEWS = 16;

/** Servers of a zone above that are asked until one says something. */
const MAX_ABOVE = 3;

/** RFC 1982 §3.2: whether `a` is behind `b`. */
export const behind = (a: number, b: number): boolean => a !== b && ((b - a) >>> 0) < 0x8000_0000;

export const nameOf = (v: View): string => v.address === "" ? v.name : `${v.name} [${v.address}]`;

interface Apex {
  readonly zone: string;
  readonly bogus: boolean;
}

export class Zones {
  readonly #ports: CheckPorts;
  readonly #apexes = new Map<string, Promise<Apex | null>>();
  readonly #places = new Map<string, Promise<Place>>();

  constructor(ports: CheckPorts) {
    this.#ports = ports;
  }

  /** The nearest name with an SOA at or above `name`; null where DNS does not say. */
  #apexOf(name: string): Promise<Apex | null> {
    const known = this.#apexes.get(name);
    if (known !== undefined) return known;
    const found = this.#findApex(name);
    this.#apexes.set(name, found);
    return found;
  }

  async #findApex(name: string): Promise<Apex | null> {
    const { answer, bogus } = await doubted(this.#ports, name, "SOA");
    // what is not known of a name is not known of the zone above it
    if (answer._tag === "Trouble") return null;
    if (answer._tag === "Found" && answer.aliases.length === 0) return { zone: name, bogus };
    const dot = name.indexOf(".");
    return dot < 0 ? null : await this.#apexOf(name.slice(dot + 1));
  }

  /** The zone in which `name` lies, with every address of its servers; null where DNS does not say. */
  async placeOf(name: string): Promise<Place | null> {
    const apex = await this.#apexOf(name);
    if (apex === null) return null;
    const known = this.#places.get(apex.zone);
    if (known !== undefined) return await known;
    const found = this.#findPlace(apex);
    this.#places.set(apex.zone, found);
    return await found;
  }

  async #findPlace({ zone, bogus }: Apex): Promise<Place> {
    const { answer } = await doubted(this.#ports, zone, "NS");
    const ns = answer._tag === "Found" ? [...answer.records].sort() : [];
    const addressed = await Promise.all(ns.map((name) => this.#addressesOf(zone, name)));
    const looked = await Promise.all(
      addressed.flat().slice(0, MAX_VIEWS).map((v) => "trouble" in v ? v : this.#look(v)),
    );
    return {
      zone,
      views: looked.flatMap((v) => "trouble" in v ? [] : [v]),
      dead: looked.flatMap((v) => "trouble" in v ? [v] : []),
      ns,
      bogus,
    };
  }

  async #addressesOf(zone: string, name: string): Promise<ReadonlyArray<View | DeadView>> {
    const answers = await Promise.all(
      (["A", "AAAA"] as const).map((type) => doubted(this.#ports, name, type)),
    );
    const view = { zone, name, address: "", serial: null };
    const addresses = answers.flatMap(({ answer: a }) => a._tag === "Found" ? a.records : []);
    if (addresses.length > 0) return addresses.map((address) => ({ ...view, address }));
    const trouble = answers.find(({ answer: a }) => a._tag === "Trouble")?.answer;
    return [{ view, trouble: trouble?._tag === "Trouble" ? trouble : NO_ADDRESS }];
  }

  /** Asks for the SOA; twice, as one lost packet is no sign of death. */
  async #look(view: View): Promise<View | DeadView> {
    const ask = () => this.#ports.askServer(view.address, view.zone, "SOA");
    const first = await ask();
    const soa = first._tag === "Trouble" && first.kind === "timeout" ? await ask() : first;
    if (soa._tag === "Trouble") return { view, trouble: soa };
    const serial = soa._tag === "Found" ? soa.records[0]?.serial ?? null : null;
    return serial === null ? { view, trouble: NO_SOA } : { ...view, serial };
  }

  /** Addresses of a few servers of the zone in which `name` lies, which are asked about what they delegate. */
  async addressesAbove(name: string): Promise<ReadonlyArray<string>> {
    const apex = await this.#apexOf(name);
    if (apex === null) return [];
    const known = await this.#places.get(apex.zone);
    if (known !== undefined) return known.views.map((v) => v.address).slice(0, MAX_ABOVE);
    const { answer } = await doubted(this.#ports, apex.zone, "NS");
    const ns = answer._tag === "Found" ? [...answer.records].sort().slice(0, MAX_ABOVE) : [];
    const all = await Promise.all(ns.map((n) => this.#addressesOf(apex.zone, n)));
    return all.flatMap(([first]) =>
      first === undefined || "trouble" in first ? [] : [first.address]
    );
  }

  /** All that were looked at, by name. */
  async all(): Promise<ReadonlyArray<Place>> {
    const all = await Promise.all(this.#places.values());
    return all.sort((a, b) => a.zone < b.zone ? -1 : a.zone > b.zone ? 1 : 0);
  }
}

const NO_ADDRESS: DnsTrouble = { _tag: "Trouble", kind: "name", reason: "has no address" };
const NO_SOA: DnsTrouble = { _tag: "Trouble", kind: "refused", reason: "has no SOA of the zone" };

/** Silence may be ours; what was said, or an address that is not there, is theirs. */
const UNHEARD: ReadonlySet<string> = new Set(["timeout", "unreachable", "bogus"]);

/** One row for a server, however many records it was asked for. `asked`: what it did not answer; empty: nothing at all. */
export const serverFinding = (
  { view, trouble }: DeadView,
  asked: ReadonlyArray<string> = [],
): Finding => ({
  station: "dns",
  key: "name-server",
  subject: nameOf(view),
  type: "NS",
  status: UNHEARD.has(trouble.kind) ? "unknown" : view.address === "" ? "missing" : "drift",
  expected: [`answers for ${view.zone}`],
  found: [...asked],
  detail: asked.length === 0
    ? `${trouble.reason}: it was left out of what follows`
    : `${trouble.kind}: ${trouble.reason}: for ${asked.length} of the record sets`,
});

/** Zones whose signatures do not hold as a whole. RFC 4035 §5.5 */
export const bogusFinding = (p: Place): ReadonlyArray<Finding> =>
  p.bogus
    ? [{
      station: "dns",
      key: "zone-dnssec",
      subject: p.zone,
      type: "SOA",
      status: "unknown",
      expected: [],
      found: [],
      detail: "bogus: DNSSEC validation fails for the whole zone, and resolvers that validate " +
        "see none of it; what follows is what its name servers say",
    }]
    : [];
