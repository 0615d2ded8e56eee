/**
 * Says whether a message that arrived is the one that was sent: an own reader of MIME, which shares no code with
 * `lib/`, so that what both would misread is not hidden. RFC 2045 §6, RFC 2046 §5.1
 *
 * Text may have changed in one way alone: by a transfer encoding that its part now names, and that decodes to the same
 * octets. Headers of parts may be folded elsewhere, and say in ASCII what they said. All texts hold one char an octet.
 */

type Fields = ReadonlyArray<readonly [name: string, value: string]>;

interface Entity {
  readonly fields: Fields;
  readonly body: string;
}

/** What is wrong with `got`; null: nothing. Both are whole messages. */
export const altered = (sent: string, got: string): string | null =>
  differs(entityOf(sent), entityOf(got), "text/plain", "message");

const entityOf = (text: string): Entity => {
  const end = text.startsWith("\r\n") ? -2 : text.indexOf("\r\n\r\n");
  if (end === -2) return { fields: [], body: text.slice(2) };
  const head = end < 0 ? text : text.slice(0, end);
  return { fields: fieldsOf(head), body: end < 0 ? "" : text.slice(end + 4) };
};

const fieldsOf = (head: string): Fields =>
  head.replace(/\r\n(?=[ \t])/g, "").split("\r\n").filter((l) => l !== "").map((line) => {
    const colon = line.indexOf(":");
    return colon < 0
      ? ["", line] as const
      : [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });

const valueOf = (e: Entity, name: string): string | null =>
  e.fields.find(([n]) => n === name)?.[1] ?? null;

const differs = (a: Entity, b: Entity, byDefault: string, at: string): string | null => {
  const header = headersDiffer(a, b, at === "message");
  if (header !== null) return `${at}: ${header}`;
  const before = encodingOf(a);
  const after = encodingOf(b);
  if (a.body === b.body) {
    return before === after ? null : `${at}: called ${after || "identity"}, and the same octets`;
  }
  if (before !== "") return `${at}: text that was encoded before has changed`;
  const type = typeOf(a, byDefault);
  const boundary = boundaryOf(a);
  if (type.startsWith("multipart/") && boundary !== null) {
    if (after !== "") return `${at}: a multipart is called ${after}`;
    return partsDiffer(a.body, b.body, boundary, type, at);
  }
  if (type === "message/rfc822") {
    if (after !== "") return `${at}: a message is called ${after}`;
    return differs(entityOf(a.body), entityOf(b.body), "text/plain", `${at}/nested`);
  }
  if (after === "") return `${at}: text has changed`;
  return decoded(b.body, after) === a.body ? null : `${at}: text decodes to other text`;
};

// --- headers --------------------------------------------------------------------------------

/** Empty for what stands for itself. RFC 2045 §6.2 */
const encodingOf = (e: Entity): string => {
  const said = (valueOf(e, "content-transfer-encoding") ?? "").replace(/\([^)]*\)|;.*/g, "").trim()
    .toLowerCase();
  return said === "7bit" || said === "8bit" || said === "binary" ? "" : said;
};

const typeOf = (e: Entity, byDefault: string): string => {
  const said = /^\s*([^\s;/]+\/[^\s;/]+)\s*(?:;|$)/.exec(
    withoutComments(valueOf(e, "content-type") ?? ""),
  );
  // what is no type is plain text. RFC 2045 §5.2
  return said?.[1]?.toLowerCase() ??
    (valueOf(e, "content-type") === null ? byDefault : "text/plain");
};

const withoutComments = (s: string): string => {
  let out = "";
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < s.length; i++) {
    const c = s[i] ?? "";
    if (c === "\\") {
      if (depth === 0) out += s.slice(i, i + 2);
      i++;
    } else if (quoted || (c === '"' && depth === 0)) {
      out += c;
      if (c === '"') quoted = !quoted;
    } else if (c === "(") depth++;
    else if (c === ")" && depth > 0) depth--;
    else if (depth === 0) out += c;
  }
  return out;
};

const boundaryOf = (e: Entity): string | null => {
  const text = withoutComments(valueOf(e, "content-type") ?? "");
  const found = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(text);
  const said = found?.[1]?.replace(/\\(.)/g, "$1") ?? found?.[2];
  return said === undefined || said.trimEnd() === "" ? null : said.trimEnd();
};

const OURS = new Set(["content-transfer-encoding", "mime-version"]);

/** Of the message only the fields about its body: all others have tests of their own. */
const headersDiffer = (a: Entity, b: Entity, whole: boolean): string | null => {
  const kept = (e: Entity) =>
    e.fields.filter(([n]) => !OURS.has(n) && (!whole || n.startsWith("content-")));
  const before = kept(a).map(plain);
  const after = kept(b).map(plain);
  // 8-bit text without a label is called what it is
  const supplied = whole && valueOf(a, "content-type") === null
    ? after.filter((f) => !f.startsWith("content-type: text/plain"))
    : after;
  const unique = whole ? [...new Set(before)] : before; // a copy that says the same goes
  if (unique.join("\n") === supplied.join("\n")) return null;
  return `fields ${JSON.stringify(unique)} became ${JSON.stringify(supplied)}`;
};

/** What a field says, whatever way it is written in. */
const plain = ([name, value]: readonly [string, string]): string => {
  const said = /^content-(?:type|disposition)$/.test(name) ? parametersOf(value) : words(value);
  return `${name}: ${said.replace(/[ \t]+/g, " ").trim()}`;
};

/** RFC 2047 §6.2 */
const words = (s: string): string =>
  s.replace(/(\?=)[ \t]+(?==\?)/g, "$1").replace(
    /=\?utf-8\?([qb])\?([^? ]*)\?=/gi,
    (_, encoding: string, text: string) =>
      encoding.toLowerCase() === "b" ? atob(text) : quotedDecoded(text.replaceAll("_", " ")),
  );

/** Names and values, quotes and continuations taken off. RFC 2231 §3, §4 */
const parametersOf = (value: string): string => {
  const [head = "", ...rest] = value.split(/;(?=(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*")*$)/);
  const known = new Map<string, string>();
  for (const piece of rest) {
    const eq = piece.indexOf("=");
    if (eq < 0) continue;
    const name = piece.slice(0, eq).trim().toLowerCase();
    const raw = piece.slice(eq + 1).trim();
    const text = raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, "$1") : raw;
    const extended = /^([^*]+)(?:\*(\d+))?(\*?)$/.exec(name);
    const base = extended?.[1] ?? name;
    const percent = extended?.[3] === "*"
      ? text.replace(/^utf-8''/i, "").replace(
        /%([0-9A-F]{2})/gi,
        (_, h: string) => String.fromCharCode(parseInt(h, 16)),
      )
      : text;
    known.set(base, (extended?.[2] === undefined ? "" : known.get(base) ?? "") + percent);
  }
  return [head.trim(), ...[...known].map(([n, v]) => `${n}=${v}`)].join("; ");
};

// --- bodies ---------------------------------------------------------------------------------

const partsDiffer = (
  a: string,
  b: string,
  boundary: string,
  type: string,
  at: string,
): string | null => {
  const before = split(a, boundary);
  const after = split(b, boundary);
  if (before.lines.join("\n") !== after.lines.join("\n")) {
    return `${at}: boundary lines have changed`;
  }
  if (before.around[0] !== after.around[0]) return `${at}: the preamble has changed`;
  if (before.around[1] !== after.around[1]) return `${at}: the epilogue has changed`;
  const byDefault = type === "multipart/digest" ? "message/rfc822" : "text/plain";
  for (const [i, part] of before.parts.entries()) {
    const problem = differs(
      entityOf(part),
      entityOf(after.parts[i] ?? ""),
      byDefault,
      `${at}/${i + 1}`,
    );
    if (problem !== null) return problem;
  }
  return null;
};

/** A line is a boundary where nothing but blanks follows it. RFC 2046 §5.1.1 */
const split = (body: string, boundary: string) => {
  const lines: Array<string> = [];
  const texts: Array<string> = [];
  let text: Array<string> = [];
  let over = false;
  for (const line of body.split("\r\n")) {
    const bare = line.replace(/[ \t]+$/, "");
    const last = bare === `--${boundary}--`;
    if (over || (bare !== `--${boundary}` && !last)) {
      text.push(line);
      continue;
    }
    lines.push(line);
    texts.push(text.join("\r\n"));
    text = [];
    over = last;
  }
  const tail = text.join("\r\n");
  const parts = texts.slice(1);
  if (!over && lines.length > 0) parts.push(tail);
  return { lines, parts, around: [texts[0] ?? tail, over ? tail : ""] as const };
};

const decoded = (text: string, encoding: string): string | null => {
  if (encoding === "quoted-printable") {
    return quotedDecoded(text.replace(/[ \t]+(?=\r\n|$)/g, "").replace(/=\r\n/g, ""));
  }
  if (encoding !== "base64") return null;
  try {
    return atob(text.replace(/[\r\n]/g, ""));
  } catch {
    return null;
  }
};

const quotedDecoded = (text: string): string =>
  text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
