import assert from "node:assert/strict";
import { serversOf, systemServers } from "../../../lib/dns/system.ts";

const plain = (host: string, trusted: boolean) => ({ _tag: "Plain", host, port: 53, trusted });

Deno.test("serversOf() reads resolv.conf: name servers, comments, scopes", () => {
  assert.deepEqual(
    serversOf(
      "# a comment\nsearch example.net\nnameserver 192.0.2.1 # first\n nameserver fe80::1%eth0\nnameserver ::1\n",
      "auto",
    ),
    [plain("192.0.2.1", false), plain("fe80::1", false), plain("::1", true)],
  );
  assert.deepEqual(serversOf("", "auto"), [plain("127.0.0.1", true)]);
  assert.equal(serversOf("nameserver 192.0.2.1\n".repeat(20), "auto").length, 8);
});

Deno.test("serversOf() takes the system's word on whose AD bit counts, unless told otherwise. SEC-6", () => {
  const text = "nameserver 192.0.2.1\noptions edns0 trust-ad\n";
  assert.deepEqual(serversOf(text, "auto"), [plain("192.0.2.1", true)]);
  assert.deepEqual(serversOf(text, "never"), [plain("192.0.2.1", false)]);
  assert.deepEqual(serversOf("nameserver 192.0.2.1", "always"), [plain("192.0.2.1", true)]);
});

Deno.test("systemServers() notices a new resolv.conf within half a minute", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "nameserver 192.0.2.1\n");
    const servers = systemServers("auto", path);
    assert.equal(servers(0)[0]?.host, "192.0.2.1");
    await Deno.writeTextFile(path, "nameserver 192.0.2.2\n");
    assert.equal(servers(1_000)[0]?.host, "192.0.2.1");
    assert.equal(servers(31_000)[0]?.host, "192.0.2.2");
  } finally {
    await Deno.remove(path);
  }
  assert.equal(systemServers("auto", path)(0)[0]?.host, "127.0.0.1");
});
