/** Discovery runs anywhere: nothing that it imports, packages included, touches `Deno.` or `node:`. */
import assert from "node:assert/strict";
import { ROOT } from "../../support/postern.ts";

interface Graph {
  readonly modules: ReadonlyArray<{ readonly specifier: string }>;
}

const graphOf = async (path: string): Promise<Graph> => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", path],
    cwd: ROOT,
    stderr: "null",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
};

for (
  const entry of [
    "lib/discovery/serve/handler.ts",
    "lib/discovery/publish/formats.ts",
    "lib/discovery/expected.ts",
    "lib/discovery/choose.ts",
    "lib/discovery/discover/discover.ts",
    "lib/discovery/discover/formats/all.ts",
    "lib/discovery/check/check.ts",
    "lib/discovery/serve/discover_endpoint.ts",
  ]
) {
  Deno.test(`the import graph of ${entry} holds no runtime`, async () => {
    const { modules } = await graphOf(entry);
    const specifiers = modules.map((m) => m.specifier);
    assert.deepEqual(specifiers.filter((s) => s.startsWith("node:")), []);
    for (const m of modules.filter((m) => m.specifier.startsWith("file:"))) {
      const text = await Deno.readTextFile(new URL(m.specifier));
      assert.ok(
        !/(?<![\w$.])Deno\s*\??\.|["']node:|\bBuffer\b|\bprocess\./.test(text),
        m.specifier,
      );
    }
    // packages by name: one more has to be looked at before it is listed here
    const packages = specifiers.filter((m) => !m.startsWith("file:"));
    assert.deepEqual(packages.filter((m) => !/^npm:\/?(uqr|fast-xml-parser|tldts)@/.test(m)), []);
  });
}

Deno.test("uqr, the one package of discovery, names no runtime either", async () => {
  const url = new URL(import.meta.resolve("uqr"));
  const text = await Deno.readTextFile(url).catch(() => null);
  if (text !== null) {
    assert.ok(!/from\s*["']|require\(|\bDeno\b|\bprocess\b|\bBuffer\b/.test(text));
    return;
  }
  // not a file: then through the bundler, which fails on what it cannot resolve for browsers
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--platform", "browser", "lib/discovery/serve/handler.ts"],
    cwd: ROOT,
    stderr: "null",
  }).output();
  assert.ok(success);
  assert.ok(!/["']node:|(?<![\w$.])Deno\s*\??\./.test(new TextDecoder().decode(stdout)));
});

Deno.test("discover() bundles for browsers, packages included, without a word of a runtime", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--platform", "browser", "lib/discovery/discover/discover.ts"],
    cwd: ROOT,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.ok(!/["']node:|(?<![\w$.])Deno\s*\??\./.test(new TextDecoder().decode(stdout)));
});
