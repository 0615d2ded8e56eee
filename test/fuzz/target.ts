/** What a fuzz target is, and how its inputs are made: from its own tokens, or by damaging what is known. */

export interface Target {
  readonly name: string;
  /** Pieces of the grammar; strung together at random. One char per octet. */
  readonly tokens: ReadonlyArray<string>;
  /** Whole inputs, to be damaged. */
  readonly seeds: ReadonlyArray<string>;
  /** New inputs of an ordinary test run, where the usual number takes too long. */
  readonly quick?: number;
  /** Throws where a promise is broken. */
  readonly run: (input: Uint8Array, random: Random) => void | Promise<void>;
}

/** A small generator that can be started again (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 up to and without `n`. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  }

  pick<A>(all: ReadonlyArray<A>): A {
    const one = all[this.below(all.length)];
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  }
}

/** The same input is always cut and answered in the same way. */
export const randomOf = (input: Uint8Array): Random => {
  let hash = 0x811c9dc5;
  for (const c of input) hash = Math.imul(hash ^ c, 0x01000193);
  return new Random(hash);
};

/** The input in pieces of one to a few octets, or nearly whole. */
export const pieces = (input: Uint8Array, random: Random): ReadonlyArray<Uint8Array> => {
  const most = random.pick([1, 3, 20, 4096]);
  const out: Array<Uint8Array> = [];
  for (let at = 0; at < input.length;) {
    const n = 1 + random.below(most);
    out.push(input.slice(at, at + n));
    at += n;
  }
  return out;
};

const ODD = [
  "\0",
  "\r",
  "\n",
  "\r\n",
  ".",
  "\xff",
  "\xc3\xa4",
  "\xe2\x80\xae",
  " ",
  "\t",
  '"',
  "\\",
  "<",
  "\x80",
];

const octets = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0) & 0xff);

const text = (o: Uint8Array): string => Array.from(o, (c) => String.fromCharCode(c)).join("");

const strung = (t: Target, random: Random): string => {
  let out = "";
  for (let n = random.below(24); n >= 0; n--) {
    out += random.below(12) === 0 ? random.pick(ODD) : random.pick(t.tokens);
  }
  return out;
};

/** One change somewhere. */
const damaged = (s: string, t: Target, random: Random): string => {
  const at = random.below(s.length + 1);
  const end = Math.min(s.length, at + random.below(16));
  switch (random.below(6)) {
    case 0:
      return s.slice(0, at) + random.pick(ODD) + s.slice(at);
    case 1:
      return s.slice(0, at) + random.pick(t.tokens) + s.slice(at);
    case 2:
      return s.slice(0, at) + s.slice(end);
    case 3:
      return s.slice(0, end) + s.slice(at, end).repeat(1 + random.below(40)) + s.slice(end);
    case 4:
      return s.slice(0, at) + String.fromCharCode(random.below(256)) + s.slice(at + 1);
    default:
      return s.slice(0, at) + random.pick(t.seeds).slice(random.below(40)) + s.slice(end);
  }
};

export const generate = (
  t: Target,
  known: ReadonlyArray<Uint8Array>,
  random: Random,
): Uint8Array => {
  if (t.seeds.length === 0 || random.below(2) === 0) return octets(strung(t, random));
  let s = known.length > 0 && random.below(3) === 0
    ? text(random.pick(known))
    : random.pick(t.seeds);
  for (let n = random.below(4); n >= 0; n--) s = damaged(s, t, random);
  return octets(s.slice(0, 20_000));
};
