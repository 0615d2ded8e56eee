/**
 * A UTF-8 header in ASCII, as far as that keeps its meaning: domains as A-labels, free text and names as encoded
 * words, parameters as RFC 2231 has them. RFC 6409 §6.5, RFC 6531 §3.2
 *
 * A non-ASCII local part or identifier has no other form: it cannot be converted.
 */
import { isAscii } from "../address/domain.ts";
import { asciiMailbox } from "../address/mailbox.ts";
import { parseAddressList } from "./address_list.ts";
import { downgradeWords } from "./downgrade_words.ts";
import { encodeText } from "./encoded_word.ts";
import { type Field, type Header, type HeaderFault, headerFault, unfolded } from "./header.ts";
import { readParameterized } from "./mime/mime_entity.ts";
import { readAlike } from "./mime/mime_grammar.ts";
import { decodeUtf8 } from "./text.ts";
import { makeFolded } from "./write.ts";

/** The same header where it is ASCII already; a fault that names the field where it cannot be. */
export const downgradeHeader = (h: Header): Header | HeaderFault => {
  if (h.fields.every((f) => isAscii(f.raw))) return h;
  const fields: Array<Field> = [];
  for (const f of h.fields) {
    const made = isAscii(f.raw) ? f : downgradeField(f);
    if (made === null || !isAscii(made.raw)) {
      return headerFault("EXT-UTF-8", f.name, "cannot be said without UTF-8");
    }
    fields.push(made);
  }
  return { fields };
};

const ADDRESSES: ReadonlySet<string> = new Set([
  "from",
  "sender",
  "reply-to",
  "to",
  "cc",
  "bcc",
  "resent-from",
  "resent-sender",
  "resent-reply-to",
  "resent-to",
  "resent-cc",
  "resent-bcc",
]);
const PARAMETERIZED: ReadonlySet<string> = new Set(["content-type", "content-disposition"]);
/** Names in words, with commas or an identifier beside them. RFC 5322 §3.6.5, RFC 2919 §2 */
const PHRASES: ReadonlySet<string> = new Set(["keywords", "list-id"]);
/** Values with a grammar that has a place for encoded words in comments alone. RFC 2047 §5 (2) */
const COMMENTED =
  /^(?:(?:resent-)?(?:message-id|date)|in-reply-to|references|return-path|mime-version|content-(?:id|transfer-encoding)|list-(?!id$).*)$/;
/** And in none at all. */
const RIGID =
  /^(?:content-(?:location|md5)|dkim-signature|authentication-results|arc-.*|autocrypt.*)$/;

/** In ASCII; null where there is no such form. */
export const downgradeField = (f: Field): Field | null => {
  const value = decodeUtf8(unfolded(f));
  if (value === null || RIGID.test(f.key)) return null;
  if (ADDRESSES.has(f.key)) return addresses(f.name, value);
  if (PARAMETERIZED.has(f.key)) return parameterized(f.name, value);
  if (PHRASES.has(f.key)) return words(f.name, value, true);
  if (COMMENTED.test(f.key)) return words(f.name, value, false);
  if (f.key === "received") return received(f.name, value);
  return makeFolded(f.name, encodeText(value));
};

// --- addresses ------------------------------------------------------------------------------

const addresses = (name: string, value: string): Field | null => {
  const list = parseAddressList(value, Infinity);
  if (typeof list === "string" || !list.mailboxes.every(asciiMailbox)) return null;
  return words(name, value, true);
};

const words = (name: string, value: string, phrases: boolean): Field | null => {
  const pieces = downgradeWords(value, { phrases });
  return pieces === null ? null : makeFolded(name, pieces);
};

// --- parameters -----------------------------------------------------------------------------

const TOKEN = /^[0-9A-Za-z!#$&.+^_`{|}~-]+$/;
/** Octets of a value in one piece of a parameter. RFC 2231 §3 */
const PIECE = 16;

const parameterized = (name: string, value: string): Field | null => {
  if (!readAlike(value)) return null;
  const read = readParameterized(value);
  if (!isAscii(read.value)) return null;
  const parameters = read.parameters.flatMap((p) =>
    isAscii(p.value) ? [`${p.name}=${TOKEN.test(p.value) ? p.value : quote(p.value)}`] : extended(p)
  );
  const pieces = [read.value, ...parameters];
  return makeFolded(name, pieces.map((p, i) => i < pieces.length - 1 ? `${p};` : p));
};

const quote = (s: string): string => `"${s.replace(/["\\]/g, "\\$&")}"`;

/** `name*0*=utf-8''...; name*1*=...` RFC 2231 §4 */
const extended = (
  p: { readonly name: string; readonly value: string },
): ReadonlyArray<string> => {
  const octets = Array.from(
    new TextEncoder().encode(p.value),
    (o) =>
      /[0-9A-Za-z]/.test(String.fromCharCode(o))
        ? String.fromCharCode(o)
        : `%${o.toString(16).toUpperCase().padStart(2, "0")}`,
  );
  if (octets.length <= PIECE) return [`${p.name}*=utf-8''${octets.join("")}`];
  const out: Array<string> = [];
  for (let i = 0; i < octets.length; i += PIECE) {
    const start = i === 0 ? "utf-8''" : "";
    out.push(`${p.name}*${i / PIECE}*=${start}${octets.slice(i, i + PIECE).join("")}`);
  }
  return out;
};

// --- trace ----------------------------------------------------------------------------------

/** Without its `for` clause, where that holds what is not ASCII. RFC 6857 §3.1.10 */
const received = (name: string, value: string): Field =>
  makeFolded(name, value.replace(/ for <[^>]*[^\0-\x7f][^>]*>/u, "").split(" "));

/** The header of a part, one char per octet, in the same way; null where there is none. */
export const downgradePart = (raw: string): string | null => {
  const lines = linesOf(raw, () => true);
  return lines.includes(null) ? null : lines.join("");
};

/**
 * The header of a part with what its own fields (`Content-...`) say in UTF-8 said in ASCII. What has no such form, or
 * is other 8-bit text, stays as it is.
 */
export const mendPart = (raw: string): string => {
  const fields = raw.split(FIELD);
  return linesOf(raw, (name) => /^content-/i.test(name)).map((l, i) => l ?? fields[i] ?? "").join(
    "",
  );
};

/** Between two fields. RFC 5322 §2.2.3 */
const FIELD = /(?<=\r\n)(?![ \t])/;

/** Each field in ASCII; null where it cannot be, or is not `wanted`. */
const linesOf = (
  raw: string,
  wanted: (name: string) => boolean,
): ReadonlyArray<string | null> =>
  raw.split(FIELD).map((line) => {
    if (isAscii(line)) return line;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trimEnd();
    const made = name === "" || !wanted(name) ? null : downgradeField({
      name,
      key: name.toLowerCase(),
      raw: line.endsWith("\r\n") ? line : `${line}\r\n`,
      valueAt: colon + 1,
      misfit: false,
    });
    return made !== null && isAscii(made.raw) ? made.raw : null;
  });
