// deno-lint-ignore-file no-console -- it reports on the terminal
/**
 * Walks the imports of `lib/`, `policies/` and `mod.ts` and prints every edge that breaks the table
 * of layers. Reads the sources as text: nothing is resolved, fetched or run.
 *
 *     deno run --allow-read .ci/layers.ts
 */
import { code } from "./source_text.ts";

/** Rooms of `lib/` in the order of their layers; those of layer 0 import to their left only. */
const LAYERS: ReadonlyArray<ReadonlyArray<string>> = [
  ["reply", "address", "message", "envelope"],
  ["ports"],
  ["stages"],
  ["smtp", "sasl", "discovery"],
  [
    "accounts",
    "spool",
    "dns",
    "tls",
    "net",
    "relay",
    "replica",
    "oauth",
    "dkim",
    "seal",
    "records",
    "site",
    "filter",
  ],
  ["server", "http", "config", "cli"],
];

/** What a room may import besides itself. */
const MAY: ReadonlyArray<ReadonlyArray<number>> = [
  [],
  [0],
  [0, 1],
  [0],
  [0, 1, 3],
  [0, 1, 2, 3, 4, 5], // edges meet: a command starts the server
];

/**
 * Single edges beyond the table: the machine of AUTH runs the mechanisms it is given, and discovery
 * reads what the port of DNS answers.
 */
const ALSO: ReadonlySet<string> = new Set(["smtp > sasl", "discovery > ports"]);

/** Type-only imports of the runtime in a pure room: a TLS context has no other name. */
const RUNTIME_TYPES: ReadonlySet<string> = new Set(["lib/ports/certificates.ts node:tls"]);

const HIGHEST_PURE = 3;

/** `policies`, `mod`, or the room of a file in `lib/`; null for what lies elsewhere. */
const roomOf = (path: string): string | null => {
  if (path === "mod.ts") return "mod";
  const [top, room] = path.split("/");
  if (top === "policies") return "policies";
  return top === "lib" && room !== undefined ? room : null;
};

const layerOf = (room: string): number => LAYERS.findIndex((l) => l.includes(room));

/** Why `from` may not import `to` (paths from the root), or null where it may. */
export const forbidden = (from: string, to: string): string | null => {
  const a = roomOf(from);
  const b = roomOf(to);
  // the version has one home
  if (to === "deno.json" && a !== null && layerOf(a) === 5) return null;
  if (a === null || b === null) return "leads out of the house";
  if (a === "mod" || a === b) return null;
  if (b === "mod") return "nobody imports the public entry";
  if (b === "policies") return "only mod.ts imports policies";
  const upper = layerOf(b);
  if (upper < 0) return `room ${b} has no layer`;
  if (a === "policies") {
    return upper <= 1 || to === "lib/stages/policy.ts"
      ? null
      : "policies import domain, ports and stages/policy.ts";
  }
  const own = layerOf(a);
  if (own < 0) return `room ${a} has no layer`;
  if (ALSO.has(`${a} > ${b}`)) return null;
  if (own === 0) {
    const rooms = LAYERS[0] ?? [];
    return upper === 0 && rooms.indexOf(b) < rooms.indexOf(a)
      ? null
      : "a domain room imports those to its left";
  }
  return MAY[own]?.includes(upper)
    ? null
    : own === 4 && upper === 4
    ? "services meet through ports"
    : `layer ${own} does not import layer ${upper}`;
};

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Static and dynamic imports, re-exports, and files started by URL (workers). */
export const importsOf = (source: string): ReadonlyArray<Import> => {
  const { withoutComments } = code(source);
  const out: Array<Import> = [];
  const patterns = [
    /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w$*{][^;"']*?)?from\s*["']([^"']+)["']/gm,
    /^[ \t]*import\s+()["']([^"']+)["']/gm,
    /\bimport\s*\(\s*()["']([^"']+)["']/g,
    /\bnew\s+URL\s*\(\s*()["'](\.[^"']+)["']\s*,\s*import\.meta\.url/g,
  ];
  for (const pattern of patterns) {
    for (const [, type, specifier] of withoutComments.matchAll(pattern)) {
      if (specifier !== undefined) out.push({ specifier, typeOnly: (type ?? "") !== "" });
    }
  }
  return out;
};

const resolve = (from: string, specifier: string): string =>
  new URL(specifier, `file:///${from}`).pathname.slice(1);

/** Every breach in one file; `path` from the root. */
export const breaches = (path: string, source: string): ReadonlyArray<string> => {
  const room = roomOf(path);
  if (room === null) return [];
  const layer = layerOf(room);
  const pure = room === "policies" || (layer >= 0 && layer <= HIGHEST_PURE);
  const out: Array<string> = [];
  for (const { specifier, typeOnly } of importsOf(source)) {
    if (specifier.startsWith(".")) {
      const to = resolve(path, specifier);
      const why = forbidden(path, to);
      if (why !== null) out.push(`${path} > ${to}: ${why}`);
    } else if (specifier.startsWith("node:") && pure) {
      if (typeOnly && RUNTIME_TYPES.has(`${path} ${specifier}`)) continue;
      out.push(`${path} > ${specifier}: a pure room imports no runtime`);
    } else if (layer === 0 && specifier !== "effect" && !specifier.startsWith("effect/")) {
      out.push(`${path} > ${specifier}: a domain room imports effect only`);
    }
  }
  if (pure && /(?<![\w$.])Deno\s*\??\./.test(code(source).withoutStrings)) {
    out.push(`${path}: a pure room uses no Deno.*`);
  }
  return out;
};

const files = (path: string): ReadonlyArray<string> => {
  try {
    if (Deno.statSync(path).isFile) return [path];
    return [...Deno.readDirSync(path)].flatMap((e) =>
      e.isDirectory || e.name.endsWith(".ts") ? files(`${path}/${e.name}`) : []
    ).sort();
  } catch (e) {
    if (e instanceof Deno.errors.NotFound) return [];
    throw e;
  }
};

if (import.meta.main) {
  const all = ["mod.ts", "lib", "policies"].flatMap(files);
  const found = all.flatMap((f) => breaches(f, Deno.readTextFileSync(f)));
  for (const line of found) console.error(line);
  console.log(`${all.length} files, ${found.length} edges that break the table`);
  if (found.length > 0 || all.length === 0) Deno.exit(1);
}
