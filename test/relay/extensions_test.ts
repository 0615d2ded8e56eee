/** Towards hops that know an extension, and towards those that do not. */
import assert from "node:assert/strict";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { MemorySpool } from "../../lib/testing/memory_spool.ts";
import { type Given, type Running, smtpHop, until, withRelay } from "./harness.ts";

const ALL = ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE"];
const x = ["x@example.org"];

const test = (
  name: string,
  keywords: ReadonlyArray<string>,
  body: (hop: ScriptedHop, relay: Running) => Promise<void>,
  given: Omit<Given, "hop"> & { readonly rejects?: string } = {},
): void =>
  Deno.test(`relay: ${name}`, async () => {
    const hop = await ScriptedHop.start({
      keywords,
      ...given.rejects === undefined ? {} : {
        on: (c: string) => c.startsWith("RCPT TO:<x@") ? given.rejects : undefined,
      },
    });
    try {
      await withRelay({ hop: smtpHop(hop.port), ...given }, (relay) => body(hop, relay));
    } finally {
      await hop.stop();
    }
  });

const mails = (hop: ScriptedHop) => hop.commands.filter((c) => c.startsWith("MAIL"));
const rcpts = (hop: ScriptedHop) => hop.commands.filter((c) => c.startsWith("RCPT"));
const contentOf = (hop: ScriptedHop): string => hop.messages[0]?.data ?? "";

/** The report that came of it, as it reached the hop. */
const report = async (hop: ScriptedHop): Promise<string> => {
  await until(() => hop.messages.some((m) => m.from.startsWith("<>")));
  return hop.messages.find((m) => m.from.startsWith("<>"))?.data ?? "";
};
/** Nothing more comes for a while. */
const quiet = (): Promise<void> => new Promise((r) => setTimeout(r, 150));

// --- bodies ---------------------------------------------------------------------------------

const MIME = "From: alice@example.net\r\nMIME-Version: 1.0\r\n" +
  "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";

test(
  "EXT-8B-2: an 8-bit body goes to a plain hop as quoted-printable",
  ["SIZE 100000"],
  async (hop, relay) => {
    const id = await relay.send({ to: x, head: MIME, body: "gr\xc3\xbcn\r\n", eightBit: true });
    assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    const want = `${MIME.replace("8bit", "quoted-printable")}gr=C3=BCn\r\n`;
    assert.equal(contentOf(hop), want);
    assert.deepEqual(mails(hop), [`MAIL FROM:<alice@example.net> SIZE=${want.length}`]);
  },
);

test("EXT-8B-2: a large 8-bit body is converted as it streams", [], async (hop, relay) => {
  const line = `${
    "\xc3\xa4 and some text that is plain, so that the line is long enough. ".repeat(1)
  }\r\n`;
  const id = await relay.send({ to: x, head: MIME, body: line.repeat(20_000), eightBit: true });
  assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
  const sent = contentOf(hop).split("\r\n\r\n")[1] ?? "";
  const decoded = sent.replaceAll("=\r\n", "").replace(
    /=([0-9A-F]{2})/g,
    (_, h: string) => String.fromCharCode(parseInt(h, 16)),
  );
  assert.ok(decoded === line.repeat(20_000));
}, { spool: Object.assign(new MemorySpool(), { chunkBytes: 4099 }) });

for (
  const [what, head] of [
    ["a DKIM signature covers", `DKIM-Signature: v=1; h=from; bh=x; b=y\r\n${MIME}`],
    [
      "lies in a signed part",
      MIME.replace("text/plain; charset=utf-8", "multipart/signed; boundary=b"),
    ],
  ] as const
) {
  test(`EXT-8B-2, EXT-8B-3: what ${what} fails with 5.6.3, without a word of it to the hop`, [
    "SIZE",
  ], async (hop, relay) => {
    const body =
      "--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n--b\r\n\r\nx\r\n--b--\r\n";
    const id = await relay.send({ to: x, head, body, eightBit: true });
    assert.match((await relay.settled(id))[0] ?? "", /^failed: .*cannot be encoded/);
    assert.match(await report(hop), /\r\nStatus: 5\.6\.3\r\n/);
    assert.ok(!mails(hop).some((m) => m.includes("alice")));
  });
}

const BINARY =
  "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n";
const binary = {
  to: x,
  head: BINARY,
  body: "\0\r\n.\r\n\xff\nend",
  eightBit: true,
  envelope: { body: "BINARYMIME" as const },
};

test("EXT-BIN-1, EOL-6: binary content goes by BDAT, octet by octet", [
  ...ALL,
  "CHUNKING",
  "BINARYMIME",
], async (hop, relay) => {
  const ids = [await relay.send(binary), await relay.send({ to: x }), await relay.send(binary)];
  for (const id of ids) assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
  const sent = hop.messages.filter((m) => m.from.includes("BODY=BINARYMIME"));
  assert.deepEqual(sent.map((m) => m.data), [`${BINARY}${binary.body}`, `${BINARY}${binary.body}`]);
  assert.ok(hop.commands.includes(`BDAT ${BINARY.length + binary.body.length} LAST`));
});

for (const keywords of [ALL, [...ALL, "CHUNKING"], []]) {
  test(
    `EXT-BIN-1, EXT-CHK-4: binary content goes to [${keywords.join(" ")}] in base64 by DATA`,
    keywords,
    async (hop, relay) => {
      assert.deepEqual(await relay.settled(await relay.send(binary)), [
        "delivered: 250 2.0.0 kept",
      ]);
      const head =
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n";
      const body = btoa(binary.body);
      assert.equal(contentOf(hop), `${head}MIME-Version: 1.0\r\n\r\n${body}\r\n`);
      assert.ok(!hop.commands.some((c) => c.includes("BDAT") || c.includes("BODY=BINARYMIME")));
    },
  );
}

test(
  "EXT-SIZE-3: a message beyond the hop's limit fails without data",
  ["SIZE 2000"],
  async (hop, relay) => {
    const id = await relay.send({ to: x, body: "x".repeat(3000) });
    assert.match((await relay.settled(id))[0] ?? "", /^failed: .*larger/);
    assert.match(await report(hop), /\r\nStatus: 5\.3\.4\r\n/);
  },
);

// --- UTF-8 ----------------------------------------------------------------------------------

const utf8 = (s: string): string =>
  Array.from(new TextEncoder().encode(s), (c) => String.fromCharCode(c)).join("");
const GRUEN = utf8("From: Ännchen <a@bücher.example>\r\nSubject: grün\r\n\r\n");

test(
  "EXT-UTF-6, EXT-UTF-7: a header in UTF-8 goes to a plain hop in ASCII",
  ["8BITMIME"],
  async (hop, relay) => {
    const id = await relay.send({ to: x, head: GRUEN, smtpUtf8: true });
    assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    assert.equal(
      contentOf(hop),
      "From: =?UTF-8?Q?=C3=84nnchen?= <a@xn--bcher-kva.example>\r\nSubject: =?UTF-8?Q?gr=C3=BCn?=\r\n\r\nHello\r\n",
    );
    assert.deepEqual(mails(hop), ["MAIL FROM:<alice@example.net>"]);
  },
);

test(
  "EXT-UTF-5: ASCII mail with SMTPUTF8 passes a plain hop, U-labels as A-labels",
  [],
  async (hop, relay) => {
    const id = await relay.send({ to: ["x@b\u00fccher.example"], smtpUtf8: true });
    assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    assert.deepEqual(rcpts(hop), ["RCPT TO:<x@xn--bcher-kva.example>"]);
  },
);

test(
  "EXT-UTF-8: a local part in UTF-8 fails alone, with 5.6.7",
  ["PIPELINING"],
  async (hop, relay) => {
    const id = await relay.send({ to: ["gr\u00fcn@example.org", "x@example.org"], smtpUtf8: true });
    const [first, second] = await relay.settled(id);
    assert.match(first ?? "", /^failed: .*internationalised addresses/);
    assert.equal(second, "delivered: 250 2.0.0 kept");
    assert.match(await report(hop), /\r\nStatus: 5\.6\.7\r\n/);
  },
);

test("EXT-UTF-8: a signed header in UTF-8 fails with 5.6.9", [], async (hop, relay) => {
  const head = `DKIM-Signature: v=1; h=from:subject; bh=x; b=y\r\n${GRUEN}`;
  const id = await relay.send({ to: x, head, smtpUtf8: true });
  assert.match((await relay.settled(id))[0] ?? "", /^failed: .*DKIM/);
  assert.match(await report(hop), /\r\nStatus: 5\.6\.9\r\n/);
});

test(
  "EXT-UTF-6: the header of a part in UTF-8 is said in ASCII too",
  ["8BITMIME"],
  async (hop, relay) => {
    const head = "From: a@example.net\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    const part = (p: string) => `--b\r\n${p}\r\n\r\n\xc3\xbc\r\n--b--\r\n`;
    const id = await relay.send({
      to: x,
      head,
      body: part(utf8('Content-Disposition: attachment; filename="ü"')),
      smtpUtf8: true,
      eightBit: true,
    });
    assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
    assert.equal(
      contentOf(hop),
      head + part("Content-Disposition: attachment; filename*=utf-8''%C3%BC"),
    );
  },
);

// --- DSN ------------------------------------------------------------------------------------

const wished = {
  to: ["x@example.org", "y@example.org"],
  envelope: { ret: "FULL" as const, envid: "QQ+2B1" },
  wishes: [
    { notify: ["SUCCESS", "FAILURE"] as const, orcpt: "rfc822;Old+2BX@Old.Example" },
    { notify: "NEVER" as const },
  ],
};

test(
  "EXT-DSN-2, EXT-DSN-3: a hop with DSN is told all of it, unchanged, and tells the sender itself",
  ["DSN"],
  async (hop, relay) => {
    await relay.settled(await relay.send(wished));
    await quiet();
    assert.deepEqual(mails(hop), ["MAIL FROM:<alice@example.net> RET=FULL ENVID=QQ+2B1"]);
    assert.deepEqual(rcpts(hop), [
      "RCPT TO:<x@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Old+2BX@Old.Example",
      "RCPT TO:<y@example.org> NOTIFY=NEVER",
    ]);
    assert.deepEqual(await relay.bounces(), []);
  },
);

test(
  "EXT-DSN-3, DSN-4, DSN-5: a hop without DSN is told nothing, the sender that it was relayed",
  [],
  async (hop, relay) => {
    await relay.settled(await relay.send(wished));
    const text = await report(hop);
    assert.deepEqual(mails(hop)[0], "MAIL FROM:<alice@example.net>");
    assert.deepEqual(rcpts(hop).slice(0, 2), [
      "RCPT TO:<x@example.org>",
      "RCPT TO:<y@example.org>",
    ]);
    assert.match(
      text,
      /\r\nOriginal-Envelope-Id: QQ\+1\r\nReporting-MTA: dns; msa\.example\.net\r\n/,
    );
    assert.match(
      text,
      /\r\nOriginal-Recipient: rfc822; Old\+X@Old\.Example\r\nFinal-Recipient: rfc822; x@example\.org\r\nAction: relayed\r\nStatus: 2\.0\.0\r\n/,
    );
    assert.doesNotMatch(text, /y@example\.org/);
    // RET=FULL is about failures. RFC 3461 §4.3
    assert.match(text, /\r\nContent-Type: text\/rfc822-headers\r\n/);
  },
);

test("DSN-1: the report itself asks for none", ["DSN"], async (hop, relay) => {
  await relay.settled(await relay.send({ to: x }));
  await report(hop);
  assert.deepEqual(mails(hop)[1], "MAIL FROM:<>");
  assert.deepEqual(rcpts(hop)[1], "RCPT TO:<alice@example.net> NOTIFY=NEVER");
}, { rejects: "550 5.1.1 nobody" });

for (
  const [notify, told] of [
    [undefined, true],
    [["FAILURE"], true],
    [["SUCCESS", "DELAY"], false],
    ["NEVER", false],
  ] as const
) {
  test(
    `DSN-2, EXT-DSN-3: a 5yz with NOTIFY=${notify ?? "(none)"} is ${told ? "" : "not "}reported`,
    [],
    async (_, relay) => {
      await relay.settled(
        await relay.send({ to: x, wishes: [notify === undefined ? {} : { notify }] }),
      );
      await quiet();
      assert.equal((await relay.bounces()).length, told ? 1 : 0);
    },
    { rejects: "550 5.1.1 nobody" },
  );
}

for (
  const [ret, type] of [["FULL", "message/rfc822"], ["HDRS", "text/rfc822-headers"]] as const
) {
  test(`DSN-3: RET=${ret} brings ${type} back`, [], async (hop, relay) => {
    const body = "body gr\xfcn\r\n";
    await relay.settled(await relay.send({ to: x, body, envelope: { ret } }));
    const text = await report(hop);
    assert.ok(text.includes(`\r\nContent-Type: ${type}\r\n`), text);
    // towards a plain hop the content within is encoded, header and all the rest as they were
    assert.equal(text.includes("body gr=FCn"), ret === "FULL");
    assert.ok(text.includes("\r\nSubject: test\r\n"));
  }, { rejects: "550 5.1.1 nobody" });
}

test(
  "DSN-8: an internationalised message is reported on in UTF-8 types, encoded",
  [],
  async (hop, relay) => {
    const to = ["gr\u00fcn@example.org"];
    await relay.settled(await relay.send({ to, smtpUtf8: true, head: GRUEN }));
    const text = await report(hop);
    assert.match(
      text,
      /\r\nContent-Type: message\/global-delivery-status\r\nContent-Transfer-Encoding: quoted-printable\r\n/,
    );
    assert.match(text, /\r\nFinal-Recipient: utf-8; gr=C3=BCn@example\.org\r\n/);
    assert.match(
      text,
      /\r\nContent-Type: message\/global-headers\r\nContent-Transfer-Encoding: base64\r\n/,
    );
  },
);

test(
  "EXT-DSN-2: towards a hop without SMTPUTF8 ORCPT is in its 7-bit form",
  ["DSN"],
  async (hop, relay) => {
    await relay.settled(
      await relay.send({
        to: x,
        smtpUtf8: true,
        wishes: [{ orcpt: "utf-8;gr\u00fcn@example.org" }],
      }),
    );
    assert.deepEqual(rcpts(hop), ["RCPT TO:<x@example.org> ORCPT=utf-8;gr\\x{FC}n@example.org"]);
  },
);

// --- DELIVERBY, FUTURERELEASE, MT-PRIORITY, RRVS ----------------------------------------------

const by = (seconds: number, mode: "R" | "N") => ({
  envelope: { deliverBy: { deadline: Date.now() + seconds * 1000 + 900, mode, trace: false } },
});

test("EXT-DBY-2: a hop is told the seconds that are left", ["DELIVERBY 10"], async (hop, relay) => {
  await relay.settled(await relay.send({ to: x, ...by(60, "R") }));
  assert.match(mails(hop)[0] ?? "", /^MAIL FROM:<alice@example\.net> BY=60;R$/);
});

for (
  const [what, keywords, seconds] of [
    ["a hop without it", ["DSN"], 60],
    ["a hop that wants more time", ["DELIVERBY 120"], 60],
    ["a time that has passed", ["DELIVERBY"], -60],
  ] as const
) {
  test(`EXT-DBY-2: R is not relayed to ${what}: 5.4.7`, keywords, async (hop, relay) => {
    assert.match(
      (await relay.settled(await relay.send({ to: x, ...by(seconds, "R") })))[0] ?? "",
      /^failed: /,
    );
    const text = await report(hop);
    assert.match(text, /\r\nStatus: 5\.4\.7\r\n/);
    assert.match(text, /\r\nDeliver-By-Date: /); // DSN-4
  });
}

test(
  "EXT-DBY-2: N goes to a hop without it, with DELAY added, and the sender is told",
  ["DSN"],
  async (hop, relay) => {
    const to = ["x@example.org", "y@example.org"];
    await relay.settled(
      await relay.send({ to, ...by(60, "N"), wishes: [{}, { notify: "NEVER" }] }),
    );
    const text = await report(hop);
    assert.deepEqual(rcpts(hop).slice(0, 2), [
      "RCPT TO:<x@example.org> NOTIFY=FAILURE,DELAY",
      "RCPT TO:<y@example.org> NOTIFY=NEVER",
    ]);
    assert.match(text, /Final-Recipient: rfc822; x@example\.org\r\nAction: relayed\r\n/);
    assert.doesNotMatch(text, /y@example/);
  },
);

test(
  "EXT-DBY-2: R that cannot be delivered in time fails at its time",
  ["DELIVERBY"],
  async (hop, relay) => {
    const id = await relay.send({ to: x, ...by(0, "R") });
    await until(async () => (await relay.recipients(id))[0]?.state === "failed");
    assert.match(await report(hop), /\r\nAction: failed\r\nStatus: 5\.4\.7\r\n/);
  },
  { rejects: "451 4.3.0 later" },
);

test(
  "EXT-DBY-2: N that is late is reported as delayed, once, and goes on",
  ["DELIVERBY"],
  async (hop, relay) => {
    const id = await relay.send({ to: x, ...by(0, "N") });
    await until(async () => (await relay.recipients(id))[0]!.attempts >= 4);
    const text = await report(hop);
    assert.match(text, /\r\nAction: delayed\r\nStatus: 4\.4\.7\r\n/);
    assert.match(text, /\r\nWill-Retry-Until: /);
    assert.equal((await relay.bounces()).length, 1);
    assert.equal((await relay.recipients(id))[0]?.state, "queued");
  },
  {
    rejects: "451 4.3.0 later",
    settings: {
      retry: {
        first: [],
        then: 400,
        jitter: 0,
        lifetime: 86_400_000,
        nullLifetime: 86_400_000,
        warnAfter: null,
      },
    },
  },
);

const held = (until: number) => ({
  due: until,
  envelope: { hold: { until, request: "for;1", account: "alice@example.net" } },
});

test("EXT-FUT-2: a held message goes at its time, not before, and says nothing of it", [
  "FUTURERELEASE 99999",
], async (hop, relay) => {
  const time = Date.now() + 700;
  const id = await relay.send({ to: x, ...held(time) });
  assert.deepEqual(await relay.settled(id), ["delivered: 250 2.0.0 kept"]);
  assert.ok(((await relay.recipients(id))[0]?.lastAt ?? 0) >= time);
  assert.deepEqual(mails(hop), ["MAIL FROM:<alice@example.net>"]);
});

test("EXT-FUT-2: the clock of retries starts at the release", [], async (_, relay) => {
  const id = await relay.send({
    to: x,
    acceptedAt: Date.now() - 6 * 86_400_000,
    ...held(Date.now()),
  });
  assert.deepEqual(await relay.settled(id), ["queued: 451 4.3.0 later"]);
}, { rejects: "451 4.3.0 later" });

test("EXT-FUT-2: an account disabled meanwhile sends nothing: 5.7.1", [], async (hop, relay) => {
  const id = await relay.send({ to: x, ...held(Date.now()) });
  assert.match((await relay.settled(id))[0] ?? "", /^failed: .*may no longer send/);
  const text = await report(hop);
  assert.match(text, /\r\nStatus: 5\.7\.1\r\n/);
  assert.match(text, /\r\nFuture-Release-Request: for;1\r\n/); // DSN-4
}, { disabled: new Set(["alice@example.net"]) });

for (const [keywords, want] of [[["MT-PRIORITY"], " MT-PRIORITY=-3"], [["DSN"], ""]] as const) {
  test(
    `EXT-PRI-2: a priority is passed on where it is offered: [${keywords}]`,
    keywords,
    async (hop, relay) => {
      await relay.settled(await relay.send({ to: x, envelope: { priority: -3 } }));
      await report(hop);
      // its report has the same
      assert.deepEqual(mails(hop), [`MAIL FROM:<alice@example.net>${want}`, `MAIL FROM:<>${want}`]);
    },
    { rejects: "550 5.1.1 nobody" },
  );
}

const since = { since: "2014-04-03T23:01:00Z" };

test("EXT-RRVS-1: RRVS is passed on", ["RRVS"], async (hop, relay) => {
  await relay.settled(
    await relay.send({ to: x, wishes: [{ rrvs: { ...since, otherwise: "R" } }] }),
  );
  assert.deepEqual(rcpts(hop), ["RCPT TO:<x@example.org> RRVS=2014-04-03T23:01:00Z;R"]);
});

test(
  "EXT-RRVS-1: without RRVS, R fails with 5.7.19, C goes on, an office is exempt",
  [],
  async (hop, relay) => {
    const [r, c] = [{ rrvs: { ...since, otherwise: "R" } }, {
      rrvs: { ...since, otherwise: "C" },
    }] as const;
    const id = await relay.send({
      to: ["x@example.org", "y@example.org", "abuse@example.org"],
      wishes: [r, c, r],
    });
    const [first, ...others] = await relay.settled(id);
    assert.match(first ?? "", /^failed: /);
    assert.deepEqual(others, Array(2).fill("delivered: 250 2.0.0 kept"));
    assert.deepEqual(rcpts(hop).slice(0, 2), [
      "RCPT TO:<y@example.org>",
      "RCPT TO:<abuse@example.org>",
    ]);
    assert.match(await report(hop), /\r\nStatus: 5\.7\.19\r\n/);
  },
);

// --- LIMITS ---------------------------------------------------------------------------------

for (const pipelining of [true, false]) {
  const keywords = [...(pipelining ? ["PIPELINING"] : []), "LIMITS RCPTMAX=2"];
  test(
    `EXT-LIM-2: RCPTMAX=2 makes three transactions of five recipients: [${keywords}]`,
    keywords,
    async (hop, relay) => {
      const to = [
        "x@example.org",
        "b@example.org",
        "c@example.org",
        "d@example.org",
        "e@example.org",
      ];
      const id = await relay.send({ to });
      const [first, ...others] = await relay.settled(id);
      assert.match(first ?? "", /^failed: 550 5\.1\.1/);
      assert.deepEqual(others, Array(4).fill("delivered: 250 2.0.0 kept"));
      assert.deepEqual(hop.messages.slice(0, 3).map((m) => m.to.length), [1, 2, 1]);
    },
    { rejects: "550 5.1.1 nobody" },
  );
}

test("EXT-LIM-2: where the first of a split are refused, the rest still follow at once", [
  "LIMITS RCPTMAX=1",
], async (_, relay) => {
  const [first, second] = await relay.settled(
    await relay.send({ to: ["x@example.org", "y@example.org"] }),
  );
  assert.match(first ?? "", /^failed: 550/);
  assert.equal(second, "delivered: 250 2.0.0 kept");
}, { rejects: "550 5.1.1 nobody" });

test("EXT-LIM-2: RCPTDOMAINMAX=1 takes a connection for each domain", [
  "PIPELINING",
  "LIMITS RCPTDOMAINMAX=1",
], async (hop, relay) => {
  const to = ["a@one.example", "b@two.example", "c@one.example", "d@three.example"];
  const ids = [await relay.send({ to }), await relay.send({ to: ["z@one.example"] })];
  for (const id of ids) {
    assert.ok((await relay.settled(id)).every((r) => r === "delivered: 250 2.0.0 kept"));
  }
  for (const { messages } of hop.told) {
    const domains = new Set(messages.flatMap((m) => m.to.map((a) => a.replace(/.*@/, ""))));
    assert.ok(domains.size <= 1, [...domains].join(" "));
  }
}, { settings: { connectionsPerHop: 1 } });

// --- REQUIRETLS -----------------------------------------------------------------------------

const tagged = { to: x, envelope: { requireTls: true as const } };

test(
  "EXT-RTLS-2: a plain hop gets no word of tagged mail: QUIT, no MAIL, 5.7.10",
  ["REQUIRETLS"],
  async (hop, relay) => {
    assert.match((await relay.settled(await relay.send(tagged)))[0] ?? "", /^failed: .*TLS/);
    assert.ok(!mails(hop).some((m) => m.includes("alice")));
    const text = await report(hop);
    assert.match(text, /\r\nStatus: 5\.7\.10\r\n/);
  },
);

for (
  const [keywords, trusted, want] of [
    [["REQUIRETLS", "DSN"], true, "delivered"],
    [["DSN"], true, "5.7.30"],
    [["REQUIRETLS"], false, "5.7.10"],
  ] as const
) {
  Deno.test(`relay: EXT-RTLS-2, EXT-RTLS-3: over TLS that is ${trusted ? "" : "not "}verified, to [${keywords}]: ${want}`, async () => {
    const made = await makeSelfSigned(["localhost"], Date.now());
    const ca = await Deno.makeTempFile({ suffix: ".pem" });
    await Deno.writeTextFile(ca, made.certificatePem);
    const hop = await ScriptedHop.start({
      keywords,
      tls: { key: made.keyPem, cert: made.certificatePem },
    });
    const to = smtpHop(hop.port, { host: "localhost", tls: "opportunistic" });
    const settings = { access: () => ({ credentials: null, ca: trusted ? ca : null }) };
    try {
      await withRelay({ hop: to, settings }, async (relay) => {
        const [got] = await relay.settled(
          await relay.send({ ...tagged, envelope: { ...tagged.envelope, ret: "FULL" } }),
        );
        if (want === "delivered") {
          assert.equal(got, "delivered: 250 2.0.0 kept");
          assert.deepEqual(mails(hop), ["MAIL FROM:<alice@example.net> RET=FULL REQUIRETLS"]);
          return;
        }
        assert.match(got ?? "", /^failed: /);
        const text = await report(hop);
        assert.ok(text.includes(`\r\nStatus: ${want}\r\n`), text);
        // header only, and with the tag where the hop knows it
        assert.match(text, /\r\nContent-Type: text\/rfc822-headers\r\n/);
        assert.ok(mails(hop).every((m) => m.startsWith("MAIL FROM:<>")));
        assert.equal(mails(hop)[0]?.endsWith(" REQUIRETLS"), keywords[0] === "REQUIRETLS");
      });
    } finally {
      await hop.stop();
      await Deno.remove(ca);
    }
  });
}
