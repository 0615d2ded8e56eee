/**
 * Reads the two elements of an Autodiscover request that matter, and nothing else: no parser, no DTD,
 * no entities, at most 8 KiB. AD-3, docs/design/threats.md row 35
 */
import { unescape } from "../xml.ts";

export type PoxRequest =
  | { readonly _tag: "Asked"; readonly address: string; readonly schema: string | null }
  | { readonly _tag: "Malformed" };

export const MAX_REQUEST = 8 * 1024;

const MALFORMED = { _tag: "Malformed" } as const;

/** Without comments; null where one does not end. XML 1.0 §2.5 */
const withoutComments = (xml: string): string | null => {
  let out = "";
  for (let at = 0;;) {
    const open = xml.indexOf("<!--", at);
    if (open < 0) return out + xml.slice(at);
    const end = xml.indexOf("-->", open + 4);
    if (end < 0) return null;
    out += xml.slice(at, open);
    at = end + 3;
  }
};

/** The text of the only element of that name, whatever its prefix and attributes; null where there is none or another. */
const textOf = (xml: string, name: string): string | null => {
  const tag = new RegExp(`<(?:[A-Za-z_][\\w.-]{0,30}:)?${name}(?:\\s[^<>]*)?>`, "g");
  const found = [...xml.matchAll(tag)];
  const [open] = found;
  if (open === undefined || found.length !== 1 || open[0].endsWith("/>")) return null;
  const start = open.index + open[0].length;
  const end = xml.indexOf("<", start);
  if (end < 0 || end - start > 1000 || xml[end + 1] !== "/") return null;
  return unescape(xml.slice(start, end))?.trim() ?? null;
};

export const readPoxRequest = (body: string): PoxRequest => {
  const xml = body.length > MAX_REQUEST ? null : withoutComments(body);
  // neither DOCTYPE, ENTITY nor CDATA has any business here
  if (xml === null || xml.includes("<!")) return MALFORMED;
  if (!/<(?:[A-Za-z_][\w.-]{0,30}:)?Autodiscover[\s>]/.test(xml)) return MALFORMED;
  const address = textOf(xml, "EMailAddress");
  if (address === null || address === "") return MALFORMED;
  return { _tag: "Asked", address, schema: textOf(xml, "AcceptableResponseSchema") };
};
