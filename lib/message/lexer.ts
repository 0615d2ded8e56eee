/**
 * Tokens of structured field values: atoms, quoted strings, literals, specials, with the comments
 * and folding between them taken off. RFC 5322 §3.2, §4.1
 *
 * One pass, no recursion, never throws. Works on characters (after `decodeUtf8`).
 */

/** `Special`: one of `< > @ , ; :` and whatever else stands alone. `Bad`: `problem` says what. */
export type Kind = "Atom" | "Quoted" | "Literal" | "Special" | "End" | "Bad";

/** What stood between a token and the one before it. */
export const NO_GAP = 0, ONE_BLANK = 1, WIDE_GAP = 2;

/** Comments may nest this deep; no real one does. */
const MAX_DEPTH = 50;

const DOT = 0x2e, QUOTE = 0x22, ESCAPE = 0x5c, OPEN = 0x28, CLOSE = 0x29, BRACKET = 0x5b;

/** `atext`, U+0080 and above (RFC 6532 §3.2), and the dot: a dot-atom is one token. */
const RUN = new Uint8Array(128);
for (let c = 0x21; c < 0x7f; c++) RUN[c] = `"(),:;<>@[\\]`.includes(String.fromCharCode(c)) ? 0 : 1;

export class Lexer {
  readonly source: string;
  kind: Kind = "End";
  /** Atom as written; quoted string without quotes, pairs and folds; literal with its brackets. */
  text = "";
  /** Span of the token in `source`. */
  start = 0;
  end = 0;
  gap: typeof NO_GAP | typeof ONE_BLANK | typeof WIDE_GAP = NO_GAP;
  /** A comment stood before this token. */
  comment = false;
  /** Atoms: holds a dot. */
  dotted = false;
  problem = "";

  constructor(source: string) {
    this.source = source;
  }

  /** The token is the special with that code. */
  is(special: number): boolean {
    return this.kind === "Special" && this.source.charCodeAt(this.start) === special;
  }

  /** The token is none, and `problem` says why. */
  get bad(): boolean {
    return this.kind === "Bad";
  }

  get ended(): boolean {
    return this.kind === "End";
  }

  /** Moves to the next token. */
  next(): Kind {
    if (this.kind === "Bad") return "Bad";
    const s = this.source;
    if (!this.#skip()) return this.kind = "Bad";
    const at = this.start = this.end;
    if (at >= s.length) return this.kind = "End";
    const c = s.charCodeAt(at);
    if (c >= 0x80 || RUN[c] === 1) return this.#atom();
    if (c === QUOTE) return this.#quoted();
    if (c === BRACKET) return this.#literal();
    this.end = at + 1;
    return this.kind = "Special";
  }

  #bad(problem: string): "Bad" {
    this.problem = problem;
    return this.kind = "Bad";
  }

  /** Over white space, folds and comments. RFC 5322 §3.2.2 */
  #skip(): boolean {
    const s = this.source;
    const from = this.end;
    let at = from;
    this.comment = false;
    for (; at < s.length; at++) {
      const c = s.charCodeAt(at);
      if (c === OPEN) {
        at = this.#endOfComment(at);
        if (at < 0) return false;
        this.comment = true;
      } else if (c !== 0x20 && c !== 0x09 && c !== 0x0d && c !== 0x0a) break;
    }
    this.end = at;
    this.gap = at === from
      ? NO_GAP
      : at === from + 1 && s.charCodeAt(from) === 0x20
      ? ONE_BLANK
      : WIDE_GAP;
    return true;
  }

  /** Place of the parenthesis that closes the comment opened at `open`; -1 where there is none. */
  #endOfComment(open: number): number {
    const s = this.source;
    let depth = 0;
    for (let at = open; at < s.length; at++) {
      const c = s.charCodeAt(at);
      if (c === ESCAPE) at++;
      else if (c === OPEN) {
        if (++depth > MAX_DEPTH) {
          this.problem = "comments nested too deep";
          return -1;
        }
      } else if (c === CLOSE && --depth === 0) return at;
    }
    this.problem = "a comment is not closed";
    return -1;
  }

  #atom(): Kind {
    const s = this.source;
    let at = this.start;
    let dots = false;
    for (; at < s.length; at++) {
      const c = s.charCodeAt(at);
      if (c < 0x80 && RUN[c] !== 1) break;
      if (c === DOT) dots = true;
    }
    this.end = at;
    this.text = s.slice(this.start, at);
    this.dotted = dots;
    return this.kind = "Atom";
  }

  #quoted(): Kind {
    const s = this.source;
    let text = "";
    let from = this.start + 1;
    for (let at = from; at < s.length; at++) {
      const c = s.charCodeAt(at);
      if (c === QUOTE) {
        this.text = text + s.slice(from, at);
        this.end = at + 1;
        return this.kind = "Quoted";
      }
      if (c === ESCAPE || c === 0x0d || c === 0x0a) {
        text += s.slice(from, at);
        from = at + 1;
        if (c === ESCAPE) at++;
      }
    }
    return this.#bad("a quoted string is not closed");
  }

  #literal(): Kind {
    const close = this.source.indexOf("]", this.start);
    if (close < 0) return this.#bad("an address literal is not closed");
    this.end = close + 1;
    this.text = this.source.slice(this.start, this.end).replace(/[\r\n\t ]/g, "");
    return this.kind = "Literal";
  }
}
