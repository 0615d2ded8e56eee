import assert from "node:assert/strict";
import { parseDnsServer } from "../../../../lib/config/values/dns_server.ts";

for (
  const [text, want] of [
    ["127.0.0.1", { _tag: "Plain", host: "127.0.0.1", port: 53, trusted: true }],
    ["192.0.2.1:5353", { _tag: "Plain", host: "192.0.2.1", port: 5353, trusted: false }],
    ["[::1]:53", { _tag: "Plain", host: "::1", port: 53, trusted: true }],
    ["tls://192.0.2.1#dns.example.net", {
      _tag: "Tls",
      host: "192.0.2.1",
      port: 853,
      name: "dns.example.net",
      trusted: true,
    }],
    ["tls://dns.example.net:8853", {
      _tag: "Tls",
      host: "dns.example.net",
      port: 8853,
      name: "dns.example.net",
      trusted: true,
    }],
    ["https://dns.example.net/dns-query", {
      _tag: "Https",
      url: "https://dns.example.net/dns-query",
      address: null,
      trusted: true,
    }],
    ["https://dns.example.net/q#192.0.2.1", {
      _tag: "Https",
      url: "https://dns.example.net/q",
      address: "192.0.2.1",
      trusted: true,
    }],
    ["http://dns.example.net/dns-query", null],
    ["https://user@dns.example.net/", null],
    ["https://dns.example.net/#dns.example.net", null],
    ["tls://192.0.2.1#not a name", null],
    ["tls://", null],
    ["", null],
  ] as const
) {
  Deno.test(`parseDnsServer(${JSON.stringify(text)})`, () => {
    assert.deepEqual(parseDnsServer(text), want);
  });
}

Deno.test("parseDnsServer() trusts nobody, or everybody, where it is told so. SEC-6", () => {
  assert.equal(parseDnsServer("127.0.0.1", "never")?.trusted, false);
  assert.equal(parseDnsServer("tls://192.0.2.1#a.test", "never")?.trusted, false);
  assert.equal(parseDnsServer("192.0.2.1", "always")?.trusted, true);
});
