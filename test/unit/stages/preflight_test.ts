import assert from "node:assert/strict";
import { Effect } from "effect";
import type { Envelope } from "../../../lib/envelope/envelope.ts";
import type { BodyFacts } from "../../../lib/message/mime/body.ts";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import { HopMemory, type RememberedOffer } from "../../../lib/ports/hop_memory.ts";
import { summary } from "../../../lib/reply/reply.ts";
import { pipeline } from "../../../lib/stages/pipeline.ts";
import type { Decision } from "../../../lib/stages/trail.ts";
import { type Given, head, mailbox, received, world } from "../../support/submissions.ts";

const PLAIN: RememberedOffer = {
  eightBitMime: false,
  smtpUtf8: false,
  maxSize: 100_000,
  dsn: false,
  binary: false,
  requireTls: false,
  tls: false,
};
const ABLE: RememberedOffer = {
  eightBitMime: true,
  smtpUtf8: true,
  maxSize: null,
  dsn: true,
  binary: true,
  requireTls: true,
  tls: true,
};

interface Case {
  readonly given?: Partial<Given>;
  readonly envelope?: Partial<Envelope>;
  readonly body?: Partial<BodyFacts>;
  readonly offer: RememberedOffer | null;
}

/** The reply where it is refused, else the header; and what the stage noted. */
const run = async (c: Case) => {
  const r = received({ head: head("From: alice@example.net"), ...c.given });
  const asked: Array<string> = [];
  const memory = {
    recall: (hop: string) => {
      asked.push(hop);
      return c.offer;
    },
    learn: () => {},
  };
  const submission = {
    ...r,
    envelope: { ...r.envelope, ...c.envelope },
    body: { ...r.body, ...c.body },
  };
  const end = await Effect.runPromise(
    pipeline(submission).pipe(
      Effect.match({
        onSuccess: (s) => ({ said: s.leaving.slice(0, -2), trail: s.trail }),
        onFailure: (e) =>
          e._tag === "Refusal" ? { said: summary(e.reply), trail: e.trail } : assert.fail(),
      }),
      Effect.provideService(HopMemory, memory),
      Effect.provide(world()),
    ),
  );
  const noted: ReadonlyArray<Decision> = end.trail.filter((d) => d.stage === "preflight");
  return { ...end, asked, noted };
};

const GRUEN = encodeUtf8(head("From: Ännchen <alice@example.net>", "Subject: grün"));
const SIGNED = `DKIM-Signature: v=1; h=from:subject; bh=x; b=y\r\n`;
const NEEDY: Case["envelope"] = { requireTls: true, smtpUtf8: true };

for (
  const [name, c, code, rule] of [
    [
      "EXT-UTF-3: a header that has no ASCII form",
      {
        given: { head: `${SIGNED}${GRUEN}`, smtpUtf8: true },
        offer: PLAIN,
      },
      "554 5.6.9",
      "EXT-UTF-3",
    ],
    [
      "EXT-UTF-3: a recipient in UTF-8",
      {
        given: { recipients: ["grün@example.org"], smtpUtf8: true },
        offer: PLAIN,
      },
      "554 5.6.9",
      "EXT-UTF-3",
    ],
    [
      "EXT-SIZE-3: a message that is too large there",
      {
        body: { octets: 100_001 },
        offer: PLAIN,
      },
      "552 5.3.4",
      "EXT-SIZE-3",
    ],
    [
      "EXT-8B-2: an 8-bit body that a signature covers",
      {
        given: {
          head: `${SIGNED}${head("From: alice@example.net", "MIME-Version: 1.0")}`,
          eightBit: true,
        },
        offer: PLAIN,
      },
      "554 5.6.3",
      "EXT-8B-2",
    ],
    [
      "EXT-8B-2: an 8-bit body in multipart/signed",
      {
        given: {
          head: head(
            "From: alice@example.net",
            "MIME-Version: 1.0",
            "Content-Type: multipart/signed; boundary=b",
          ),
          eightBit: true,
        },
        offer: PLAIN,
      },
      "554 5.6.3",
      "EXT-8B-2",
    ],
    [
      "EXT-RTLS-2: REQUIRETLS where that is not promised",
      {
        envelope: { requireTls: true },
        offer: PLAIN,
      },
      "550 5.7.10",
      "EXT-RTLS-2",
    ],
    [
      "EXT-RTLS-2: REQUIRETLS where TLS alone is there",
      {
        envelope: { requireTls: true },
        offer: { ...ABLE, requireTls: false },
      },
      "550 5.7.10",
      "EXT-RTLS-2",
    ],
  ] as ReadonlyArray<readonly [string, Case, string, string]>
) {
  Deno.test(`preflight() refuses now. ${name}`, async () => {
    const { said, noted } = await run(c);
    assert.ok(said.startsWith(`${code} `), said);
    assert.deepEqual(noted.map((d) => [d.verdict, d.rule, d.facts["hop"]]), [
      ["refused", rule, "smtp://mta.example:25"],
    ]);
  });
  Deno.test(`preflight() accepts where the hop is not known, or able. ${name}`, async () => {
    for (const offer of [null, ABLE]) {
      const { said, noted } = await run({ ...c, offer });
      assert.ok(said.startsWith("Received:"), said);
      assert.deepEqual(noted, []);
    }
  });
}

Deno.test("EXT-UTF-7: preflight() says a header in ASCII where no hop takes UTF-8", async () => {
  const { said, noted } = await run({ given: { head: GRUEN, smtpUtf8: true }, offer: PLAIN });
  assert.match(said, /\r\nFrom: =\?UTF-8\?Q\?=C3=84nnchen\?= <alice@example\.net>\r\n/);
  assert.deepEqual(noted.map((d) => [d.verdict, d.rule]), [["changed", "EXT-UTF-7"]]);
});

Deno.test("EXT-DSN-3, EXT-8B-2: preflight() notes what the relay will have to do", async () => {
  const { said, noted } = await run({
    given: { eightBit: true },
    envelope: { recipients: [{ mailbox: mailbox("bob@example.org"), notify: ["SUCCESS"] }] },
    offer: PLAIN,
  });
  assert.ok(said.startsWith("Received:"));
  assert.deepEqual(noted.map((d) => [d.verdict, d.rule]), [["pass", "EXT-8B-2"], [
    "pass",
    "EXT-DSN-3",
  ]]);
});

Deno.test("preflight() asks nobody where a message needs nothing", async () => {
  assert.deepEqual((await run({ offer: PLAIN })).asked, []);
  assert.deepEqual((await run({ offer: PLAIN, envelope: NEEDY })).asked, ["smtp://mta.example:25"]);
});

Deno.test("preflight() lets a bounce go without TLS rather than not at all: EXT-RTLS-3", async () => {
  const { said } = await run({
    given: { returnPath: null },
    envelope: { requireTls: true },
    offer: PLAIN,
  });
  assert.ok(said.startsWith("Received:"), said);
});
