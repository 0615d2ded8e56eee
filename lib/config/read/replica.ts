/** Makes the settings of `[replica]`, and reports contradictions between its keys. */
import { Duration } from "effect";
import { parseDomainName } from "../../address/domain.ts";
import { parseListener } from "../values/address.ts";
import type { ReplicaConfig } from "../config.ts";
import { secretIn, type Surroundings } from "../values/secret.ts";
import type { ConfigFile } from "../schema/schema.ts";

type ReplicaEntry = NonNullable<ConfigFile["replica"]>;

/** Null: there is none, or `report` was called. */
export const replicaOf = (
  entry: ReplicaEntry | undefined,
  hostname: string,
  around: Surroundings,
  report: (key: keyof ReplicaEntry, message: string) => void,
): ReplicaConfig | null => {
  if (entry === undefined) return null;
  const { to, listen, nodes } = entry;
  if (to === undefined && listen.length === 0) {
    report("to", "is missing: give it, or listen with nodes, or leave [replica] out");
  }
  if (to === undefined && entry.ca !== undefined) report("ca", "works only with to");
  if (listen.length > 0 && nodes.length === 0) {
    report("listen", "needs nodes: the hostnames of the servers whose copies are kept here");
  }
  if (listen.length === 0 && nodes.length > 0) report("nodes", "works only with listen");
  const named = nodes.map((n) => parseDomainName(n)?.ascii ?? n);
  const own = parseDomainName(hostname)?.ascii;
  if (own !== undefined && named.includes(own)) {
    report("nodes", `holds ${own}, which is this server itself`);
  }
  const secret = secretIn(entry.secret_file, around, (message) => report("secret_file", message));
  return secret === null ? null : {
    secret,
    to: to === undefined ? null : parseListener(to),
    ca: entry.ca === undefined ? null : around.resolve(entry.ca),
    wait: Duration.seconds(entry.wait_seconds),
    listen: listen.flatMap((l) => parseListener(l) ?? []),
    nodes: named,
  };
};
