// deno-lint-ignore-file no-console -- it reports on the terminal
/**
 * Walks the imports of `lib/`, `policies/` and `mod.ts` and prints every edge that breaks the order of floors and
 * rooms (`house.ts`), and every circle of files, types included. Reads the sources as text: nothing is resolved,
 * fetched or run.
 *
 *     deno run --allow-read .ci/layers.ts                                fails where the map in the docs is stale, too
 *     deno run --allow-read --allow-write=docs .ci/layers.ts --write     writes the map into docs/architecture.md
 */
import { FLOORS, map } from "./house.ts";
import { code } from "./source_text.ts";

/** Type-only imports of the runtime in a pure room: a TLS context has no other name. */
const RUNTIME_TYPES: ReadonlySet<string> = new Set(["lib/ports/certificates.ts node:tls"]);

/** `policies`, `mod`, or the room of a file in `lib/`; null for what lies elsewhere. */
const roomOf = (path: string): string | null => {
  // main.ts, the program, is on the same height as the entry: both may import all
  if (path === "mod.ts" || path === "main.ts" || path.startsWith("entry/")) return "mod";
  const [top, room] = path.split("/");
  if (top === "policies") return "policies";
  return top === "lib" && room !== undefined ? room : null;
};

const floorOf = (room: string): number =>
  FLOORS.findIndex((f) => f.rooms.some((r) => r.name === room));

/** Why a file may not import another one of its room, or null where it may. */
const forbiddenInside = (room: string, from: string, to: string): string | null => {
  const inside = FLOORS[floorOf(room)]?.rooms.find((r) => r.name === room)?.inside;
  if (inside === undefined) return null;
  const [, , a, deeperA] = from.split("/");
  const [, , b, deeperB] = to.split("/");
  // files that lie in the room itself stand above and below its inner rooms: circles are what is looked for there
  if (deeperA === undefined || deeperB === undefined || a === b) return null;
  const rank = (name: string): number => inside.findIndex((group) => group.includes(name));
  const [ra, rb] = [rank(a ?? ""), rank(b ?? "")];
  if (ra < 0 || rb < 0) {
    return `${ra < 0 ? a : b} is no room inside ${room}: name it in .ci/house.ts`;
  }
  return rb < ra ? null : `${a} does not import ${b}`;
};

/** Why `from` may not import `to` (paths from the root), or null where it may. */
export const forbidden = (from: string, to: string): string | null => {
  const a = roomOf(from);
  const b = roomOf(to);
  // the version has one home
  if (to === "deno.json" && a === "app") return null;
  if (a === null || b === null) return "leads out of the house";
  if (a === b && a !== "mod") return forbiddenInside(a, from, to);
  if (a === "mod") return null;
  if (b === "mod") return "nobody imports the public entry";
  if (b === "policies") return "only entries import policies";
  const upper = floorOf(b);
  if (upper < 0) return `room ${b} has no floor: name it in .ci/house.ts`;
  if (a === "policies") {
    return upper <= 1 || to === "lib/stages/policy.ts"
      ? null
      : "policies import domain, ports and stages/policy.ts";
  }
  const own = floorOf(a);
  const floor = FLOORS[own];
  if (floor === undefined) return `room ${a} has no floor: name it in .ci/house.ts`;
  if (own === upper) {
    if (floor.sideways === "no") return "rooms of this floor meet through ports";
    const names = floor.rooms.map((r) => r.name);
    return names.indexOf(b) < names.indexOf(a) ? null : "a room imports those to its left";
  }
  return floor.may.includes(upper)
    ? null
    : `floor ${own} (${floor.name}) does not import floor ${upper} (${FLOORS[upper]?.name})`;
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
  const floor = floorOf(room);
  const pure = room === "policies" || FLOORS[floor]?.pure === true;
  const out: Array<string> = [];
  for (const { specifier, typeOnly } of importsOf(source)) {
    if (specifier.startsWith(".")) {
      const to = resolve(path, specifier);
      const why = forbidden(path, to);
      if (why !== null) out.push(`${path} > ${to}: ${why}`);
    } else if (specifier.startsWith("node:") && pure) {
      if (typeOnly && RUNTIME_TYPES.has(`${path} ${specifier}`)) continue;
      out.push(`${path} > ${specifier}: a pure room imports no runtime`);
    } else if (floor === 0 && specifier !== "effect" && !specifier.startsWith("effect/")) {
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

/** Circles of files, each as the files it is made of: the strongly connected sets. */
export const circles = (
  imports: ReadonlyMap<string, ReadonlyArray<string>>,
): ReadonlyArray<ReadonlyArray<string>> => {
  const number = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: Array<string> = [];
  const out: Array<ReadonlyArray<string>> = [];
  const visit = (file: string): number => {
    const own = number.size;
    let low = own;
    number.set(file, own);
    path.push(file);
    for (const to of imports.get(file) ?? []) {
      if (!number.has(to)) low = Math.min(low, visit(to));
      else if (!lowest.has(to)) low = Math.min(low, number.get(to) ?? low);
    }
    if (low === own) {
      const circle = path.splice(path.indexOf(file));
      for (const f of circle) lowest.set(f, low);
      if (circle.length > 1) out.push(circle.sort());
    }
    return low;
  };
  for (const file of imports.keys()) if (!number.has(file)) visit(file);
  return out;
};

const PAGE = "docs/architecture.md";
const MARKS = ["<!-- map -->", "<!-- /map -->"] as const;

/** The formatter may break lines of the page elsewhere. */
const unwrapped = (text: string): string => text.replace(/\s+/g, " ");

/** The page with the map of today between its marks; null where it has no marks. */
const withMap = (page: string): string | null => {
  const [from, to] = MARKS.map((m) => page.indexOf(m));
  if (from === undefined || to === undefined || from < 0 || to < from) return null;
  return `${page.slice(0, from)}${MARKS[0]}\n\n${map()}\n\n${page.slice(to)}`;
};

if (import.meta.main) {
  const all = ["mod.ts", "main.ts", "entry", "lib", "policies"].flatMap(files);
  const texts = new Map(all.map((f) => [f, Deno.readTextFileSync(f)]));
  const found = [...texts].flatMap(([f, text]) => breaches(f, text));
  const imports = new Map(
    [...texts].map(([f, text]) => [
      f,
      importsOf(text).flatMap(({ specifier }) =>
        specifier.startsWith(".") ? [resolve(f, specifier)] : []
      ),
    ]),
  );
  for (const c of circles(imports)) found.push(`a circle of ${c.length} files: ${c.join(" > ")}`);
  const page = Deno.readTextFileSync(PAGE);
  const now = withMap(page);
  if (now === null) {
    found.push(`${PAGE}: ${MARKS.join(" and ")} are missing, between which the map stands`);
  } else if (unwrapped(now) !== unwrapped(page)) {
    if (Deno.args.includes("--write")) Deno.writeTextFileSync(PAGE, now);
    else found.push(`${PAGE}: the map is not of today; deno task map writes it`);
  }
  for (const line of found) console.error(line);
  console.log(`${all.length} files, ${found.length} breaches`);
  if (found.length > 0 || all.length === 0) Deno.exit(1);
}
