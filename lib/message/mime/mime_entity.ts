/** What the header of a MIME entity says about its body: type, boundary, transfer encoding. RFC 2045 §5, §6 */
import { type Field, type Header, unfolded } from "../header.ts";
import { readAlike } from "./mime_grammar.ts";
import { makeField } from "../write.ts";

/** `identity`: 7bit, 8bit, binary or none given; `other`: encoded already, or in a way nobody knows. */
export type BodyEncoding = "identity" | "other";

export interface Entity {
  /** `type/subtype` in lower case. */
  readonly type: string;
  /** Of a multipart; null where it has none that could be used. */
  readonly boundary: string | null;
  readonly encoding: BodyEncoding;
  /** Every program reads the same type, boundary and encoding out of it. */
  readonly clear: boolean;
}

export interface Parameter {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

/** `value; name=value; name="value"`, comments passed over. One pass; never throws. RFC 2045 §5.1 */
export const readParameterized = (
  text: string,
): { readonly value: string; readonly parameters: ReadonlyArray<Parameter> } => {
  const [value = "", ...rest] = pieces(text);
  const parameters = rest.flatMap((piece) => {
    const eq = piece.indexOf("=");
    if (eq < 0) return [];
    return [{ name: piece.slice(0, eq).trim().toLowerCase(), value: piece.slice(eq + 1).trim() }];
  });
  return { value: value.trim(), parameters };
};

/** Parted at semicolons; quoted strings are taken out of their quotes. */
const pieces = (text: string): ReadonlyArray<string> => {
  const out: Array<string> = [];
  let piece = "";
  let quoted = false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\\" && (quoted || depth > 0)) {
      i++;
      if (quoted) piece += text[i] ?? "";
    } else if (quoted) {
      if (c === '"') quoted = false;
      else piece += c;
    } else if (c === "(") depth++;
    else if (depth > 0) {
      if (c === ")") depth--;
    } else if (c === '"') quoted = true;
    else if (c === ";") {
      out.push(piece);
      piece = "";
    } else piece += c;
  }
  out.push(piece);
  return out;
};

/** Holds other entities, whose octets carry no encoding of its own. RFC 2045 §6.4 */
export const composite = (e: Entity): boolean =>
  e.encoding === "identity" && (e.boundary !== null || e.type === "message/rfc822");

/**
 * Such a header may hide or invent parts: it is not clear, and speaks of a multipart or a message, or we take it for
 * one. No part of what holds it can be changed for sure.
 */
export const misleading = (e: Entity, header: string): boolean =>
  !e.clear && (composite(e) || /multipart|message/i.test(header));

const IDENTITY: ReadonlySet<string> = new Set(["", "7bit", "8bit", "binary"]);
const MAX_BOUNDARY = 200;

/** `byDefault`: the type of an entity that names none; `message/rfc822` in a digest. RFC 2046 §5.1.5 */
export const entityOf = (fields: ReadonlyArray<Field>, byDefault = "text/plain"): Entity => {
  const typed = fields.find((f) => f.key === "content-type");
  const encoded = fields.find((f) => f.key === "content-transfer-encoding");
  const { value, parameters } = readParameterized(typed === undefined ? "" : unfolded(typed));
  const named = value.toLowerCase();
  // what is no type is plain text. RFC 2045 §5.2
  const type = typed === undefined
    ? byDefault
    : /^[^\s/]+\/[^\s/]+$/.test(named)
    ? named
    : "text/plain";
  const boundary = parameters.find((p) => p.name === "boundary")?.value.trimEnd() ?? "";
  const label = encoded === undefined ? "" : readParameterized(unfolded(encoded)).value;
  return {
    type,
    boundary: type.startsWith("multipart/") && boundary !== "" && boundary.length <= MAX_BOUNDARY
      ? boundary
      : null,
    encoding: IDENTITY.has(label.toLowerCase()) ? "identity" : "other",
    clear: (typed === undefined || readAlike(unfolded(typed))) &&
      (encoded === undefined || !/["\\]/.test(encoded.raw)),
  };
};

/** The fields of a part's header, one char per octet, without its empty line; lines that are none get no name. */
export const partFields = (head: string): ReadonlyArray<Field> => {
  const out: Array<Field> = [];
  for (const raw of head.split(/(?<=\r\n)(?![ \t])/)) {
    if (raw === "" || raw === "\r\n") continue;
    const colon = Math.max(raw.indexOf(":"), 0);
    const name = raw.slice(0, colon).trim();
    if (name === "") {
      out.push({ name, key: name, raw, valueAt: 0, misfit: false });
      continue;
    }
    out.push({ name, key: name.toLowerCase(), raw, valueAt: colon + 1, misfit: false });
  }
  return out;
};

/** The header with this transfer encoding, and no other. */
export const relabelled = (h: Header, encoding: string): Header => {
  const field = makeField("Content-Transfer-Encoding", encoding);
  const at = h.fields.findIndex((f) => f.key === field.key);
  const others = h.fields.filter((f) => f.key !== field.key);
  return { fields: at < 0 ? [...others, field] : others.toSpliced(at, 0, field) };
};
