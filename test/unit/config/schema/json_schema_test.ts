import assert from "node:assert/strict";
import { configSchema } from "../../../../lib/config/schema/json_schema.ts";

type Node = Readonly<Record<string, unknown>>;
const isNode = (v: unknown): v is Node => typeof v === "object" && v !== null;

/** Every key of every table. */
const walk = (node: Node, path: string, visit: (path: string, node: Node) => void): void => {
  const { properties, items } = node;
  if (isNode(items)) walk(items, `${path}[]`, visit);
  if (!isNode(properties)) return;
  for (const [key, inner] of Object.entries(properties)) {
    if (!isNode(inner)) continue;
    visit(`${path}.${key}`, inner);
    walk(inner, `${path}.${key}`, visit);
  }
};

Deno.test("configSchema() describes every value and closes every table", () => {
  const seen: Array<string> = [];
  walk(configSchema(), "", (path, node) => {
    seen.push(path);
    if (isNode(node["properties"])) assert.equal(node["additionalProperties"], false, path);
    else assert.equal(typeof node["description"], "string", path);
  });
  for (const key of [".hostname", ".listen.submissions", ".route[].via", ".limits.errors"]) {
    assert.ok(seen.includes(key), key);
  }
});

Deno.test("configSchema() is JSON", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(configSchema())), configSchema());
});
