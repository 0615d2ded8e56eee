// deno-lint-ignore-file no-console -- it reports on the terminal
/**
 * A set-up tool: finds the servers of an address and prints what a mail program needs. It sends no password anywhere.
 * `deno run --allow-net --allow-read examples/discover.ts alice@example.com [name server[:port]]`
 */
import { discover } from "@postern/postern/discovery";
import { discoverPorts } from "@postern/postern/discovery-ports";

const [address = "", server] = Deno.args;
const [host = "", port = "53"] = server?.split(":") ?? [];
const ports = discoverPorts({
  dns: {
    servers: server === undefined
      ? null
      : [{ _tag: "Plain", host, port: Number(port), trusted: false }],
    timeoutMs: 3_000,
    attempts: 2,
    trust: "auto",
    ca: null,
  },
  privateAddresses: false,
  ca: null,
});
const found = await discover(address, ports);
ports.close();
for (const s of found.services.filter((s) => s.rejected === null && s.rank === 0)) {
  const ask = s.confirm.length === 0 ? "" : "  (ask the user first)";
  console.log(`${s.kind} ${s.host}:${s.port} ${s.tls} as ${s.username.value}${ask}`);
}
Deno.exitCode = found.verdict === "ok" || found.verdict === "confirm" ? 0 : 1;
