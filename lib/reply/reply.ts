/**
 * A reply of the server as a value, and its one encoder.
 *
 * Knows nothing of sessions; `catalog.ts` names the replies that exist.
 */

/** One or more lines of text, without line endings. */
export type Lines = readonly [string, ...ReadonlyArray<string>];

/**
 * `detail` is the "subject.detail" half of an enhanced code; `render` takes the class from `code`,
 * so that a 4yz with a 5.x.y cannot be written. `null`: the reply carries no enhanced code
 * (greeting, EHLO, 334, 354). RFC 3463 §2, RFC 2034 §4
 */
export interface Reply {
  readonly code: number;
  readonly detail: string | null;
  readonly text: Lines;
}

/** Builds a reply; `text` is one or more lines. */
export const reply = (code: number, detail: string | null, ...text: Lines): Reply => ({
  code,
  detail,
  text,
});

/** The same reply with more to say. */
export const saying = (r: Reply, ...more: ReadonlyArray<string>): Reply => ({
  ...r,
  text: [...r.text, ...more],
});

/** 4yz and 5yz: the command had no effect. RFC 5321 §4.2.1 */
export const negative = (r: Reply): boolean => r.code >= 400;

/** A line is at most 512 octets with its CRLF. RFC 5321 §4.5.3.1.5 */
const MAX_LINE = 510;

const UNPRINTABLE = /[^\x20-\x7e]/g;
const HAS_UNPRINTABLE = /[^\x20-\x7e]/;

const lines = (prefixLength: number, text: string): ReadonlyArray<string> => {
  const clean = HAS_UNPRINTABLE.test(text) ? text.replace(UNPRINTABLE, "?") : text;
  const room = MAX_LINE - prefixLength;
  if (clean.length <= room) return [clean];
  const out: Array<string> = [];
  for (let rest = clean; rest.length > 0;) {
    const blank = rest.length > room ? rest.lastIndexOf(" ", room) : -1;
    const cut = blank > 0 ? blank : room;
    out.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return out;
};

/**
 * The octets of a reply: every line with code and enhanced code, `-` on all but the last, control
 * and non-ASCII characters as `?` (no text of a peer can split a reply), long lines wrapped.
 * RFC 5321 §4.2, RFC 2034 §4
 */
export const render = (r: Reply): string => {
  let text = RENDERED.get(r);
  if (text === undefined) RENDERED.set(r, text = rendered(r));
  return text;
};

/** Most replies are those of the catalogue, sent again and again. */
const RENDERED = new WeakMap<Reply, string>();

const rendered = (r: Reply): string => {
  const enhanced = r.detail === null ? "" : `${Math.trunc(r.code / 100)}.${r.detail} `;
  const all = r.text.flatMap((t) => lines(4 + enhanced.length, t));
  const last = all.length - 1;
  let out = "";
  for (let i = 0; i <= last; i++) {
    out += `${r.code}${i === last ? " " : "-"}${enhanced}${all[i]}\r\n`;
  }
  return out;
};

/** One line for logs and for people: `550 5.7.1 text`. */
export const summary = (r: Reply): string => {
  const enhanced = r.detail === null ? "" : ` ${Math.trunc(r.code / 100)}.${r.detail}`;
  return `${r.code}${enhanced} ${r.text.join(" ")}`;
};
