/**
 * Reads the files of `test/transcripts`: comments, facts, what the client writes, what must come back.
 *
 *     # tls: no              a fact: how the session stands before the first line
 *     C: NOOP                a line with its CRLF; lines that follow each other are one write
 *     C: NOOP\n\c            \r \n \0 \t \\ and \xNN are octets, {A*5000} repeats, \c leaves the CRLF away
 *     S: 250 2.0.0 *         a line that comes back; `*` ends a prefix match, \x20 is a blank
 *     S: (closed)            the server closed
 *     # --                   a new session with the facts of the header
 */

/** `tls`, `ehlo` (or `helo`), `account`: yes unless the header says no; `optional`: extensions, no unless it says yes. */
export type Facts = Readonly<Record<string, string>>;

export interface Exchange {
  readonly line: number;
  readonly write: string;
  readonly want: ReadonlyArray<string>;
}

export interface Transcript {
  readonly facts: Facts;
  readonly sessions: ReadonlyArray<ReadonlyArray<Exchange>>;
}

const ESCAPES: Readonly<Record<string, string>> = {
  r: "\r",
  n: "\n",
  t: "\t",
  0: "\0",
  "\\": "\\",
};

const utf8 = new TextEncoder();
const latin1 = (s: string): string =>
  Array.from(utf8.encode(s), (c) => String.fromCharCode(c)).join("");

/** The octets of a `C:` line, one char each. */
const octetsOf = (line: string): string => {
  const open = line.endsWith("\\c");
  const body = (open ? line.slice(0, -2) : line).replace(
    /\{(.)\*(\d+)\}/gu,
    (_, c: string, n: string) => c.repeat(Number(n)),
  );
  const out = latin1(body).replace(
    /\\(?:x([0-9a-f]{2})|(.))/g,
    (all, hex: string | undefined, c: string | undefined) =>
      hex !== undefined ? String.fromCharCode(parseInt(hex, 16)) : ESCAPES[c ?? ""] ?? all,
  );
  return open ? out : `${out}\r\n`;
};

export const readTranscript = (source: string): Transcript => {
  const facts: Record<string, string> = {};
  const sessions: Array<Array<{ line: number; write: string; want: Array<string> }>> = [[]];
  let answered = true;
  source.split("\n").forEach((text, i) => {
    const line = i + 1;
    const session = sessions.at(-1)!;
    if (text === "# --") {
      sessions.push([]);
      answered = true;
    } else if (text.startsWith("#")) {
      const fact = /^# (tls|ehlo|helo|account|channel|recipients|errors|mails|optional): (\S+)$/
        .exec(text);
      if (fact?.[1] !== undefined && fact[2] !== undefined) facts[fact[1]] = fact[2];
    } else if (text.startsWith("C: ") || text === "C:") {
      if (answered) session.push({ line, write: "", want: [] });
      session.at(-1)!.write += octetsOf(text.slice(3));
      answered = false;
    } else if (text.startsWith("S: ")) {
      const last = session.at(-1);
      if (last === undefined) throw new Error(`line ${line}: nothing was written yet`);
      last.want.push(text.slice(3).replaceAll("\\x20", " "));
      answered = true;
    } else if (text === "") {
      answered = true; // a blank line: a write of its own, even where nothing is to come back
    } else throw new Error(`line ${line}: neither C:, S: nor a comment`);
  });
  return { facts, sessions: sessions.filter((s) => s.length > 0) };
};

/** Whether `got` is what an `S:` line asks for. */
export const fits = (want: string, got: string): boolean =>
  want.endsWith("*") ? got.startsWith(want.slice(0, -1)) : got === want;
