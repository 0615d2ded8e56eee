/** The DKIM-Signature field. RFC 6376 §3.5, RFC 8463 §3 */
import { relaxedField } from "./dkim_relaxed.ts";
import type { Field } from "../header.ts";

export type DkimAlgorithm = "rsa-sha256" | "ed25519-sha256";

export interface SignatureTags {
  readonly algorithm: DkimAlgorithm;
  /** A-labels; U-labels (as UTF-8, one char per octet) where the header is UTF-8. RFC 8616 §5 */
  readonly domain: string;
  readonly selector: string;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Likewise; null: it does not run out. */
  readonly expires: number | null;
  readonly names: ReadonlyArray<string>;
  /** Base64. */
  readonly bodyHash: string;
}

const WIDTH = 76;

/** Pieces in lines of at most 76 octets, new lines beginning with a blank; a piece stays whole. */
const fold = (pieces: ReadonlyArray<string>): string => {
  let out = "";
  let line = "DKIM-Signature:";
  for (const piece of pieces) {
    // what a piece glues to the one before is told by its first character
    if (line.length + piece.length > WIDTH && line !== "") {
      out += `${line}\r\n`;
      line = piece.startsWith(" ") ? piece : ` ${piece}`;
    } else line += piece;
  }
  return out + line;
};

const field = (pieces: ReadonlyArray<string>): Field => {
  const name = "DKIM-Signature";
  return {
    name,
    key: name.toLowerCase(),
    raw: `${fold(pieces)}\r\n`,
    valueAt: name.length + 1,
    misfit: false,
  };
};

/** The tags in front of `b=`. No `l=`, no `i=`. RFC 6376 §8.2 */
const tags = (t: SignatureTags): ReadonlyArray<string> => [
  " v=1;",
  ` a=${t.algorithm};`,
  " c=relaxed/relaxed;",
  ` d=${t.domain};`,
  ` s=${t.selector};`,
  ` t=${t.at};`,
  ...(t.expires === null ? [] : [` x=${t.expires};`]),
  ...t.names.map((name, i) =>
    `${i === 0 ? " h=" : ""}${name}${i === t.names.length - 1 ? ";" : ":"}`
  ),
  ` bh=${t.bodyHash};`,
];

/** What is signed: the covered fields, then this one without its signature and without its CRLF. RFC 6376 §3.7 */
export const signedText = (canonical: string, t: SignatureTags): string =>
  canonical + relaxedField(field([...tags(t), " b="])).slice(0, -2);

const PIECE = 60;

/** The whole field; `signature` in base64, folded. */
export const signatureField = (t: SignatureTags, signature: string): Field => {
  const pieces: Array<string> = [];
  for (let i = 0; i < signature.length; i += PIECE) {
    pieces.push(`${i === 0 ? " b=" : ""}${signature.slice(i, i + PIECE)}`);
  }
  return field([...tags(t), ...pieces]);
};
