/**
 * Mail as it is in the wild, damaged, through a session, all stages and what the relay makes of it for its next hop:
 * what arrives is what was sent. RFC 6152 §3, RFC 3030 §3, RFC 6409 §8
 */
import assert from "node:assert/strict";
import { Effect, Layer } from "effect";
import { latin1, octetsOf } from "../../../lib/message/text.ts";
import { type Delivery, Spool } from "../../../lib/ports/spool.ts";
import type { Route } from "../../../lib/ports/routes.ts";
import { pour } from "../../../lib/relay/session/content.ts";
import { prepareContent } from "../../../lib/relay/job/prepare_content.ts";
import { NO_OFFER, type Offer } from "../../../lib/smtp/client/offer.ts";
import type { MessageReader } from "../../../lib/smtp/syntax/message_reader.ts";
import { RULES, Session } from "../../support/session.ts";
import { MemoryBody, received, run } from "../../support/submissions.ts";
import { altered } from "../oracle.ts";
import { pieces, type Random, type Target } from "../target.ts";
import { WILD } from "../wild.ts";

/** How a message comes, and to what hop it goes. */
export interface Way {
  readonly command: "DATA" | "BDAT";
  readonly body: "7BIT" | "8BITMIME" | "BINARYMIME";
  readonly smtpUtf8: boolean;
  readonly encode: boolean;
  readonly offer: Offer;
}

const EIGHT: Offer = { ...NO_OFFER, eightBitMime: true };
export const OFFERS: ReadonlyArray<Offer> = [
  NO_OFFER,
  EIGHT,
  { ...EIGHT, smtpUtf8: true },
  { ...EIGHT, chunking: true, binaryMime: true, smtpUtf8: true },
];

export interface Travelled {
  /** One char per octet. */
  readonly sent: string;
  /** Null: refused, on the way in or by what the hop cannot take. */
  readonly got: string | null;
}

/** Takes a message all the way; throws where what leaves may not stand on the wire. */
export const travel = async (message: string, way: Way, random: Random): Promise<Travelled> => {
  // DATA ends with a line end of its own
  const sent = way.command === "DATA" && !message.endsWith("\r\n") ? `${message}\r\n` : message;
  const came = submitted(sent, way, random);
  if (came === null) return { sent, got: null };
  const { reader, body } = came;
  assert.equal(
    reader.head() + (reader.hasBody ? `\r\n${body}` : ""),
    sent,
    "the session lost or made something",
  );
  const stored = new MemoryBody(body);
  const given = received({
    head: reader.head(),
    hasBody: reader.hasBody,
    smtpUtf8: way.smtpUtf8,
    envelope: { body: way.body },
  });
  const end = await run({ ...given, body: reader.facts(), stored }, {
    rules: { eightBitBody: way.encode ? "encode" : "keep" },
  });
  if (end._tag === "Refused") return { sent, got: null };
  const { signed } = end;
  const content = octetsOf(signed.leaving + stored.text);
  const delivery: Delivery = {
    message: signed.id,
    acceptedAt: signed.receivedAt,
    envelope: signed.envelope,
    size: content.length,
    eightBit: signed.body.eightBit,
    account: signed.account.id,
    hop: "mta.example",
    sender: signed.account.id,
    recipients: [],
    content: random.below(2) === 0 ? [content] : null,
  };
  const got = await delivered(delivery, content, way.offer, random);
  if (got !== null) {
    const { chunking, binaryMime } = way.offer;
    const binary = signed.envelope.body === "BINARYMIME" && chunking && binaryMime;
    if (!binary) assert.doesNotMatch(got, /\0|\r(?!\n)|(?<!\r)\n/, "no text for DATA");
    // a line of the header may be long where it came so: that is another stage's
    if (!way.offer.eightBitMime) assert.doesNotMatch(got, /[\x80-\xff]/, "8-bit octets are left");
    if (!binary) {
      const longest = Math.max(...got.split("\r\n").map((l) => l.length));
      assert.ok(longest <= 998, `a line of ${longest} octets`);
    }
  }
  return { sent, got };
};

/** What has become another text; null: nothing, or it did not arrive. */
export const changed = ({ sent, got }: Travelled): string | null => {
  if (got === null) return null;
  const problem = altered(sent, got);
  // what came without a line end gets one by DATA. RFC 5321 §4.1.1.4
  return problem === null || sent.endsWith("\r\n") || !got.endsWith("\r\n")
    ? problem
    : altered(`${sent}\r\n`, got);
};

const submitted = (
  message: string,
  way: Way,
  random: Random,
): { readonly reader: MessageReader; readonly body: string } | null => {
  const s = new Session({ ...RULES, messageBytes: 1e6 }, true);
  const say = (text: string): ReadonlyArray<string> => s.write(octetsOf(text));
  say("EHLO fuzz.example\r\n");
  say(`AUTH PLAIN ${btoa("\0alice@example.net\0secret")}\r\n`);
  say(
    `MAIL FROM:<alice@example.net> BODY=${way.body}${way.smtpUtf8 ? " SMTPUTF8" : ""}\r\n` +
      "RCPT TO:<bob@example.org>\r\n",
  );
  let wire = "";
  if (way.command === "DATA") {
    say("DATA\r\n");
    wire = `${message.replace(/(^|\r\n)\./g, "$1..")}.\r\n`;
  } else {
    const size = random.pick([30, 1000, 1e6]);
    for (let at = 0, last = false; !last; at += size) {
      const part = message.slice(at, at + size);
      last = at + size >= message.length;
      wire += `BDAT ${part.length}${last ? " LAST" : ""}\r\n${part}`;
    }
  }
  const said = pieces(octetsOf(wire), random).flatMap((p) => [...s.write(p)]);
  if (!said.at(-1)?.startsWith("250") || s.reader === null) return null;
  return { reader: s.reader, body: s.received };
};

const ROUTE: Route = {
  pattern: "*",
  hop: {
    _tag: "Smtp",
    host: "mta.example",
    port: 25,
    implicitTls: false,
    tls: "none",
    login: null,
  },
};

/** Nothing but reading is asked of it. */
const spoolOf = (read: Spool["Service"]["read"]): Layer.Layer<Spool> =>
  Layer.mock(Spool)({
    read,
    stage: () => {
      throw new Error("nothing is staged here");
    },
    withdrawn: () => false,
    suppressed: () => false,
  });

/** What the hop reads; null where it gets nothing. */
const delivered = async (
  delivery: Delivery,
  content: Uint8Array,
  offer: Offer,
  random: Random,
): Promise<string | null> => {
  const job = { delivery, route: ROUTE, access: { credentials: null, ca: null }, retried: false };
  const read = () =>
    Effect.succeed((async function* () {
      for (const p of pieces(content, random)) yield await Promise.resolve(p.slice());
    })());
  const made = await Effect.runPromise(
    prepareContent(job, offer).pipe(Effect.provide(spoolOf(read))),
  );
  if ("kind" in made || made.content._tag === "Unfit") return null;
  if (made.content._tag === "Whole") return unstuffed(latin1(made.content.octets));
  let wire = "";
  const how = await pour(made.content, {
    write: (o) => {
      wire += latin1(o);
      return true;
    },
    drained: () => Promise.resolve(),
    flushed: () => false,
    progress: () => {},
    over: () => false,
  });
  if (how !== "sent") return null;
  return made.content.chunk === null ? unstuffed(wire) : wire.slice(wire.indexOf("\r\n") + 2);
};

/** RFC 5321 §4.5.2 */
const unstuffed = (wire: string): string => {
  assert.equal(`\r\n${wire}`.indexOf("\r\n.\r\n"), wire.length - 3, "the end mark is not the end");
  return wire.slice(0, -3).replace(/(^|\r\n)\./g, "$1");
};

export const anyWay = (random: Random): Way => {
  const command = random.pick(["DATA", "BDAT"] as const);
  return {
    command,
    body: command === "DATA"
      ? random.pick(["7BIT", "8BITMIME"] as const)
      : random.pick(["8BITMIME", "BINARYMIME"] as const),
    smtpUtf8: random.below(3) === 0,
    encode: random.below(2) === 0,
    offer: random.pick(OFFERS),
  };
};

const HEAD = "From: alice@example.net\r\n";

export const delivery: Target = {
  name: "delivery",
  quick: 400,
  tokens: [
    "MIME-Version: 1.0\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    'Content-Type: multipart/digest; boundary="b c"\r\n',
    "Content-Type: multipart/signed; boundary=s\r\n",
    "Content-Type: message/rfc822\r\n",
    "Content-Type: text/plain; charset=utf-8\r\n",
    'Content-Type: application/pdf; name="\xc3\xbc.pdf"\r\n',
    "Content-Transfer-Encoding: 8bit\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: x-uuencode\r\n",
    "Content-Description: \xc3\xbc\r\n",
    "\r\n",
    "\r\n\r\n",
    "\r\n--b\r\n",
    "\r\n--b--\r\n",
    "\r\n--b c\t\r\n",
    "\r\n--b c--\r\n",
    "\r\n--s\r\n",
    "--b\r\n",
    "\xc3\xbc",
    "\xff",
    " ",
    "=",
    ".",
    "text\r\n",
    "x".repeat(700),
  ],
  seeds: Object.values(WILD),
  run: async (input, random) => {
    const text = latin1(input);
    const message = /^From:/i.test(text) ? text : HEAD + text;
    const problem = changed(await travel(message, anyWay(random), random));
    assert.equal(problem, null, problem ?? "");
  },
};
