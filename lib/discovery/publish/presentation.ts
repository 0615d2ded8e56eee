/** Record data as text: in the form of master files, and its parts for other formats. RFC 1035 §5.1 */
import { type RecordData, stringsOf } from "../record.ts";

/** With the dot that makes it absolute; the root is one already. ZF-1 */
export const absolute = (name: string): string => name === "." ? "." : `${name}.`;

/** One character string in quotes; `;` needs no escape there. ZF-2 */
export const quoted = (octets: Uint8Array): string => quotedWith(octets, decimal);

/** `\DDD`, in decimal. RFC 1035 §5.1 */
const decimal = (octet: number): string => `\\${String(octet).padStart(3, "0")}`;

/** `escape` writes an octet that is not printable ASCII. */
export const quotedWith = (octets: Uint8Array, escape: (octet: number) => string): string => {
  let out = '"';
  for (const o of octets) {
    if (o === 0x22 || o === 0x5c) out += `\\${String.fromCharCode(o)}`;
    else out += o >= 0x20 && o <= 0x7e ? String.fromCharCode(o) : escape(o);
  }
  return `${out}"`;
};

/** Several quoted strings on one line. ZF-3 */
export const txt = (text: string): string => stringsOf(text).map(quoted).join(" ");

const encoder = new TextEncoder();

/** The data after the type in a master file. */
export const printData = (d: RecordData): string => {
  switch (d.type) {
    case "A":
    case "AAAA":
      return d.address;
    case "CNAME":
    case "NS":
      return absolute(d.target);
    case "MX":
      return `${d.preference} ${absolute(d.target)}`;
    case "SRV":
      return `${d.priority} ${d.weight} ${d.port} ${absolute(d.target)}`;
    case "TXT":
      return txt(d.text);
    case "CAA":
      return `${d.flags} ${d.tag} ${quoted(encoder.encode(d.value))}`;
    case "TLSA":
      return `${d.usage} ${d.selector} ${d.matching} ${d.certificate}`;
    case "SOA":
      return `${absolute(d.mname)} ${
        absolute(d.rname)
      } ${d.serial} ${d.refresh} ${d.retry} ${d.expire} ${d.minimum}`;
  }
};

/** The owner as panels and generators want it: below `zone`, `apex` for the zone itself. */
export const relative = (owner: string, zone: string, apex = "@"): string =>
  owner === zone ? apex : owner.endsWith(`.${zone}`) ? owner.slice(0, -zone.length - 1) : owner;
