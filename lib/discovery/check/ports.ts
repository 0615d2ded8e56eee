/** What a check needs beyond discovery: to ask one name server for its own data. */
import type { DnsAnswer, RecordType } from "../../ports/dns.ts";
import type { DiscoverPorts } from "../discover/ports.ts";

export interface CheckPorts extends DiscoverPorts {
  /** Without recursion; never rejects. */
  readonly askServer: <T extends RecordType>(
    address: string,
    name: string,
    type: T,
  ) => Promise<DnsAnswer<T>>;
  /** Milliseconds since 1970: certificates end by it. */
  readonly wallClock: () => number;
}
