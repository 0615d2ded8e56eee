/**
 * Reads the two elements of an Autodiscover request that matter, and nothing else: no parser, no DTD,
 * no entities, at most 8 KiB. AD-3, threat 35
 */
import { unescape } from "../xml.ts";

export type PoxRequest =
  | { readonly _tag: "Asked"; readonly address: string; readonly schema: string | null }
  | { readonly _tag: "Malformed" };

export const MAX_REQUEST = 8 * 1024;

const MALFORMED = { _tag: "Malformed" } as const;

/** The text of the only element of that name, whatever its prefix; null where there is none or another. */
const textOf = (xml: string, name: string): string | null => {
  const found = [...xml.matchAll(new RegExp(`<(?:[A-Za-z_][\\w.-]{0,30}:)?${name}\\s{0,9}>`, "g"))];
  const [open] = found;
  if (open === undefined || found.length !== 1) return null;
  const start = open.index + open[0].length;
  const end = xml.indexOf("<", start);
  if (end < 0 || end - start > 1000 || xml[end + 1] !== "/") return null;
  return unescape(xml.slice(start, end))?.trim() ?? null;
};

export const readPoxRequest = (body: string): PoxRequest => {
  // neither DOCTYPE, ENTITY nor CDATA nor comment has any business here
  if (body.includes("<!") || body.length > MAX_REQUEST) return MALFORMED;
  if (!/<(?:[A-Za-z_][\w.-]{0,30}:)?Autodiscover[\s>]/.test(body)) return MALFORMED;
  const address = textOf(body, "EMailAddress");
  if (address === null || address === "") return MALFORMED;
  return { _tag: "Asked", address, schema: textOf(body, "AcceptableResponseSchema") };
};
