/** publish, check and discover close the loop, in a network of its own with the true ports. Issue rows of autodiscovery */
import assert from "node:assert/strict";
import { namespaceAllowed } from "../../support/namespace.ts";
import { ROOT } from "../../support/postern.ts";

const allowed = namespaceAllowed(["named", "nsupdate", "msmtp", "mutt", "neomutt", "curl"]);

const INSIDE = `set -e
ip link set lo up
for a in 192.0.2.53 192.0.2.10 192.0.2.11; do ip addr add $a/32 dev lo; done
mount --bind "$1" /etc/resolv.conf
shift
exec "$@"`;

Deno.test({
  name:
    "in a network of its own with BIND: publish, check, discover by each method, msmtp --configure",
  ignore: !allowed,
  fn: async () => {
    const resolv = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(resolv, "nameserver 192.0.2.53\n");
      const { code, stdout, stderr } = await new Deno.Command("unshare", {
        args: [
          ..."-n -m sh -c".split(" "),
          INSIDE,
          "sh",
          resolv,
          Deno.execPath(),
          ..."run --quiet --allow-net --allow-read --allow-write --allow-run --allow-env --allow-sys=uid"
            .split(" "),
          "test/e2e/discover/loop_inside.ts",
        ],
        cwd: ROOT,
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, 0, text);
      // deno-lint-ignore no-console -- how long each part took
      console.log(text.trim());
    } finally {
      await Deno.remove(resolv);
    }
  },
});
