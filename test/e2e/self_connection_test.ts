/**
 * Dialling a port of this machine that nobody listens on and that the kernel hands out itself, in a network of its
 * own where there are few of those: the connection would come out at itself, and is refused.
 */
import assert from "node:assert/strict";
import { namespaceAllowed } from "../support/namespace.ts";
import { ROOT } from "../support/postern.ts";

/** /proc is mounted anew: its sysctls are those of the network namespace that it was mounted in. */
const INSIDE = `set -e
ip link set lo up
mount -t proc proc /proc
echo "40000 40007" > /proc/sys/net/ipv4/ip_local_port_range
exec "$@"`;

Deno.test({
  name:
    "no dialler takes a connection to itself for one: relay, probe, IMAP, HTTP, DNS, name server, milter",
  ignore: !namespaceAllowed([]),
  fn: async () => {
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: [
        ..."-n -m sh -c".split(" "),
        INSIDE,
        "sh",
        Deno.execPath(),
        ..."run --quiet --allow-net --allow-read --allow-env test/e2e/self_connection_inside.ts"
          .split(" "),
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  },
});
