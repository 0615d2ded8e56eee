/**
 * Untrusted XML, as a small tree. AC-18, docs/design/threats.md row 35
 *
 * Document types are refused before the parser sees them, so that there are no entities but the five of
 * XML and numbers; size, depth and the number of elements are bounded.
 */
import { XMLParser } from "fast-xml-parser";
import { xmlText } from "./xml_encoding.ts";

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: ReadonlyArray<Element>;
  /** All text directly inside, trimmed. */
  readonly text: string;
}

export const MAX_XML = 256 * 1024;
const MAX_DEPTH = 16;
const MAX_ELEMENTS = 5_000;

/** Tag by tag, comments and CDATA as units; a value in quotes may hold `>`. */
const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<(?:[^<>"']|"[^"<]*"|'[^'<]*')*>|</g;

/** Null: it may be parsed; else why not. */
const unfit = (text: string): string | null => {
  if (text.length > MAX_XML) return "too large";
  let depth = 0;
  let elements = 0;
  for (const token of text.matchAll(TOKEN)) {
    const [tag] = token;
    if (tag.startsWith("<!--") || tag.startsWith("<![CDATA[") || tag.startsWith("<?")) continue;
    if (text.startsWith("<!", token.index)) return "has a document type";
    if (tag === "<") return "has a tag that does not end";
    if (tag.startsWith("</")) depth--;
    else {
      if (++elements > MAX_ELEMENTS) return "has too many elements";
      if (!tag.endsWith("/>") && ++depth > MAX_DEPTH) return "is nested too deep";
    }
    if (depth < 0) return "closes what is not open";
  }
  return depth === 0 ? null : "does not end";
};

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  trimValues: false,
  cdataPropName: "#cdata",
});

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

/** The five entities of XML and characters by number; anything else stays as it is written. */
const decoded = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));/gi,
    (all, hex, dec, name) => {
      if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? all;
      const code = hex !== undefined ? parseInt(String(hex), 16) : Number(dec);
      return code > 0x10ffff ? all : String.fromCodePoint(code);
    },
  );

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === "object" && v !== null && !Array.isArray(v);

const attributesOf = (v: unknown): Readonly<Record<string, string>> =>
  isRecord(v) ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, decoded(String(x))])) : {};

const textOf = (v: unknown): string =>
  Array.isArray(v) ? v.map((x) => isRecord(x) ? String(x["#text"] ?? "") : "").join("") : "";

const elementsOf = (nodes: unknown): ReadonlyArray<Element> => {
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node): ReadonlyArray<Element> => {
    if (!isRecord(node)) return [];
    const name = Object.keys(node).find((k) => k !== ":@");
    if (name === undefined || name.startsWith("#") || name.startsWith("?")) return [];
    const inside = node[name];
    const text = Array.isArray(inside)
      ? inside.map((x) =>
        isRecord(x)
          ? "#text" in x ? decoded(String(x["#text"])) : "#cdata" in x ? textOf(x["#cdata"]) : ""
          : ""
      ).join("")
      : "";
    return [{
      name,
      attributes: attributesOf(node[":@"]),
      children: elementsOf(inside),
      text: text.trim(),
    }];
  });
};

export type XmlResult =
  | { readonly _tag: "Root"; readonly root: Element }
  | { readonly _tag: "Unfit"; readonly reason: string };

/** `charset`: what the transport says. Never throws. */
export const parseXml = (
  octets: Uint8Array | string,
  charset: string | null = null,
): XmlResult => {
  if (octets.length > MAX_XML) return { _tag: "Unfit", reason: "too large" };
  try {
    const text = typeof octets === "string" ? octets : xmlText(octets, charset);
    if (text === null) {
      return { _tag: "Unfit", reason: "is not text in the encoding that it names" };
    }
    const reason = unfit(text);
    if (reason !== null) return { _tag: "Unfit", reason };
    const [root] = elementsOf(parser.parse(text));
    return root === undefined
      ? { _tag: "Unfit", reason: "has no element" }
      : { _tag: "Root", root };
  } catch {
    return { _tag: "Unfit", reason: "is no XML" };
  }
};

export const childrenOf = (e: Element, name: string): ReadonlyArray<Element> =>
  e.children.filter((c) => c.name === name);

/** Text of the first child of that name; null where there is none. */
export const textAt = (e: Element, name: string): string | null =>
  e.children.find((c) => c.name === name)?.text ?? null;
