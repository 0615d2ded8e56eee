import assert from "node:assert/strict";
import { configSchema } from "../../../lib/config/schema/json_schema.ts";

type Node = Readonly<Record<string, unknown>>;
const isNode = (v: unknown): v is Node => typeof v === "object" && v !== null;

/** `[limits]` and such with its keys, each with what its row in the documentation starts with. */
const tables = (node: Node, name: string): ReadonlyArray<readonly [string, Node]> => {
  const { properties } = node;
  if (!isNode(properties)) return [];
  return Object.entries(properties).flatMap(([key, inner]) => {
    if (!isNode(inner)) return [];
    const path = name === "" ? key : `${name}.${key}`;
    const { items } = inner;
    if (isNode(inner["properties"])) return [[`[${path}]`, inner] as const, ...tables(inner, path)];
    return isNode(items) && isNode(items["properties"]) ? [[`[[${path}]]`, items] as const] : [];
  });
};

const cell = (node: Node, required: boolean): string =>
  node["default"] !== undefined
    ? `\`${JSON.stringify(node["default"])}\``
    : required
    ? "required"
    : "";

Deno.test("docs/config.md names every key with its default, and no other", async () => {
  const text = await Deno.readTextFile(new URL("../../../docs/config.md", import.meta.url));
  const documented = new Map(
    text.slice(text.indexOf("## All keys")).split(/^#+ /m).slice(2).map((section) => {
      const title = /`(.*)`/.exec(section)?.[1] ?? "";
      const rows = section.matchAll(/^\| `(\w+)` *\| (.*?) *\|/gm);
      return [title, [...rows].map(([, key, value]) => `${key} ${value}`)];
    }),
  );
  const want = new Map(
    tables(configSchema(), "").map(([title, node]) => {
      const properties = isNode(node["properties"]) ? node["properties"] : {};
      const required = Array.isArray(node["required"]) ? node["required"] : [];
      const keys = Object.entries(properties).flatMap(([key, inner]) => {
        if (!isNode(inner) || isNode(inner["properties"])) return [];
        if (isNode(inner["items"]) && isNode(inner["items"]["properties"])) return [];
        return [`${key} ${cell(inner, required.includes(key))}`];
      });
      return [title, keys];
    }),
  );
  assert.deepEqual(documented, want);
});
