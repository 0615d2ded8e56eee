/**
 * Walks the MIME entities of a body that streams past. RFC 2046 §5.1
 *
 * Takes octets split anywhere and passes headers, leaves and what surrounds them to a visitor, each octet exactly
 * once and in order. Holds the header of one part and the start of one line; no recursion. Decides nothing about
 * what it sees.
 */
import { composite, type Entity, entityOf, partFields } from "./mime_entity.ts";
import { mistakable } from "./mime_grammar.ts";
import { latin1 } from "../text.ts";

/** What the octets between two delimiters are: content, or text around the parts that nobody shows. */
export type Area = "leaf" | "around";

export interface Place {
  /** Inside multipart/signed or multipart/encrypted, whose octets must stay. RFC 1847 §2.1 */
  readonly sealed: boolean;
  /** Inside a message that is forwarded, its header among it. RFC 2046 §5.2.1 */
  readonly nested: boolean;
}

export interface Visitor {
  /** The header of a part, with its empty line where it has one; one char per octet. */
  readonly header: (raw: string, entity: Entity, place: Place) => void;
  /** Octets of an area begin; every header but that of a nested message is followed by one. */
  readonly begin: (area: Area, entity: Entity, place: Place) => void;
  readonly octets: (octets: Uint8Array) => void;
  /** `delimited`: a delimiter follows with a CRLF of its own. */
  readonly end: (delimited: boolean) => void;
  /** A delimiter line with the CRLF before it. */
  readonly delimiter: (octets: Uint8Array) => void;
}

/** Why a body cannot be walked. */
export type WalkFault = "too deep" | "too many parts" | "part header too large";

const MAX_DEPTH = 100;
const MAX_PARTS = 10_000;
const MAX_PART_HEADER = 65_536;
/** A delimiter with its padding is shorter. */
const MAX_DELIMITER = 512;

const CR = 0x0d, LF = 0x0a, HYPHEN = 0x2d, BLANK = 0x20, TAB = 0x09;
const NOTHING = new Uint8Array(0);
const AROUND: Entity = {
  type: "text/plain",
  boundary: null,
  encoding: "identity",
  clear: true,
};

/** An entity that holds others. */
interface Level {
  /** Null: a message, which ends where what holds it ends. */
  readonly boundary: string | null;
  readonly sealed: boolean;
  /** Type of its parts that name none. */
  readonly byDefault: string;
}

interface Found {
  readonly level: number;
  readonly last: boolean;
  /** Index behind the line. */
  readonly end: number;
}

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  if (a.length === 0) return b;
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
};

export class MimeWalker {
  readonly #visitor: Visitor;
  readonly #levels: Array<Level> = [];
  /** Octets that wait for what follows them. */
  #pending: Uint8Array = NOTHING;
  /** The header being read; null inside an area. */
  #header: string | null = null;
  #headerDefault = "text/plain";
  /** The next octet starts a line that no CRLF of this area precedes. */
  #fresh = true;
  #parts = 0;
  /** Parts within one another have boundaries that programs can take for each other's. */
  mistakable = false;
  #fault: WalkFault | null = null;

  /** `root` is what the message header says; its octets are not part of the walk. */
  constructor(root: Entity, visitor: Visitor) {
    this.#visitor = visitor;
    this.#enter(root);
  }

  /** Once set, the visitor gets no more calls. */
  get fault(): WalkFault | null {
    return this.#fault;
  }

  push(chunk: Uint8Array): void {
    this.#run(joined(this.#pending, chunk), false);
  }

  end(): void {
    this.#run(this.#pending, true);
    if (this.#fault !== null) return;
    if (this.#header !== null) this.#headerDone();
    if (this.#header === null) this.#visitor.end(false);
  }

  #run(b: Uint8Array, final: boolean): void {
    let at = 0;
    while (this.#fault === null) {
      const next = this.#header === null ? this.#area(b, at, final) : this.#line(b, at, final);
      if (next === null) break;
      at = next;
    }
    this.#pending = b.subarray(this.#kept);
  }

  /** Set by `#area` and `#line` where they return null: what they could not decide on begins here. */
  #kept = 0;

  #wait(at: number): null {
    this.#kept = at;
    return null;
  }

  /** Octets of an area from `at`; yields the index behind the delimiter that ends it. */
  #area(b: Uint8Array, at: number, final: boolean): number | null {
    const tell = (end: number): void => {
      if (end > at) this.#visitor.octets(b.subarray(at, end));
    };
    if (this.#levels.every((l) => l.boundary === null)) {
      tell(b.length);
      return this.#wait(b.length);
    }
    for (let search = at;;) {
      let lineEnd = search;
      let line = search;
      if (!this.#fresh) {
        lineEnd = b.indexOf(CR, search);
        if (lineEnd < 0) lineEnd = b.length;
        if (lineEnd + 1 >= b.length) {
          if (final) lineEnd = b.length;
          tell(lineEnd);
          return this.#wait(lineEnd);
        }
        if (b[lineEnd + 1] !== LF) {
          search = lineEnd + 1;
          continue;
        }
        line = lineEnd + 2;
      }
      const found = this.#delimiter(b, line, final);
      if (found === "more") {
        tell(lineEnd);
        return this.#wait(lineEnd);
      }
      if (found !== null) {
        tell(lineEnd);
        this.#visitor.end(!this.#fresh);
        this.#pass(b.subarray(lineEnd, found.end), found);
        return found.end;
      }
      this.#fresh = false;
      search = line;
    }
  }

  /** A line of a part's header. */
  #line(b: Uint8Array, at: number, final: boolean): number | null {
    const found = this.#delimiter(b, at, final);
    if (found === "more") return this.#wait(at);
    if (found !== null) { // a part that ends within its header
      this.#headerDone();
      if (this.#header !== null || this.#fault !== null) return at;
      this.#visitor.end(false);
      this.#pass(b.subarray(at, found.end), found);
      return found.end;
    }
    const lf = b.indexOf(LF, at);
    if (lf < 0 && !final) {
      if (b.length - at > MAX_PART_HEADER) this.#fault = "part header too large";
      return this.#wait(at);
    }
    const end = lf < 0 ? b.length : lf + 1;
    if (end === at) return this.#wait(at);
    const line = latin1(b.subarray(at, end));
    this.#header += line;
    if (this.#header!.length > MAX_PART_HEADER) this.#fault = "part header too large";
    else if (line === "\r\n") this.#headerDone();
    return end;
  }

  /** The delimiter that the line at `at` is; "more" where that is not yet known. */
  #delimiter(b: Uint8Array, at: number, final: boolean): Found | "more" | null {
    if (at >= b.length) return final ? null : "more";
    if (b[at] !== HYPHEN || (at + 1 < b.length && b[at + 1] !== HYPHEN)) return null;
    const lf = b.indexOf(LF, at);
    if (lf < 0 && !final) return b.length - at > MAX_DELIMITER ? null : "more";
    const end = lf < 0 ? b.length : lf + 1;
    if (end - at > MAX_DELIMITER) return null;
    let stop = lf < 0 ? end : b[lf - 1] === CR ? lf - 1 : lf;
    if (lf >= 0 && stop === lf) return null; // an LF alone ends no line
    while (stop > at && (b[stop - 1] === BLANK || b[stop - 1] === TAB)) stop--;
    const text = latin1(b.subarray(at + 2, stop));
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      const { boundary } = this.#levels[level]!;
      if (boundary === null || !text.startsWith(boundary)) continue;
      const rest = text.slice(boundary.length);
      if (rest === "" || rest === "--") return { level, last: rest === "--", end };
    }
    return null;
  }

  /** Behind a delimiter: the next part, or the text after the last. */
  #pass(octets: Uint8Array, found: Found): void {
    const level = this.#levels[found.level]!;
    this.#visitor.delimiter(octets);
    this.#levels.length = found.last ? found.level : found.level + 1;
    this.#fresh = true;
    if (found.last) this.#visitor.begin("around", AROUND, this.#place());
    else this.#beginHeader(level.byDefault);
  }

  #place(): Place {
    return {
      sealed: this.#levels.some((l) => l.sealed),
      nested: this.#levels.some((l) => l.boundary === null),
    };
  }

  #beginHeader(byDefault: string): void {
    this.#header = "";
    this.#headerDefault = byDefault;
    if (++this.#parts > MAX_PARTS) this.#fault = "too many parts";
  }

  #headerDone(): void {
    const raw = this.#header ?? "";
    this.#header = null;
    const entity = entityOf(partFields(raw), this.#headerDefault);
    this.#visitor.header(raw, entity, this.#place());
    this.#enter(entity);
  }

  /** Into the body of an entity. */
  #enter(entity: Entity): void {
    this.#fresh = true;
    if (!composite(entity)) return this.#visitor.begin("leaf", entity, this.#place());
    if (this.#levels.length === MAX_DEPTH) {
      this.#fault = "too deep";
      return;
    }
    const { boundary } = entity;
    if (boundary !== null) {
      this.mistakable ||= this.#levels.some((l) =>
        l.boundary !== null && mistakable(l.boundary, boundary)
      );
    }
    this.#levels.push({
      boundary,
      sealed: entity.type === "multipart/signed" || entity.type === "multipart/encrypted",
      byDefault: entity.type === "multipart/digest" ? "message/rfc822" : "text/plain",
    });
    if (entity.boundary === null) this.#beginHeader("text/plain");
    else this.#visitor.begin("around", AROUND, this.#place());
  }
}
