/**
 * Packets of the milter protocol, version 6, as Sendmail and Postfix speak it: a length of four octets, a letter,
 * data. Pure: opens no connection.
 */
import type { FilterReply, FilterVerdict, HeaderEdit } from "../ports/filters.ts";

export const VERSION = 6;
/** What a filter may do to a message; we take all of it. */
export const ACTIONS = 0xff;
/** Steps that a filter may leave out, replies it may save, and header values with their leading blank. */
export const OFFERED_STEPS = 0x1fffff;
export const STEP = {
  noConnect: 0x1,
  noHelo: 0x2,
  noMail: 0x4,
  noRcpt: 0x8,
  noBody: 0x10,
  noHeaders: 0x20,
  noEoh: 0x40,
  silentHeader: 0x80,
  noData: 0x200,
  silentConnect: 0x1000,
  silentHelo: 0x2000,
  silentMail: 0x4000,
  silentRcpt: 0x8000,
  silentData: 0x10000,
  silentEoh: 0x40000,
  silentBody: 0x80000,
  leadingBlank: 0x100000,
} as const;

/** Octets of data in one body packet. */
export const BODY_CHUNK = 65_535;
/** What we take of a filter in one packet. */
const MAX_PACKET = 1_048_576;

/** What a piece takes in memory beside its octets: many small or empty ones must not go for nothing. */
const OVERHEAD = 256;
export const costOf = (piece: Uint8Array): number => piece.length + OVERHEAD;

export interface Packet {
  readonly letter: string;
  readonly data: Uint8Array;
}

/** Why what came is no packet. */
export class PacketFault extends Error {}

export const latin1 = (octets: Uint8Array): string => {
  let out = "";
  for (let at = 0; at < octets.length; at += 8192) {
    out += String.fromCharCode(...octets.subarray(at, at + 8192));
  }
  return out;
};
export const octetsOf = (text: string): Uint8Array =>
  Uint8Array.from(text, (c) => c.charCodeAt(0) & 0xff);

/** Puts octets together to packets, however they were cut. Throws `PacketFault` on a length that cannot be. */
export class PacketReader {
  #held: Uint8Array = new Uint8Array(0);

  push(chunk: Uint8Array): ReadonlyArray<Packet> {
    const all = new Uint8Array(this.#held.length + chunk.length);
    all.set(this.#held);
    all.set(chunk, this.#held.length);
    const view = new DataView(all.buffer);
    const out: Array<Packet> = [];
    let at = 0;
    while (all.length - at >= 4) {
      const length = view.getUint32(at);
      if (length === 0 || length > MAX_PACKET) {
        throw new PacketFault(`a packet of ${length} octets`);
      }
      if (all.length - at - 4 < length) break;
      out.push({
        letter: String.fromCharCode(all[at + 4] ?? 0),
        data: all.slice(at + 5, at + 4 + length),
      });
      at += 4 + length;
    }
    this.#held = all.slice(at);
    return out;
  }
}

export const packet = (letter: string, data: Uint8Array = new Uint8Array(0)): Uint8Array => {
  const out = new Uint8Array(5 + data.length);
  new DataView(out.buffer).setUint32(0, data.length + 1);
  out[4] = letter.charCodeAt(0);
  out.set(data, 5);
  return out;
};

/** Strings, each with a NUL behind it; a NUL within would end it early. */
export const strings = (...all: ReadonlyArray<string>): Uint8Array =>
  octetsOf(all.map((s) => `${s.replaceAll("\0", "")}\0`).join(""));

export const negotiation = (actions: number, steps: number): Uint8Array => {
  const data = new DataView(new ArrayBuffer(12));
  data.setUint32(0, VERSION);
  data.setUint32(4, actions);
  data.setUint32(8, steps);
  return packet("O", new Uint8Array(data.buffer));
};

/** Steps that the filter leaves out. Throws where it wants what was not offered. */
export const negotiated = ({ letter, data }: Packet): number => {
  if (letter !== "O" || data.length < 12) throw new PacketFault("no option negotiation");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const version = view.getUint32(0);
  if (version < 2 || version > VERSION) throw new PacketFault(`protocol version ${version}`);
  if ((view.getUint32(4) & ~ACTIONS) !== 0) throw new PacketFault("wants actions not offered");
  const steps = view.getUint32(8);
  if ((steps & ~OFFERED_STEPS) !== 0) throw new PacketFault("wants steps not offered");
  return steps;
};

export type Said =
  | { readonly _tag: "Continue" }
  | { readonly _tag: "Progress" }
  /** No more of the body. */
  | { readonly _tag: "Skip" }
  | { readonly _tag: "Final"; readonly verdict: FilterVerdict }
  | { readonly _tag: "Edit"; readonly edit: HeaderEdit }
  | { readonly _tag: "AddRecipient"; readonly address: string }
  | { readonly _tag: "DropRecipient"; readonly address: string }
  | { readonly _tag: "ReturnPath"; readonly address: string }
  | { readonly _tag: "Body"; readonly chunk: Uint8Array }
  | { readonly _tag: "Quarantine"; readonly reason: string };

const FINAL: Readonly<Record<string, FilterVerdict>> = {
  a: { _tag: "Pass" },
  r: { _tag: "Refuse", reply: null },
  t: { _tag: "Later", reply: null },
  d: { _tag: "Discard" },
  f: { _tag: "Later", reply: null },
  4: { _tag: "Later", reply: { code: 421, detail: "7.0", text: ["Refused by a filter"] } },
};

/** What a filter said. Throws `PacketFault` on what it may not say. */
export const said = ({ letter, data }: Packet): Said => {
  const final = FINAL[letter];
  if (final !== undefined) return { _tag: "Final", verdict: final };
  switch (letter) {
    case "c":
      return { _tag: "Continue" };
    case "p":
      return { _tag: "Progress" };
    case "s":
      return { _tag: "Skip" };
    case "y":
      return { _tag: "Final", verdict: verdictOf(parts(data)[0] ?? "") };
    case "h": {
      const [name = "", value = ""] = parts(data);
      return { _tag: "Edit", edit: { _tag: "Add", name: fieldName(name), value: folded(value) } };
    }
    case "i": {
      const { index, name, value } = indexed(data);
      return { _tag: "Edit", edit: { _tag: "Insert", at: index, name, value } };
    }
    case "m": {
      const { index, name, value } = indexed(data);
      return {
        _tag: "Edit",
        edit: { _tag: "Change", nth: index, name, value: value.trim() === "" ? null : value },
      };
    }
    case "+":
    case "2":
      return { _tag: "AddRecipient", address: bare(parts(data)[0] ?? "") };
    case "-":
      return { _tag: "DropRecipient", address: bare(parts(data)[0] ?? "") };
    case "e":
      return { _tag: "ReturnPath", address: bare(parts(data)[0] ?? "") };
    case "b":
      return { _tag: "Body", chunk: data };
    case "q":
      return { _tag: "Quarantine", reason: parts(data)[0] ?? "" };
    default:
      throw new PacketFault(`a reply ${JSON.stringify(letter)}`);
  }
};

/** Every string must have its NUL. */
const parts = (data: Uint8Array): ReadonlyArray<string> => {
  if (data.at(-1) !== 0) throw new PacketFault("a string without an end");
  return latin1(data.subarray(0, -1)).split("\0");
};

const indexed = (data: Uint8Array) => {
  if (data.length < 5) throw new PacketFault("a header change without an index");
  const index = new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0);
  const [name = "", value = ""] = parts(data.subarray(4));
  return { index, name: fieldName(name), value: folded(value) };
};

const fieldName = (name: string): string => {
  if (!/^[!-9;-~]{1,60}$/.test(name)) throw new PacketFault("a header field with a bad name");
  return name;
};

/** Lines end in LF with a filter and in CRLF with us; each continuation starts with a blank. RFC 5322 §2.2.3 */
const folded = (value: string): string => {
  const lines = value.replace(/\r?\n$/, "").split(/\r\n|\r|\n/);
  return lines.map((line, i) => i === 0 || /^[ \t]/.test(line) ? line : `\t${line}`)
    .filter((line, i) => i === 0 || line.trim() !== "").join("\r\n");
};

const bare = (address: string): string => address.trim().replace(/^<(.*)>$/, "$1");

const LINE = /^([45])(\d\d)(?:[ -](?:\1\.(\d{1,3}\.\d{1,3})(?: |$))?(.*))?$/;

/** `550 5.7.1 text`, perhaps in several lines. Only 4yz and 5yz. */
const verdictOf = (text: string): FilterVerdict => {
  const lines = text.split(/\r\n|\n/).filter((l) => l !== "").map((l) => LINE.exec(l));
  const first = lines[0];
  if (first === undefined || first === null) throw new PacketFault("a reply code that is none");
  const [head = "", ...more] = lines.map((l) => l?.[4]?.trim() || "Refused by a filter");
  const reply: FilterReply = {
    code: Number(`${first[1]}${first[2]}`),
    detail: first[3] ?? "7.1",
    text: [head, ...more],
  };
  return first[1] === "4" ? { _tag: "Later", reply } : { _tag: "Refuse", reply };
};
