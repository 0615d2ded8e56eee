import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import net from "node:net";
import { connect, TLSSocket } from "node:tls";
import { giveBackReads } from "../../../lib/net/read_control.ts";
import { makeSelfSigned } from "../../../lib/tls/selfsigned.ts";

interface Handle {
  onread: (octets?: unknown) => unknown;
}

Deno.test("giveBackReads() lets go of what was read for TLS, and nothing of it is lost", async () => {
  const { certificatePem: cert, keyPem: key } = await makeSelfSigned(["localhost"], Date.now(), 1);
  const sent = crypto.getRandomValues(new Uint8Array(65_536));
  const blocks = 40;
  const read: Array<ArrayBuffer> = [];
  const got = createHash("sha256");
  const over = Promise.withResolvers<void>();
  const server = net.createServer((raw) => {
    const tls = new TLSSocket(raw, { isServer: true, cert, key });
    giveBackReads(raw);
    const handle = (raw as unknown as { readonly _handle: Handle })._handle;
    const inner = handle.onread;
    handle.onread = function (octets) {
      if (octets instanceof ArrayBuffer) read.push(octets);
      return inner.call(this, octets);
    };
    tls.on("data", (d: Uint8Array) => got.update(d));
    tls.on("end", () => over.resolve());
    tls.on("error", (e) => over.reject(e));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const client = connect({ host: "127.0.0.1", port: address.port, rejectUnauthorized: false });
  for (let i = 0; i < blocks; i++) client.write(sent);
  client.end();
  await over.promise;
  client.destroy();
  await new Promise((resolve) => server.close(resolve));
  const expected = createHash("sha256");
  for (let i = 0; i < blocks; i++) expected.update(sent);
  assert.equal(got.digest("hex"), expected.digest("hex"));
  assert.ok(read.length > 1, `${read.length} reads`);
  assert.deepEqual(read.filter((r) => r.byteLength > 0), []);
});
