/** Filters end to end below SMTP: real rspamd, real opendkim, and milters that do what no milter should. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import type { DkimRecord } from "../../../lib/message/dkim/dkim_record.ts";
import { Duration, Effect, Layer, Logger } from "effect";
import { type FilterPlace, filtersLayer } from "../../../lib/filter/layer.ts";
import { latin1, packet, strings } from "../../../lib/filter/packets.ts";
import { summary } from "../../../lib/reply/reply.ts";
import { pipeline } from "../../../lib/stages/pipeline.ts";
import type { Signed } from "../../../lib/stages/submission.ts";
import type { Trail } from "../../../lib/stages/trail.ts";
import {
  goOn,
  GTUBE,
  haveOpendkim,
  haveRspamd,
  type Script,
  ScriptedMilter,
  startOpendkim,
  startRspamd,
} from "../../support/filters.ts";
import { dkimpy, verifyWithDkimpy } from "../../support/dkim_verifier.ts";
import { type Given, head, MemoryBody, received, world } from "../../support/submissions.ts";

const HEAD = head(
  "From: alice@example.net",
  "To: bob@example.org",
  "Subject: folded",
  "\tsubject",
  "X-Old: 1",
  "X-Old: 2",
);

interface End {
  readonly reply: string;
  readonly signed: Signed | null;
  readonly trail: Trail;
  readonly body: string;
}

const submit = async (
  at: FilterPlace,
  given: Partial<Given> = {},
  o: { readonly seconds?: number; readonly onFault?: "accept" | "refuse" } = {},
): Promise<End> => {
  const message = received({ head: HEAD, text: "hello\r\n", ...given });
  const filters: Layer.Layer<never> = filtersLayer([{
    name: "f",
    at,
    within: Duration.seconds(o.seconds ?? 10),
    onFault: o.onFault ?? "refuse",
  }], 1_000_000);
  return await Effect.runPromise(
    pipeline(message).pipe(
      Effect.map((signed) => ({ reply: "250", signed, trail: signed.trail })),
      Effect.catchTag(
        "Refusal",
        (e) => Effect.succeed({ reply: summary(e.reply), signed: null, trail: e.trail }),
      ),
      Effect.map((end) => ({
        ...end,
        body: message.stored instanceof MemoryBody ? message.stored.text : "",
      })),
      Effect.provide(Layer.mergeAll(world(), filters, Logger.layer([]))),
    ),
  );
};

const milterAt = (port: number): FilterPlace => ({
  _tag: "Milter",
  place: { _tag: "Tcp", host: "127.0.0.1", port },
});

const withMilter = async <A>(
  script: Script,
  work: (at: FilterPlace, milter: ScriptedMilter) => Promise<A>,
): Promise<A> => {
  const milter = await ScriptedMilter.start(script);
  try {
    return await work(milterAt(milter.port), milter);
  } finally {
    await milter.stop();
  }
};

const index = (n: number, name: string, value: string): Uint8Array => {
  const text = strings(name, value);
  const out = new Uint8Array(4 + text.length);
  new DataView(out.buffer).setUint32(0, n);
  out.set(text, 4);
  return out;
};

/** Goes on until the end of the message, and says `last` there. */
const atEnd = (...last: ReadonlyArray<Uint8Array>): Script => (p) =>
  p.letter === "E" ? last : goOn(p);

Deno.test("milter: sees connection, envelope, header and body as Postfix would show them", async () => {
  await withMilter(goOn, async (at, milter) => {
    const end = await submit(at, { text: "line\r\n".repeat(20_000) });
    assert.equal(end.reply, "250");
    const steps = milter.seen.filter((p) => p.letter !== "D").map((p) => p.letter).join("");
    assert.match(steps, /^OCHMRTL+NB+EQ?$/);
    const of = (letter: string) =>
      milter.seen.filter((p) => p.letter === letter).map((p) => latin1(p.data));
    assert.equal(of("C")[0], `[192.0.2.7]\x004${String.fromCharCode(0x9c, 0x40)}192.0.2.7\0`);
    assert.equal(of("M")[0], "<alice@example.net>\0");
    assert.equal(of("R")[0], "<bob@example.org>\0");
    assert.ok(of("L").includes("Subject\0folded\n\tsubject\0"), of("L").join("|"));
    assert.ok(!of("L").some((f) => f.startsWith("Received\0")));
    assert.equal(of("B").join(""), "line\r\n".repeat(20_000));
    assert.ok(of("D").some((m) => m.includes("{auth_authen}\0alice@example.net\0")));
    assert.ok(of("D").some((m) => m.startsWith("E") && m.includes("i\x0001TEST")));
  });
});

Deno.test("milter: adds, inserts, changes and takes out header fields", async () => {
  const script = atEnd(
    packet("h", strings("X-Added", "end\n more")),
    packet("i", index(0, "X-First", "top")),
    packet("m", index(2, "X-Old", "changed")),
    packet("m", index(1, "X-Old", "")),
    packet("c"),
  );
  const end = await withMilter(script, (at) => submit(at));
  const lines = (end.signed?.leaving ?? "").split("\r\n");
  assert.match(lines[0] ?? "", /^Received:/);
  const first = lines.indexOf("X-First: top");
  assert.ok(first > 0 && lines.slice(0, first).every((l) => /^(Received:|[ \t])/.test(l)));
  assert.ok(!lines.includes("X-Old: 1") && lines.includes("X-Old: changed"));
  assert.ok(end.signed?.leaving.includes("X-Added: end\r\n more\r\n"));
});

Deno.test("milter: changes envelope and body", async () => {
  const script = atEnd(
    packet("+", strings("<carol@example.org>")),
    packet("-", strings("<bob@example.org>")),
    packet("e", strings("<bounces@example.net>")),
    packet("b", new TextEncoder().encode("new\r\n")),
    packet("b", new TextEncoder().encode("body\r\n")),
    packet("p"),
    packet("c"),
  );
  const end = await withMilter(script, (at) => submit(at));
  assert.deepEqual(end.signed?.envelope.recipients.map((r) => r.mailbox.local), ["carol"]);
  assert.deepEqual(end.signed?.routed.map((r) => r.mailbox.local), ["carol"]);
  assert.equal(end.signed?.envelope.returnPath?.local, "bounces");
  assert.equal(end.body, "new\r\nbody\r\n");
  assert.equal(end.signed?.body.octets, 11);
});

Deno.test("milter: nobody becomes somebody else, and no field comes twice, by a filter (threats.md row 20)", async () => {
  const script = atEnd(
    packet("m", index(1, "From", "boss@example.net")),
    packet("h", strings("Sender", "boss@example.net")),
    packet("h", strings("Subject", "second")),
    packet("h", strings("X-Eight", "\xc3\xa9")),
    packet("c"),
  );
  const end = await withMilter(script, (at) => submit(at));
  const text = end.signed?.leaving ?? "";
  assert.doesNotMatch(text, /boss|second|X-Eight/);
  assert.equal(end.trail.filter((d) => d.rule === "filter.left").length, 4);
});

for (
  const [what, last, reply] of [
    ["reject", packet("r"), "550 5.7.0 Message refused by a content check"],
    ["tempfail", packet("t"), "451 4.7.1 A content check asks to try again later"],
    [
      "a reply of its own",
      packet("y", strings("554 5.6.0 no such thing")),
      "554 5.6.0 no such thing",
    ],
    ["accept", packet("a"), "250"],
  ] as const
) {
  Deno.test(`milter: ${what} at any step is answered ${reply.slice(0, 9)} (MSA-6.3)`, async () => {
    for (const step of ["C", "H", "M", "R", "T", "L", "N", "B", "E"]) {
      const script: Script = (p) => p.letter === step ? [last] : goOn(p);
      const end = await withMilter(script, (at) => submit(at));
      assert.equal(end.reply, reply, step);
    }
  });
}

Deno.test("milter: quarantine holds, discard throws away, skip ends the body", async () => {
  const held = await withMilter(
    atEnd(packet("q", strings("looks odd")), packet("c")),
    (at) => submit(at),
  );
  assert.deepEqual(held.signed?.hold?.reason, "f: looks odd");
  const gone = await withMilter(atEnd(packet("d")), (at) => submit(at));
  assert.equal(gone.signed?.discard, true);
  const skipping: Script = (p) => p.letter === "B" ? [packet("s")] : goOn(p);
  await withMilter(skipping, async (at, milter) => {
    assert.equal(
      (await submit(at, { text: "x".repeat(70) + "\r\n" + "y\r\n".repeat(99) })).reply,
      "250",
    );
    assert.equal(milter.seen.filter((p) => p.letter === "B").length, 1);
  });
});

Deno.test("milter: steps that a filter leaves out or keeps silent on are not waited for", async () => {
  const options: Script = (p) => {
    if (p.letter === "O") {
      const data = new DataView(new ArrayBuffer(12));
      data.setUint32(0, 6);
      data.setUint32(8, 0x1 | 0x2 | 0x80 | 0x8000 | 0x10 | 0x100000);
      return [packet("O", new Uint8Array(data.buffer))];
    }
    return "LRQ".includes(p.letter) ? [] : goOn(p);
  };
  await withMilter(options, async (at, milter) => {
    assert.equal((await submit(at)).reply, "250");
    const steps = milter.seen.filter((p) => p.letter !== "D").map((p) => p.letter).join("");
    assert.match(steps, /^OMRTL+NEQ?$/);
    assert.ok(milter.seen.some((p) => latin1(p.data) === "To\0 bob@example.org\0"));
  });
});

for (
  const [what, script] of [
    ["closes at once", () => "close"],
    ["never answers", () => []],
    ["sends a packet of 4 GB", () => [Uint8Array.of(255, 255, 255, 255, 1)]],
    ["sends a packet of nothing", () => [Uint8Array.of(0, 0, 0, 0)]],
    ["wants version 99", (p) => p.letter === "O" ? [packet("O", new Uint8Array(12).fill(99))] : []],
    ["answers letters that do not exist", (p) => p.letter === "O" ? goOn(p) : [packet("X")]],
    [
      "changes before the end",
      (p) => p.letter === "M" ? [packet("h", strings("A", "b"))] : goOn(p),
    ],
    ["says progress for ever", (p) => p.letter === "E" ? [packet("p")] : goOn(p)],
    ["gives a body without end", atEnd(...Array(20).fill(packet("b", new Uint8Array(65_535))))],
    ["changes without end", atEnd(...Array(1100).fill(packet("h", strings("X-A", "b"))))],
    ["breaks a field name", atEnd(packet("h", strings("X A: b\r\nBcc", "x")))],
    ["leaves in the body", (p) => p.letter === "B" ? "close" : goOn(p)],
  ] as ReadonlyArray<readonly [string, Script]>
) {
  Deno.test(`milter: one that ${what} refuses for now, or lets pass, as configured`, async () => {
    await withMilter(script, async (at) => {
      const closed = await submit(at, {}, { seconds: 0.4 });
      assert.match(closed.reply, /^451 4\.7\.1 /);
      const open = await submit(at, {}, { seconds: 0.4, onFault: "accept" });
      assert.equal(open.reply, "250");
      assert.ok(open.trail.some((d) => d.rule === "filter.fault"));
    });
  });
}

for (
  const [what, packets, problem] of [
    ["empty pieces of a body", Array(6000).fill(packet("b")), "a new body that is too large"],
    [
      "pieces of one octet",
      Array(6000).fill(packet("b", new Uint8Array(1))),
      "a new body that is too large",
    ],
    [
      "large fields",
      Array(40).fill(packet("h", strings("X-A", "b".repeat(60_000)))),
      "changes of more than 1048576 octets",
    ],
    ["recipients", Array(1100).fill(packet("+", strings("<a@example.org>"))), "more than 1000"],
    ["words of progress", Array(12_000).fill(packet("p")), "progress without end"],
  ] as ReadonlyArray<readonly [string, ReadonlyArray<Uint8Array>, string]>
) {
  Deno.test(`milter: ${what} without end are broken off, long before its time is over`, async () => {
    await withMilter(atEnd(...packets), async (at) => {
      const end = await submit(at, {}, { seconds: 60, onFault: "accept" });
      const fault = end.trail.find((d) => d.rule === "filter.fault");
      assert.ok(JSON.stringify(fault).includes(problem), JSON.stringify(fault));
    });
  });
}

Deno.test("milter: a port where nobody listens is a fault, a unix socket does as well as TCP", async () => {
  const dead = await submit(milterAt(1));
  assert.match(dead.reply, /^451 4\.7\.1 /);
  const dir = await Deno.makeTempDir({ prefix: "postern-milter-" });
  const path = join(dir, "s");
  const milter = await ScriptedMilter.start(atEnd(packet("r")), path);
  try {
    const end = await submit({ _tag: "Milter", place: { _tag: "Unix", path } });
    assert.match(end.reply, /^550 5\.7\.0 /);
  } finally {
    await milter.stop();
    await Deno.remove(dir, { recursive: true });
  }
});

const peers = await dkimpy();

Deno.test({
  name: "opendkim as a milter signs what leaves, and dkimpy takes it (DKIM-7)",
  ignore: !haveOpendkim || !peers,
  fn: async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    const key = publicKey.export({ type: "spki", format: "der" }).toString("base64");
    const peer = await startOpendkim("example.net", pem);
    try {
      const end = await submit(milterAt(peer.port));
      assert.equal(end.reply, "250", JSON.stringify(end.trail.at(-1)));
      const leaving = end.signed?.leaving ?? "";
      assert.match(leaving, /DKIM-Signature:[^]*d=example\.net[^]*s=filter/);
      const record: DkimRecord = { type: "rsa", key };
      const verdicts = await verifyWithDkimpy(`${leaving}${end.body}`, [
        { selector: "filter", domain: "example.net", record },
      ]);
      assert.deepEqual(verdicts, [true]);
    } finally {
      await peer.stop();
    }
  },
});

Deno.test({
  name: "rspamd over HTTP: passes, adds, rewrites and rejects",
  ignore: !haveRspamd,
  fn: async () => {
    const peer = await startRspamd();
    const at: FilterPlace = {
      _tag: "Rspamd",
      place: { url: `http://127.0.0.1:${peer.port}`, password: null },
    };
    try {
      const pass = await submit(at, { text: "line of text\r\n".repeat(50_000) });
      assert.equal(pass.reply, "250", JSON.stringify(pass.trail.at(-1)));
      assert.equal(pass.trail.find((d) => d.stage === "filter")?.facts["action"], "no action");
      const reject = await submit(at, { text: `${GTUBE.reject}\r\n` });
      assert.equal(reject.reply, "550 5.7.0 Gtube pattern");
      const marked = await submit(at, { text: `${GTUBE.addHeader}\r\n` });
      assert.equal(marked.reply, "250");
      assert.equal(marked.trail.find((d) => d.stage === "filter")?.facts["action"], "add header");
      const subject = await submit(at, { text: `${GTUBE.rewriteSubject}\r\n` });
      assert.equal(subject.reply, "250");
    } finally {
      await peer.stop();
    }
    const dead = await submit(at);
    assert.match(dead.reply, /^451 4\.7\.1 /);
    assert.equal((await submit(at, {}, { onFault: "accept" })).reply, "250");
  },
});
