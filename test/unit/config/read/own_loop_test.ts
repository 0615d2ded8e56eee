import assert from "node:assert/strict";
import { parseConfig } from "../../../../lib/config/read/parse.ts";

const text = (listen: string, via: string): string => `
hostname = "msa.example.com"
[listen]
submission = ["${listen}"]
[tls]
certificate = "c.pem"
key = "k.pem"
[[route]]
to = "*"
via = ${via}
`;

const faults = (listen: string, via: string): ReadonlyArray<string> => {
  const result = parseConfig(text(listen, via), "/p.toml", () => ({ fault: "none" }));
  return result._tag === "Valid" ? [] : result.problems.map((p) => `${p.key}: ${p.message}`);
};

for (
  const [listen, via] of [
    ["127.0.0.1:2525", '"smtp://127.0.0.1:2525"'],
    ["0.0.0.0:587", '"smtp://127.0.0.1:587"'],
    ["0.0.0.0:587", '"smtp://MSA.example.com:587"'],
    ["[::]:587", '"smtp://[::1]:587"'],
    ["[::]:587", '"smtp://localhost:587"'],
    ["127.0.0.1:587", '"smtp://localhost:587"'],
    ["192.0.2.7:587", '"smtp://msa.example.com:587"'],
    ["192.0.2.7:587", '["smtp://mx.example.net", "smtp://192.0.2.7:587"]'],
  ] as const
) {
  Deno.test(`parseConfig() refuses the route ${via} to our own listener ${listen}`, () => {
    const [fault] = faults(listen, via);
    assert.match(fault ?? "", /^route\[1\]\.via: is our own listener .*: mail would come back/);
  });
}

for (
  const [listen, via] of [
    ["0.0.0.0:587", '"smtp://127.0.0.1:25"'],
    ["192.0.2.7:587", '"smtp://192.0.2.8:587"'],
    ["192.0.2.7:587", '"smtp://127.0.0.1:587"'],
    ["127.0.0.1:587", '"smtp://msa.example.com:587"'],
    ["127.0.0.1:0", '"smtp://127.0.0.1:25"'],
    ["127.0.0.1:587", '"mx"'],
  ] as const
) {
  Deno.test(`parseConfig() takes the route ${via} beside the listener ${listen}`, () => {
    assert.deepEqual(faults(listen, via), []);
  });
}

Deno.test("parseConfig() says what to do where there is no route at all", () => {
  for (const routes of ["", "route = []\n"]) {
    const without = routes + text("127.0.0.1:587", '"mx"').split("[[route]]")[0];
    const result = parseConfig(without, "/p.toml", () => ({ fault: "none" }));
    assert.equal(result._tag, "Invalid");
    assert.deepEqual(
      result._tag === "Invalid" ? result.problems.map((p) => `${p.key}: ${p.message}`) : [],
      [
        'route: there is no route, so no mail could leave; add [[route]] with to = "*" and ' +
        'via = "smtp://127.0.0.1:25", or the next hop that you have',
      ],
    );
  }
});
