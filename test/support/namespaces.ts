/** Two network namespaces with a wire between them: a machine that serves and one that asks it. Needs root. */
import { run } from "./dig.ts";

export interface Machine {
  readonly address: string;
  /** What to put before a command so that it runs there. */
  readonly before: ReadonlyArray<string>;
}

export interface Network {
  readonly server: Machine;
  /** Its resolver is the server. */
  readonly client: Machine;
}

const ip = async (...args: ReadonlyArray<string>): Promise<void> => {
  const { code, text } = await run("ip", args);
  if (code !== 0) throw new Error(`ip ${args.join(" ")}: ${text}`);
};

/** Whether this machine lets us make namespaces. */
export const canSplit = async (): Promise<boolean> => {
  if (Deno.uid() !== 0) return false;
  const name = `postern-try-${Deno.pid}`;
  const made = await run("ip", ["netns", "add", name]).catch(() => ({ code: 1 }));
  if (made.code === 0) await run("ip", ["netns", "del", name]);
  return made.code === 0;
};

export const withNetwork = async (test: (n: Network) => Promise<void>): Promise<void> => {
  const tag = `${Deno.pid % 100_000}`;
  const names = { server: `postern-s${tag}`, client: `postern-c${tag}` };
  const etc = `/etc/netns/${names.client}`;
  const before = (name: string) => ["ip", "netns", "exec", name];
  const network: Network = {
    server: { address: "10.77.0.1", before: before(names.server) },
    client: { address: "10.77.0.2", before: before(names.client) },
  };
  try {
    await ip("netns", "add", names.server);
    await ip("netns", "add", names.client);
    const [a, b] = [`ps${tag}`, `pc${tag}`];
    await ip(
      "link",
      "add",
      a,
      "netns",
      names.server,
      "type",
      "veth",
      "peer",
      "name",
      b,
      "netns",
      names.client,
    );
    for (
      const [name, link, address] of [[names.server, a, "10.77.0.1"], [
        names.client,
        b,
        "10.77.0.2",
      ]] as const
    ) {
      await ip("-n", name, "addr", "add", `${address}/24`, "dev", link);
      await ip("-n", name, "link", "set", link, "up");
      await ip("-n", name, "link", "set", "lo", "up");
    }
    await Deno.mkdir(etc, { recursive: true });
    await Deno.writeTextFile(`${etc}/resolv.conf`, "nameserver 10.77.0.1\noptions timeout:2\n");
    await test(network);
  } finally {
    await run("ip", ["netns", "del", names.server]);
    await run("ip", ["netns", "del", names.client]);
    await Deno.remove(etc, { recursive: true }).catch(() => {});
  }
};
