import assert from "node:assert/strict";
import { type Ends, meetsItself, notToItself } from "../../../lib/ports/self_connection.ts";

const ends = (
  localAddress: string | undefined,
  localPort: number | undefined,
  remoteAddress: string | undefined,
  remotePort: number | undefined,
): Ends => ({ localAddress, localPort, remoteAddress, remotePort });

for (
  const [name, e, want] of [
    ["both ends alike", ends("127.0.0.1", 40_000, "127.0.0.1", 40_000), true],
    ["both ends alike, IPv6", ends("::1", 40_000, "::1", 40_000), true],
    ["another port", ends("127.0.0.1", 40_001, "127.0.0.1", 40_000), false],
    ["another address of ours", ends("127.0.0.1", 40_000, "127.0.0.2", 40_000), false],
    ["no connection yet", ends(undefined, undefined, undefined, undefined), false],
    ["a unix socket", {}, false],
  ] as const
) {
  Deno.test(`meetsItself(): ${name}: ${want}`, () => assert.equal(meetsItself(e), want));
}

for (const port of [40_000, 40_001]) {
  Deno.test(`notToItself() ends a connection from port ${port} to 40000 ${port === 40_000}`, () => {
    let up: () => void = () => {};
    let error: Error | null = null;
    const socket = {
      ...ends("127.0.0.1", port, "127.0.0.1", 40_000),
      once: (_: "connect", f: () => void) => up = f,
      destroy: (e: Error) => error = e,
    };
    assert.equal(notToItself(socket), socket);
    up();
    assert.equal(error !== null, port === 40_000);
  });
}
