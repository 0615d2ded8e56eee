/**
 * The dialogue with a mail server up to its list of capabilities, and no further. docs/design/autodiscovery.md
 * §9.7, SEC-3
 */
import type { ProbeProtocol } from "../discovery/discover/ports.ts";
import { Broken, type TextLines } from "./text_lines.ts";

/** More lines than any list has. */
const MAX_LINES = 200;

export interface Dialogue {
  readonly greeting: (io: TextLines) => Promise<void>;
  /** After TLS came up on a connection that began in clear. */
  readonly again: (io: TextLines) => Promise<void>;
  readonly capabilities: (io: TextLines) => Promise<ReadonlyArray<string>>;
  readonly offersTls: (capabilities: ReadonlyArray<string>) => boolean;
  readonly startTls: (io: TextLines) => Promise<void>;
  readonly mechanisms: (capabilities: ReadonlyArray<string>) => ReadonlyArray<string>;
  readonly goodbye: string;
}

const want = async (io: TextLines, pattern: RegExp): Promise<string> => {
  const line = await io.line();
  if (!pattern.test(line)) {
    throw new Broken(`the server says ${JSON.stringify(line.slice(0, 200))}`);
  }
  return line;
};

const nothing = (): Promise<void> => Promise.resolve();

/** Lines until one that ends the list. */
const until = async (
  io: TextLines,
  last: (line: string) => boolean,
): Promise<ReadonlyArray<string>> => {
  const out: Array<string> = [];
  for (let i = 0; i < MAX_LINES; i++) {
    const line = await io.line();
    if (last(line)) return out;
    out.push(line);
  }
  throw new Broken("the server sends a list without end");
};

const words = (line: string): ReadonlyArray<string> => line.split(/ +/).filter((w) => w !== "");

/** RFC 3501 §6.1.1, §6.2.1 */
const imap: Dialogue = {
  greeting: async (io) => void await want(io, /^\* (OK|PREAUTH)\b/i),
  again: nothing,
  capabilities: async (io) => {
    io.send("a1 CAPABILITY");
    const lines = await until(io, (l) => /^a1 OK\b/i.test(l));
    return lines.flatMap((l) => /^\* CAPABILITY /i.test(l) ? words(l).slice(2) : []);
  },
  offersTls: (c) => c.some((w) => /^STARTTLS$/i.test(w)),
  startTls: async (io) => {
    io.send("a2 STARTTLS");
    await want(io, /^a2 OK\b/i);
  },
  mechanisms: (c) => c.flatMap((w) => /^AUTH=(.+)$/i.exec(w)?.[1]?.toUpperCase() ?? []),
  goodbye: "a3 LOGOUT",
};

/** RFC 2449 §5, RFC 2595 §4 */
const pop3: Dialogue = {
  greeting: async (io) => void await want(io, /^\+OK\b/i),
  again: nothing,
  capabilities: async (io) => {
    io.send("CAPA");
    await want(io, /^\+OK\b/i);
    return await until(io, (l) => l === ".");
  },
  offersTls: (c) => c.some((l) => /^STLS$/i.test(l)),
  startTls: async (io) => {
    io.send("STLS");
    await want(io, /^\+OK\b/i);
  },
  mechanisms: (c) =>
    c.flatMap((l) =>
      /^SASL /i.test(l) ? words(l.toUpperCase()).slice(1) : /^USER$/i.test(l) ? ["PLAIN"] : []
    ),
  goodbye: "QUIT",
};

/** RFC 5321 §4.1.1.1, RFC 3207 §4 */
const submission: Dialogue = {
  greeting: async (io) => {
    for (let line = await want(io, /^220[ -]/); line[3] === "-";) line = await want(io, /^220[ -]/);
  },
  again: nothing,
  capabilities: async (io) => {
    // an address literal says nothing about us. docs/design/autodiscovery.md §9.7
    io.send("EHLO [127.0.0.1]");
    const out: Array<string> = [];
    for (let i = 0; i < MAX_LINES; i++) {
      const line = await want(io, /^250([ -]|$)/);
      if (i > 0) out.push(line.slice(4));
      if (line[3] !== "-") return out;
    }
    throw new Broken("the server sends a list without end");
  },
  offersTls: (c) => c.some((l) => /^STARTTLS$/i.test(l.trim())),
  startTls: async (io) => {
    io.send("STARTTLS");
    await want(io, /^220([ -]|$)/);
  },
  mechanisms: (c) =>
    c.flatMap((l) => /^AUTH[ =]/i.test(l) ? words(l.toUpperCase().replace("=", " ")).slice(1) : []),
  goodbye: "QUIT",
};

/** RFC 5804 §1.7, §2.2: capabilities come by themselves, and once more after TLS. */
const sieve = (): Dialogue => {
  let told: ReadonlyArray<string> = [];
  const listen = async (io: TextLines): Promise<void> => {
    told = await until(io, (l) => /^OK\b/i.test(l));
  };
  return {
    greeting: listen,
    again: listen,
    capabilities: () => Promise.resolve(told),
    offersTls: (c) => c.some((l) => /^"STARTTLS"/i.test(l)),
    startTls: async (io) => {
      io.send("STARTTLS");
      await want(io, /^OK\b/i);
    },
    mechanisms: (c) =>
      c.flatMap((l) => /^"SASL" "([^"]*)"/i.exec(l)?.[1]?.toUpperCase().split(/ +/) ?? [])
        .filter((m) => m !== ""),
    goodbye: "LOGOUT",
  };
};

export const dialogueOf = (protocol: ProbeProtocol): Dialogue => {
  switch (protocol) {
    case "imap":
      return imap;
    case "pop3":
      return pop3;
    case "submission":
      return submission;
    case "sieve":
      return sieve();
  }
};
