/** Where a name's records come from: the zone it lies in, and the servers that answer for that zone. Section 11.2 */
import type { CheckPorts } from "./ports.ts";

export interface View {
  readonly zone: string;
  readonly name: string;
  readonly address: string;
  /** Of the zone as this server has it; null where it does not say. */
  readonly serial: number | null;
}

/** Servers of one zone that are asked. */
const MAX_VIEWS = 16;

/** RFC 1982 §3.2: whether `a` is behind `b`. */
export const behind = (a: number, b: number): boolean => a !== b && ((b - a) >>> 0) < 0x8000_0000;

export class Zones {
  readonly #ports: CheckPorts;
  readonly #apexes = new Map<string, Promise<string | null>>();
  readonly #views = new Map<string, Promise<ReadonlyArray<View>>>();

  constructor(ports: CheckPorts) {
    this.#ports = ports;
  }

  /** The nearest name with an SOA at or above `name`; null where DNS does not say. */
  apexOf(name: string): Promise<string | null> {
    const known = this.#apexes.get(name);
    if (known !== undefined) return known;
    const found = this.#findApex(name);
    this.#apexes.set(name, found);
    return found;
  }

  async #findApex(name: string): Promise<string | null> {
    const answer = await this.#ports.lookup(name, "SOA");
    if (answer._tag === "Found" && answer.aliases.length === 0) return name;
    const dot = name.indexOf(".");
    return dot < 0 ? null : await this.apexOf(name.slice(dot + 1));
  }

  /** Every address of every name server of the zone in which `name` lies. */
  async viewsOf(name: string): Promise<ReadonlyArray<View>> {
    const apex = await this.apexOf(name);
    if (apex === null) return [];
    const known = this.#views.get(apex);
    if (known !== undefined) return await known;
    const found = this.#findViews(apex);
    this.#views.set(apex, found);
    return await found;
  }

  async #findViews(zone: string): Promise<ReadonlyArray<View>> {
    const { lookup, askServer } = this.#ports;
    const ns = await lookup(zone, "NS");
    const names = ns._tag === "Found" ? [...ns.records].sort() : [];
    const places = await Promise.all(names.map(async (name) => {
      const [four, six] = await Promise.all([lookup(name, "A"), lookup(name, "AAAA")]);
      const addresses = [four, six].flatMap((a) => a._tag === "Found" ? a.records : []);
      return addresses.map((address) => ({ name, address }));
    }));
    return await Promise.all(
      places.flat().slice(0, MAX_VIEWS).map(async ({ name, address }) => {
        const soa = await askServer(address, zone, "SOA");
        const serial = soa._tag === "Found" ? soa.records[0]?.serial ?? null : null;
        return { zone, name, address, serial };
      }),
    );
  }

  /** All that were asked. */
  async all(): Promise<ReadonlyArray<View>> {
    return (await Promise.all(this.#views.values())).flat();
  }
}
