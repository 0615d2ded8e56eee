import assert from "node:assert/strict";
import { candidates, dnsNames } from "../../../lib/tls/names.ts";

for (
  const [altName, want] of [
    ["DNS:a.example, IP Address:127.0.0.1, DNS:*.B.Example", ["a.example", "*.b.example"]],
    ['DNS:"a, DNS:evil.example"', []],
    ["URI:https://a.example", []],
    ["", []],
    [undefined, []],
  ] as const
) {
  Deno.test(`dnsNames() takes ${JSON.stringify(want)} from ${altName}`, () => {
    assert.deepEqual(dnsNames(altName), want);
  });
}

for (
  const [name, want] of [
    ["MSA.Example.net", ["msa.example.net", "*.example.net"]],
    ["msa.example.net.", ["msa.example.net", "*.example.net"]],
    ["localhost", ["localhost"]],
    ["", [""]],
  ] as const
) {
  Deno.test(`candidates() looks for ${name || "nothing"} under ${want.join(" and ")}`, () => {
    assert.deepEqual(candidates(name), want);
  });
}
