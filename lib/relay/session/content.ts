/**
 * The content of a message on its way to the wire: small ones in one piece, large ones as a stream.
 */
import { release } from "../../message/release.ts";
import { DotStuffer, stuffWhole } from "../../smtp/syntax/dot_stuff.ts";

export type Content =
  /** Dots doubled, end mark included: one write. */
  | { readonly _tag: "Whole"; readonly octets: Uint8Array }
  /** `start` was read already, as stored; the rest follows. */
  | {
    readonly _tag: "Stream";
    readonly start: ReadonlyArray<Uint8Array>;
    readonly rest: AsyncIterator<Uint8Array>;
    /** Octets in all, to leave as one chunk as they are; null: by DATA. RFC 3030 §2 */
    readonly chunk: number | null;
    /** The pieces are ours alone: what was written is given back. */
    readonly once: boolean;
  }
  /** Holds a CR or an LF alone, or nothing at all: never leaves. RFC 5321 §2.3.8 */
  | { readonly _tag: "Unfit" };

/** What is read before the transaction begins. */
export interface Prepared {
  readonly content: Content;
  /** The header holds an octet above 0x7f, as far as it was looked at. RFC 6531 §3.2 */
  readonly eightBitHeader: boolean;
}

/** The command that binary content stands behind. RFC 3030 §2 */
const bdat = (octets: number): Uint8Array => new TextEncoder().encode(`BDAT ${octets} LAST\r\n`);

/** Beyond this a message streams. */
const WHOLE = 131_072;

/** As `prepare`, of what is in memory already; null where it is to be streamed. */
export const prepareHeld = (
  parts: ReadonlyArray<Uint8Array>,
  lookAtHeader: boolean,
): Prepared | null =>
  parts.reduce((sum, p) => sum + p.length, 0) > WHOLE ? null : whole(parts, lookAtHeader);

const whole = (parts: ReadonlyArray<Uint8Array>, lookAtHeader: boolean): Prepared => {
  const octets = parts.some((p) => p.length > 0) ? stuffWhole(parts) : null;
  return {
    content: octets === null ? { _tag: "Unfit" } : { _tag: "Whole", octets },
    eightBitHeader: lookAtHeader && headerIsEightBit(parts),
  };
};

/**
 * Reads what fits; rejects where the spool fails. `lookAtHeader`: the envelope was internationalised. `once`: nobody
 * else holds the chunks.
 */
export const prepare = async (
  chunks: AsyncIterable<Uint8Array>,
  lookAtHeader: boolean,
  once = true,
): Promise<Prepared> => {
  const rest = chunks[Symbol.asyncIterator]();
  const start: Array<Uint8Array> = [];
  let length = 0;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return whole(start, lookAtHeader);
    start.push(next.value);
    length += next.value.length;
    if (length > WHOLE) {
      return {
        content: { _tag: "Stream", start, rest, chunk: null, once },
        eightBitHeader: lookAtHeader && headerIsEightBit(start),
      };
    }
  }
};

/** Binary content of a known size, sent as it is. RFC 3030 §3 */
export const prepareChunk = (
  chunks: AsyncIterable<Uint8Array>,
  octets: number,
): Content => ({
  _tag: "Stream",
  start: [],
  rest: chunks[Symbol.asyncIterator](),
  chunk: octets,
  once: true,
});

/** Writes what it is given, and sees to it that it is as much as was announced. RFC 3030 §2 */
class Counter {
  #left: number;

  constructor(octets: number) {
    this.#left = octets;
  }

  push(chunk: Uint8Array): Uint8Array | null {
    this.#left -= chunk.length;
    return this.#left < 0 ? null : chunk;
  }

  end(): Uint8Array | null {
    return this.#left === 0 ? new Uint8Array(0) : null;
  }
}

/** True where an octet above 0x7f stands before the first empty line. */
const headerIsEightBit = (chunks: ReadonlyArray<Uint8Array>): boolean => {
  /** CRs and LFs of the end of the header seen in a row. */
  let matched = 0;
  for (const chunk of chunks) {
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i]!;
      if (c > 0x7f) return true;
      const want = matched % 2 === 0 ? 0x0d : 0x0a;
      matched = c === want ? matched + 1 : c === 0x0d ? 1 : 0;
      if (matched === 4) return false;
    }
  }
  return false;
};

/** What a stream needs of its link. */
export interface Sink {
  readonly write: (octets: Uint8Array) => boolean;
  readonly drained: () => Promise<void>;
  /** Nothing that was written waits any more. */
  readonly flushed: () => boolean;
  /** Called for each block that was taken. */
  readonly progress: () => void;
  /** The link is of no more use. */
  readonly over: () => boolean;
}

/**
 * Writes a stream with its end mark, or a chunk with its command, waiting where the peer is slow.
 *
 * `unfit`: a CR or LF alone came up midway, no end mark was written and none may be. Rejects where
 * the spool fails, then too without an end mark. RFC 5321 §2.3.8
 */
export const pour = async (
  content: Extract<Content, { readonly _tag: "Stream" }>,
  sink: Sink,
): Promise<"sent" | "unfit" | "gone"> => {
  const stuffer = content.chunk === null ? new DotStuffer() : new Counter(content.chunk);
  const put = async (chunk: Uint8Array): Promise<boolean> => {
    const octets = stuffer.push(chunk);
    if (octets === null) return false;
    if (!sink.write(octets)) await sink.drained();
    if (content.once && sink.flushed()) release(octets);
    if (content.once && octets !== chunk) release(chunk);
    sink.progress();
    return true;
  };
  try {
    if (content.chunk !== null) sink.write(bdat(content.chunk));
    for (const chunk of content.start) {
      if (sink.over()) return "gone";
      if (!await put(chunk)) return "unfit";
    }
    for (;;) {
      const next = await content.rest.next();
      if (sink.over()) return "gone";
      if (next.done === true) break;
      if (!await put(next.value)) return "unfit";
    }
    const end = stuffer.end();
    if (end === null) return "unfit";
    if (end.length > 0) sink.write(end);
    return "sent";
  } finally {
    await content.rest.return?.();
  }
};
