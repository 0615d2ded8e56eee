/** A hop that offers something else each time: what it offers now counts, not what it offered before. RFC 5321 §4.1.1.1, RFC 3207 §4.2 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { NextHop } from "../../lib/ports/routes.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { type Running, smtpHop, until, withRelay } from "./harness.ts";

const { certificatePem: cert, keyPem: key } = await makeSelfSigned(["localhost"], Date.now());
const FULL = [
  "PIPELINING",
  "8BITMIME",
  "SMTPUTF8",
  "SIZE 100000",
  "DSN",
  "CHUNKING",
  "BINARYMIME",
  "ENHANCEDSTATUSCODES",
];
const MIME = "From: alice@example.net\r\nMIME-Version: 1.0\r\n" +
  "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
const BINARY = MIME.replace("8bit", "binary");
const utf8 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

type Sent = Parameters<Running["send"]>[0];
type Message = ScriptedHop["messages"][number];

/** A new connection, and so a new EHLO, for each message. */
const EACH = { connectionsPerHop: 1, messagesPerConnection: 1 };

/** Our own messages, without reports. */
const mails = (hop: ScriptedHop): ReadonlyArray<Message> =>
  hop.messages.filter((m) => !m.from.startsWith("<>"));

const withHop = async (
  script: Script,
  more: Parameters<typeof smtpHop>[1],
  body: (hop: ScriptedHop, relay: Running) => Promise<void>,
): Promise<void> => {
  const hop = await ScriptedHop.start(script);
  const to: NextHop = smtpHop(hop.port, more);
  try {
    await withRelay({ hop: to, settings: EACH }, (relay) => body(hop, relay));
  } finally {
    await hop.stop();
  }
};

const decoded = (data: string): string => {
  const body = data.slice(data.indexOf("\r\n\r\n") + 4);
  if (/^Content-Transfer-Encoding: base64\r$/im.test(data)) {
    return Buffer.from(body, "base64").toString("latin1");
  }
  if (!/^Content-Transfer-Encoding: quoted-printable\r$/im.test(data)) return body;
  return body.replace(/=\r\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
};

const TEXT = utf8("gr\u00fcn und sch\u00f6n\r\n");
const eight: Sent = { to: ["x@example.org"], head: MIME, body: TEXT, eightBit: true };
const binary: Sent = { ...eight, head: BINARY, envelope: { body: "BINARYMIME" } };

interface Case {
  readonly name: string;
  /** What is no longer offered, or offered instead. */
  readonly then: ReadonlyArray<string>;
  readonly sent: Sent;
  /** Of the second message. */
  readonly want: string | RegExp;
  readonly look?: (first: Message, second: Message | undefined) => void;
}

const without = (...gone: ReadonlyArray<string>): ReadonlyArray<string> =>
  FULL.filter((k) => !gone.includes(k.split(" ")[0]!));

const KEPT = "delivered: 250 2.0.0 kept";
const seven = (m: Message | undefined) => assert.doesNotMatch(m?.data ?? "\xff", /[\x80-\xff]/);
const same = (first: Message, second: Message | undefined) =>
  assert.equal(decoded(second?.data ?? ""), decoded(first.data));

const CASES: ReadonlyArray<Case> = [
  {
    name: "EXT-8B-2: 8BITMIME goes: converted",
    then: without("8BITMIME", "BINARYMIME", "SMTPUTF8"),
    sent: eight,
    want: KEPT,
    look: (first, second) => {
      assert.match(first.data, /[\x80-\xff]/);
      seven(second);
      same(first, second);
    },
  },
  {
    name: "EXT-BIN-1: CHUNKING and BINARYMIME go: encoded",
    then: without("CHUNKING", "BINARYMIME"),
    sent: binary,
    want: KEPT,
    look: (first, second) => {
      assert.match(first.from, /BODY=BINARYMIME/);
      assert.doesNotMatch(second?.from ?? "", /BINARYMIME/);
      same(first, second);
    },
  },
  {
    name: "EXT-SIZE-3: SIZE shrinks: fails with 5.3.4",
    then: [...without("SIZE"), "SIZE 100"],
    sent: { to: ["x@example.org"], body: "x".repeat(60).concat("\r\n").repeat(5) },
    want: /^failed: .*(?:size|large|big|octets)/i,
  },
  {
    name: "SIZE goes: sent without the parameter",
    then: without("SIZE"),
    sent: { to: ["x@example.org"] },
    want: KEPT,
    look: (first, second) => {
      assert.match(first.from, /SIZE=/);
      assert.doesNotMatch(second?.from ?? "", /SIZE=/);
    },
  },
  {
    name: "EXT-UTF-8: SMTPUTF8 goes, the address needs it: fails with its status",
    then: without("SMTPUTF8"),
    sent: { to: [utf8("x@example.org")], from: "j\u00f6rg@example.net", smtpUtf8: true },
    want: /^failed: .*(?:SMTPUTF8|UTF-8|internationali)/i,
  },
  {
    name: "EXT-DSN-3: DSN goes: the sender hears from us that it was relayed",
    then: without("DSN"),
    sent: { to: ["x@example.org"], wishes: [{ notify: ["SUCCESS"] }] },
    want: KEPT,
  },
  {
    name: "PIPELINING and all the rest go: sent all the same",
    then: [],
    sent: { to: ["x@example.org", "y@example.org"], body: ".dot\r\n" },
    want: KEPT,
    look: (first, second) => assert.equal(second?.data, first.data),
  },
];

for (const c of CASES) {
  Deno.test(`relay to a hop whose EHLO changes: ${c.name}`, () =>
    withHop({ keywords: (nth) => nth === 1 ? FULL : c.then }, {}, async (hop, relay) => {
      assert.equal((await relay.settled(await relay.send(c.sent)))[0], KEPT);
      const second = await relay.settled(await relay.send(c.sent));
      for (const result of second) {
        if (typeof c.want === "string") assert.equal(result, c.want);
        else assert.match(result, c.want);
      }
      const [one, two] = mails(hop);
      assert.equal(two === undefined, c.want !== KEPT);
      c.look?.(one!, two);
      if (c.sent.wishes !== undefined) {
        await until(() => hop.messages.some((m) => /\r\nAction: relayed\r\n/.test(m.data)));
      }
    }));
}

for (const tls of ["required", "opportunistic"] as const) {
  Deno.test(`HOP-20: a hop that stops to offer STARTTLS, which is ${tls}, gets ${tls === "required" ? "nothing" : "it in clear"}`, () =>
    withHop(
      {
        tls: { key, cert },
        keywords: (nth, up) => [...FULL, ...!up && nth <= 2 ? ["STARTTLS"] : []],
      },
      { tls: tls === "required" ? "encrypt" : tls },
      async (hop, relay) => {
        const x = ["x@example.org"];
        assert.deepEqual(await relay.settled(await relay.send({ to: x })), [KEPT]);
        const [then] = await relay.settled(await relay.send({ to: x }));
        const want = tls === "required"
          ? "queued: Server offers no STARTTLS, which is required here"
          : KEPT;
        assert.equal(then, want);
        assert.deepEqual(hop.told.map((t) => t.tls && t.messages.length === 1), [true, false]);
        assert.equal(hop.told[1]?.messages.length, tls === "required" ? 0 : 1);
      },
    ));
}

Deno.test("EXT-8B-2: what is offered behind STARTTLS counts, not what was offered before it. RFC 3207 §4.2", () =>
  withHop(
    {
      tls: { key, cert },
      keywords: (_, up) => up ? ["SIZE 200000"] : [...FULL, "STARTTLS"],
    },
    { tls: "opportunistic" },
    async (hop, relay) => {
      assert.deepEqual(await relay.settled(await relay.send(eight)), [KEPT]);
      const [m] = mails(hop);
      seven(m);
      assert.equal(decoded(m?.data ?? ""), TEXT);
      assert.doesNotMatch(m?.from ?? "", /BODY=|SMTPUTF8/);
    },
  ));
