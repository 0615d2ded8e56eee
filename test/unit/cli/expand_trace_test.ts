import assert from "node:assert/strict";
import { expandTrace } from "../../../lib/cli/explain/trace.ts";

for (
  const [args, want] of [
    [["trace", "01k8aaaaaaaaaaaaa"], ["trace", "show", "01k8aaaaaaaaaaaaa"]],
    [["trace", "mistyped"], ["trace", "show", "mistyped"]],
    [["-c", "a.toml", "trace", "x", "--json"], ["-c", "a.toml", "trace", "show", "x", "--json"]],
    [["trace", "unseal", "t"], ["trace", "unseal", "t"]],
    [["trace", "--help"], ["trace", "--help"]],
    [["trace"], ["trace"]],
  ] as const
) {
  Deno.test(`expandTrace() makes of ${args.join(" ")}: ${want.join(" ")}`, () => {
    assert.deepEqual(expandTrace(args), want);
  });
}
