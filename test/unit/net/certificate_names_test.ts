import assert from "node:assert/strict";
import { covers } from "../../../lib/net/certificate_names.ts";

for (
  const [names, host, want] of [
    ["DNS:mx.example.org", "mx.example.org", true],
    ["DNS:a.test, DNS:MX.example.org", "mx.EXAMPLE.org", true],
    ["DNS:mx.example.org", "mx.example.org.", true],
    ["DNS:mx.example.org", "example.org", false],
    ["DNS:*.example.org", "mx.example.org", true],
    ["DNS:*.example.org", "a.mx.example.org", false],
    ["DNS:*.example.org", "example.org", false],
    ["DNS:*.org", "example.org", false],
    ["DNS:m*.example.org", "mx.example.org", false],
    ["DNS:mx.*.org", "mx.example.org", false],
    ["URI:mx.example.org", "mx.example.org", false],
    ["IP Address:192.0.2.1", "192.0.2.1", true],
    ["IP Address:2001:DB8:0:0:0:0:0:1", "2001:db8::1", true],
    ["DNS:192.0.2.1", "192.0.2.1", false],
    ["IP Address:192.0.2.1", "mx.example.org", false],
    ['DNS:"a, DNS:mx.example.org"', "mx.example.org", false],
    ["", "mx.example.org", false],
  ] as const
) {
  Deno.test(`covers() says ${want} to ${host} for ${names === "" ? "no name" : names}`, () => {
    assert.equal(covers(names, host), want);
  });
}
