/** Values as an XML property list, for Apple's configuration profiles. MC-12 */
import { leaf } from "../xml.ts";

export type PlistValue =
  | string
  | number
  | boolean
  | ReadonlyArray<PlistValue>
  | { readonly [key: string]: PlistValue };

const isList = (v: PlistValue): v is ReadonlyArray<PlistValue> => Array.isArray(v);

const node = (v: PlistValue, indent: string): string => {
  const inner = `${indent}  `;
  if (typeof v === "string") return leaf("string", v);
  if (typeof v === "number") return leaf("integer", String(v));
  if (typeof v === "boolean") return v ? "<true/>" : "<false/>";
  if (isList(v)) {
    return `<array>\n${v.map((e) => `${inner}${node(e, inner)}\n`).join("")}${indent}</array>`;
  }
  const entries = Object.entries(v).map(([key, value]) =>
    `${inner}${leaf("key", key)}${node(value, inner)}\n`
  );
  return `<dict>\n${entries.join("")}${indent}</dict>`;
};

export const plist = (v: PlistValue): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<plist version="1.0">${node(v, "")}</plist>`,
    "",
  ].join("\n");
