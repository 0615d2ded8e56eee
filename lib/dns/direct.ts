/** Asks one authoritative server for its own data. docs/design/autodiscovery.md §11.2 */
import type { Delegation } from "../discovery/check/ports.ts";
import type { DnsAnswer, DnsRecords, RecordType } from "../ports/dns.ts";
import { overPlain } from "./exchange.ts";
import { trouble } from "./message.ts";
import { plainName } from "./records.ts";

/**
 * Never rejects. An alias that leads out of the server's data comes back as `NoData` that names it; a server
 * that is not authoritative is trouble.
 */
export const askDirectly = async <T extends RecordType>(
  address: string,
  port: number,
  name: string,
  type: T,
  timeoutMs: number,
): Promise<DnsAnswer<T>> => {
  const told = await overPlain(
    { _tag: "Plain", host: address, port, trusted: false },
    { name: plainName(name), type, recursion: false, unchecked: false },
    timeoutMs,
  );
  if (told._tag === "Trouble") return told;
  if (!told.authoritative) return trouble("refused", "the server is not authoritative");
  const seen = { secure: false, ttl: told.ttl, aliases: told.aliases };
  switch (told._tag) {
    case "Records":
      // read as the type that was asked for
      return { _tag: "Found", ...seen, records: told.records as ReadonlyArray<DnsRecords[T]> };
    case "NoSuchDomain":
      return { _tag: "NoSuchDomain", ...seen };
    case "NoData":
    case "Alias":
      return { _tag: "NoData", ...seen };
  }
};

/** What a server of the zone above says about the delegation of `zone`; never rejects. RFC 1034 §4.2.1 */
export const askDelegation = async (
  address: string,
  port: number,
  zone: string,
  timeoutMs: number,
): Promise<Delegation> => {
  const told = await overPlain(
    { _tag: "Plain", host: address, port, trusted: false },
    { name: plainName(zone), type: "NS", recursion: false, unchecked: false },
    timeoutMs,
  );
  if (told._tag === "Trouble") return told;
  if (told.authoritative) return told._tag === "Records" ? { _tag: "Hidden" } : { _tag: "None" };
  return told._tag === "NoData" && told.referral !== undefined
    ? { _tag: "Servers", names: told.referral }
    : trouble("refused", "the server is not authoritative");
};
