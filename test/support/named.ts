/** BIND on a loopback port of its own, as a measure for our own server and as a peer of dynamic updates. */
import { join } from "node:path";
import { type Daemon, launch } from "./daemon.ts";
import { freePort } from "./postern.ts";

/** Zone name to the text of its master file. */
export type ZoneFiles = Readonly<Record<string, string>>;

export interface NamedOptions {
  readonly zones: ZoneFiles;
  /** Text of `key` statements; updates signed by any of the keys named here are taken. */
  readonly keys?: string;
  readonly updateKeys?: ReadonlyArray<string>;
  readonly address?: string;
  readonly port?: number;
}

export const startNamed = async (o: NamedOptions): Promise<Daemon> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-named-" });
  const port = o.port ?? await freePort();
  const address = o.address ?? "127.0.0.1";
  const allow = (o.updateKeys ?? []).map((k) => `key "${k}"; `).join("");
  const zones = await Promise.all(
    Object.entries(o.zones).map(async ([name, text], i) => {
      const file = join(dir, `zone${i}`);
      await Deno.writeTextFile(file, text);
      return `zone "${name}" { type primary; file "${file}"; check-names ignore;
  allow-update { ${allow === "" ? "none; " : allow}}; };`;
    }),
  );
  const config = join(dir, "named.conf");
  await Deno.writeTextFile(
    config,
    `options { directory "${dir}"; listen-on port ${port} { ${address}; }; listen-on-v6 { none; };
  recursion no; allow-query { any; }; allow-transfer { none; }; minimal-responses yes;
  pid-file none; session-keyfile none; lock-file none; dnssec-validation no; notify no; empty-zones-enable no; };
controls { };
${o.keys ?? ""}
${zones.join("\n")}
`,
  );
  const command = ["named", "-g", "-c", config];
  // "running on" and "running as" come before the zones are there
  return await launch(dir, port, command, /(?:all|some) zones [^]*\brunning$/m);
};
