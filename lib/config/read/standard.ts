/** `[dns]` and `[discover]` without a configuration. */
import type { Config } from "../config.ts";
import { discoverOf, dnsOf } from "./convert.ts";
import { discover } from "../schema/discover.ts";
import { dns } from "../schema/dns.ts";

const same = (path: string): string => path;

export const standardLookups: Pick<Config, "dns" | "discover"> = {
  dns: dnsOf(dns.parse({}), same),
  discover: discoverOf(discover.parse({}), same),
};
