import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer } from "node:net";
import { connect } from "node:tls";
import fc from "fast-check";
import { MAX_HELLO, readClientHello } from "../../../lib/net/client_hello.ts";

/** The first flight of the runtime's own client. */
const helloOf = (options: { servername?: string; maxVersion?: "TLSv1.2" }): Promise<Buffer> =>
  new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.once("data", (d) => {
        resolve(Buffer.from(d as Uint8Array));
        socket.destroy();
        server.close();
      });
    }).listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }).on(
        "error",
        () => {},
      );
    });
  });

/** The same message in records of `n` octets. */
const inRecords = (hello: Buffer, n: number): Buffer => {
  const message = hello.subarray(5);
  const out: Array<Buffer> = [];
  for (let at = 0; at < message.length; at += n) {
    const part = message.subarray(at, at + n);
    out.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(out);
};

for (
  const [name, options, want] of [
    ["a name", { servername: "mail.example.org" }, "mail.example.org"],
    ["a name with TLS 1.2 alone", { servername: "a.example", maxVersion: "TLSv1.2" }, "a.example"],
    ["no name", {}, null],
  ] as const
) {
  Deno.test(`TLS-10: readClientHello() finds ${name}, however it is cut`, async () => {
    const hello = await helloOf(options);
    for (const whole of [hello, inRecords(hello, 7), inRecords(hello, 100)]) {
      for (let n = 0; n < whole.length; n += 3) {
        assert.equal(readClientHello(whole.subarray(0, n))._tag, "More", `after ${n} octets`);
      }
      assert.deepEqual(readClientHello(whole), { _tag: "Hello", serverName: want });
    }
  });
}

/** A hello whose last octets do not come while its records go on. */
const endless = inRecords(
  Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1, 0, 0x7f]), Buffer.alloc(MAX_HELLO)]),
  100,
).subarray(0, MAX_HELLO);

for (
  const [name, input] of [
    ["a command", Buffer.from("EHLO x\r\n")],
    ["another handshake message", Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
    ["an empty record", Buffer.from([22, 3, 1, 0, 0])],
    ["a record that is too long", Buffer.from([22, 3, 1, 0x40, 1])],
    ["a hello of a megabyte", Buffer.from([22, 3, 1, 0, 4, 1, 16, 0, 0])],
    ["records without end", endless],
  ] as const
) {
  Deno.test(`readClientHello() takes ${name} for no TLS`, () => {
    assert.equal(readClientHello(input)._tag, "Other");
  });
}

Deno.test("readClientHello() never throws, and yields names of printable ASCII alone", async () => {
  const hello = await helloOf({ servername: "mail.example.org" });
  const change = fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(change, (changes) => {
      const damaged = Buffer.from(hello);
      for (const [at, octet] of changes) damaged[at] = octet;
      const read = readClientHello(damaged);
      assert.ok(read._tag !== "Hello" || /^[\x21-\x7e]*$/.test(read.serverName ?? ""));
    }),
    { numRuns: 2000 },
  );
});
