/** A wire that is paused reads nothing: what a fast client sends waits with the client. threats.md row 9 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type AddressInfo, connect as connectClear, createServer, type Socket } from "node:net";
import { connect, createSecureContext } from "node:tls";
import { Wire } from "../../../lib/net/wire.ts";
import type { Certificates } from "../../../lib/ports/certificates.ts";

const TOTAL = 48 * 1024 * 1024;
/** What may lie in buffers on the way; far less than what is sent. */
const IN_BUFFERS = 4 * 1024 * 1024;

const certificates = async (): Promise<Certificates["Service"]> => {
  const made = await new Deno.Command("openssl", {
    args: ("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 " +
      "-subj /CN=localhost -keyout -").split(" "),
    stderr: "null",
  }).output();
  const pem = new TextDecoder().decode(made.stdout);
  const context = createSecureContext({ key: pem, cert: pem });
  return {
    contextFor: () => context,
    endPointOf: () => null,
    asksClients: false,
    clientOf: () => null,
  };
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A client sends all it can to a wire that pauses at the first octets. */
const readWhilePaused = async (tls: boolean): Promise<void> => {
  const held = await certificates();
  const ended = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const raws: Array<Socket> = [];
  const wires: Array<Wire> = [];
  let octets = 0;
  let paused = false;
  const server = createServer((raw) => {
    raws.push(raw);
    const wire: Wire = new Wire(raw, null, held, {
      onData: (chunk) => {
        if (octets === 0) {
          paused = true;
          wire.pause();
          begun.resolve();
        } else assert.equal(paused, false, "data while paused");
        octets += chunk.length;
      },
      onClose: () => ended.resolve(),
      onDrain: () => {},
    });
    wires.push(wire);
    if (tls) wire.startTls("smtp", (secured) => assert.notEqual(secured, null));
    else wire.open();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = tls
    ? connect({ port, host: "127.0.0.1", rejectUnauthorized: false })
    : connectClear({ port, host: "127.0.0.1" });
  client.on("error", () => {});
  const block = Buffer.alloc(65_536, "x");
  let left = TOTAL;
  const pour = (): void => {
    while (left > 0) {
      left -= block.length;
      if (!client.write(block)) return void client.once("drain", pour);
    }
    client.end();
  };
  client.once(tls ? "secureConnect" : "connect", pour);
  try {
    await begun.promise;
    await sleep(500);
    const read = raws[0]?.bytesRead ?? 0;
    assert.ok(read < IN_BUFFERS, `${read} octets were read while paused`);
    paused = false;
    wires[0]?.resume();
    await ended.promise;
    assert.equal(octets, TOTAL);
  } finally {
    client.destroy();
    wires[0]?.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
};

Deno.test("a paused connection in clear reads no further, and loses nothing", () =>
  readWhilePaused(false));
Deno.test("a paused connection under TLS reads no further, and loses nothing", () =>
  readWhilePaused(true));
