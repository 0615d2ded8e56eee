import assert from "node:assert/strict";
import {
  changes,
  type Given,
  head,
  leaving,
  refusedFor,
  submit,
  type World,
} from "../../support/submissions.ts";

const FROM = "From: alice@example.net";
const DATE = "Date: Tue, 24 Nov 2026 05:25:51 +0000";
const ID = "Message-ID: <left-of-id@example.net>";
const COMPLETE = [FROM, DATE, "Message-ID: <1@x>"];

Deno.test("fixHeaders() leaves a complete message as it is, octet for octet", async () => {
  const lines = [...COMPLETE, "To:  Bob  <bob@example.org> (x)", "Subject: a", "\tb", "X-Odd:   "];
  assert.deepEqual(await leaving({ head: head(...lines) }), lines);
  assert.deepEqual(await changes({ head: head(...lines) }), []);
});

for (
  const c of [
    {
      name: "adds Date and Message-ID at the end",
      lines: [FROM, "Subject: x"],
      want: [FROM, "Subject: x", DATE, ID],
    },
    {
      name: "replaces an invalid Date where it stands",
      lines: [FROM, "Date: yesterday", "Message-ID: <1@x>"],
      want: [FROM, DATE, "Message-ID: <1@x>"],
    },
    {
      name: "keeps an odd but valid Date",
      lines: [FROM, "Date: 1 Jan 2001 00:00 +0000", "Message-ID: <1@x>"],
      want: null,
    },
    {
      name: "rewrites an obsolete Date",
      lines: [FROM, "Date: 1 Jan 99 00:00 EST", "Message-ID: <1@x>"],
      want: [FROM, "Date: 1 Jan 1999 00:00:00 -0500", "Message-ID: <1@x>"],
    },
    {
      name: "drops a wrong day of the week",
      lines: [FROM, "Date: Mon, 24 Nov 2026 05:25:51 +0000", "Message-ID: <1@x>"],
      want: [FROM, "Date: 24 Nov 2026 05:25:51 +0000", "Message-ID: <1@x>"],
    },
    {
      name: "replaces an invalid Message-ID",
      lines: [FROM, DATE, "Message-Id: foo"],
      want: [FROM, DATE, "Message-Id: <left-of-id@example.net>"],
    },
    {
      name: "keeps an obsolete Message-ID",
      lines: [FROM, DATE, "Message-ID: <a . b@c>"],
      want: null,
    },
    {
      name: "merges several To and Cc in order",
      lines: [
        ...COMPLETE,
        "To: a@x.example",
        "Cc: c@x.example",
        "To: B <b@x.example>",
        "Cc: d@x.example",
      ],
      want: [...COMPLETE, "To: a@x.example, B <b@x.example>", "Cc: c@x.example, d@x.example"],
    },
    {
      name: "makes an empty To a group of nobody",
      lines: [...COMPLETE, "To:"],
      want: [...COMPLETE, "To: undisclosed-recipients:;"],
    },
    {
      name: "makes two empty To one group of nobody",
      lines: [...COMPLETE, "To:", "To: "],
      want: [...COMPLETE, "To: undisclosed-recipients:;"],
    },
    {
      name: "drops an empty To beside a full one",
      lines: [...COMPLETE, "To:", "To: b@x.example"],
      want: [...COMPLETE, "To: b@x.example"],
    },
    {
      name: "drops an empty Cc and Reply-To",
      lines: [...COMPLETE, "Cc: ,", "Reply-To: (none)"],
      want: COMPLETE,
    },
    {
      name: "regenerates obsolete addresses",
      lines: [...COMPLETE, "To : <@r.example:a@b.example>, ,c . d@e.example"],
      want: [...COMPLETE, "To: a@b.example, c.d@e.example"],
    },
    {
      name: "quotes a display name with a dot",
      lines: ["From: Alice B. Smith <alice@example.net>", DATE, "Message-ID: <1@x>"],
      want: ['From: "Alice B. Smith" <alice@example.net>', DATE, "Message-ID: <1@x>"],
    },
    {
      name: "removes Bcc and Resent-Bcc, unreadable ones too",
      lines: [
        ...COMPLETE,
        "Bcc: secret@x.example,",
        " other@x.example",
        "BCC: ((",
        "Resent-Bcc: y@x.example",
      ],
      want: null,
      without: /bcc|secret|other/i,
    },
    {
      name: "removes Return-Path",
      lines: ["Return-Path: <x@y.example>", ...COMPLETE],
      want: COMPLETE,
    },
    {
      name: "removes Authentication-Results in our name",
      lines: [
        "Authentication-Results: MSA.example.net; spf=pass",
        "Authentication-Results: (c) msa.example.net 1; none",
        "Authentication-Results: other.example; spf=pass",
        ...COMPLETE,
      ],
      want: ["Authentication-Results: other.example; spf=pass", ...COMPLETE],
    },
    {
      name: "unfolds continuations of blanks",
      lines: [...COMPLETE, "Subject: a", "  ", " b"],
      want: [...COMPLETE, "Subject: a", " b"],
    },
  ] as ReadonlyArray<
    {
      name: string;
      lines: ReadonlyArray<string>;
      want: ReadonlyArray<string> | null;
      without?: RegExp;
    }
  >
) {
  Deno.test(`fixHeaders() ${c.name}`, async () => {
    const out = await leaving({ head: head(...c.lines) });
    if (c.without !== undefined) assert.doesNotMatch(out.join("\n"), c.without);
    else assert.deepEqual(out, c.want ?? c.lines);
  });
}

Deno.test("fixHeaders() names our own host in Message-ID where the author is of another domain", async () => {
  const out = await leaving({
    head: head("Resent-From: alice@example.net", "From: x@other.example", DATE),
  });
  assert.ok(out.includes("Resent-Message-ID: <left-of-id@msa.example.net>"), out.join("\n"));
});

Deno.test("fixHeaders() refolds a long line, and refuses one without blanks", async () => {
  const words = Array.from({ length: 400 }, () => "word").join(" ");
  const out = await leaving({ head: head(...COMPLETE, `Subject: ${words}`) });
  assert.ok(out.every((l) => l.length <= 998));
  assert.equal(out.slice(3).join(""), `Subject: ${words}`);
  assert.equal(
    await refusedFor({ head: head(...COMPLETE, `X: ${"y".repeat(1200)}`) }),
    "554 5.6.0 HDR-15",
  );
});

Deno.test("fixHeaders() puts Received on top of the older ones", async () => {
  const end = await submit({ head: head("Received: a; b", "Received: c; d", ...COMPLETE) });
  assert.ok(end._tag === "Accepted");
  assert.deepEqual(end.header.fields.map((f) => f.key).slice(0, 3), [
    "received",
    "received",
    "received",
  ]);
  assert.match(
    end.header.fields[0]?.raw ?? "",
    /^Received: from submission\.invalid by msa\.example\.net with ESMTPSA id 01TEST\r\n for <bob@example\.org> tls /,
  );
});

Deno.test("fixHeaders() names no recipient in Received where there are two", async () => {
  const end = await submit({ head: head(...COMPLETE), recipients: ["a@x.example", "b@x.example"] });
  assert.ok(end._tag === "Accepted");
  assert.doesNotMatch(end.header.fields[0]?.raw ?? "", / for /);
});

for (
  const c of [
    {
      name: "labels UTF-8",
      given: { head: head(...COMPLETE), eightBit: true },
      want: [
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
      ],
    },
    {
      name: "keeps a Content-Type",
      given: {
        head: head(...COMPLETE, "Content-Type: text/html; charset=latin1"),
        eightBit: true,
        validUtf8: false,
      },
      want: [
        "Content-Type: text/html; charset=latin1",
        "MIME-Version: 1.0",
        "Content-Transfer-Encoding: 8bit",
      ],
    },
    {
      name: "leaves a MIME message",
      given: { head: head(...COMPLETE, "MIME-Version: 1.0"), eightBit: true, validUtf8: false },
      want: ["MIME-Version: 1.0"],
    },
    { name: "leaves 7-bit", given: { head: head(...COMPLETE) }, want: [] },
  ] as ReadonlyArray<{ name: string; given: Given; want: ReadonlyArray<string> }>
) {
  Deno.test(`fixHeaders() ${c.name} without MIME-Version`, async () => {
    assert.deepEqual((await leaving(c.given)).slice(3), c.want);
  });
}

Deno.test("fixHeaders() refuses unlabelled 8-bit text that is not UTF-8", async () => {
  assert.equal(
    await refusedFor({ head: head(...COMPLETE), eightBit: true, validUtf8: false }),
    "554 5.6.1 HDR-26",
  );
});

const DKIM = (h: string) => `DKIM-Signature: v=1; h=${h}; b=x`;
for (
  const [name, lines, want] of [
    ["a missing Date", [DKIM("from:date"), FROM, "Message-ID: <1@x>"], "554 5.6.0 MSA-8.0"],
    ["an obsolete Date", [DKIM("Date"), FROM, "Date: 1 Jan 99 00:00 EST"], "554 5.6.0 MSA-8.0"],
    ["an empty To", [DKIM("to"), ...COMPLETE, "To:"], "554 5.6.0 MSA-8.0"],
    [
      "two To",
      [DKIM("to"), ...COMPLETE, "To: a@x.example", "To: b@x.example"],
      "554 5.6.0 MSA-8.0",
    ],
    [
      "obsolete addresses",
      [DKIM("cc"), ...COMPLETE, "Cc: <@r.example:a@b.example>"],
      "554 5.6.0 MSA-8.0",
    ],
    ["Bcc", [DKIM("bcc"), ...COMPLETE, "Bcc: a@b.example"], "554 5.6.0 MSA-8.0"],
    [
      "a line of blanks",
      [DKIM("subject"), ...COMPLETE, "Subject: a", "  ", " b"],
      "554 5.6.0 MSA-8.0",
    ],
  ] as const
) {
  Deno.test(`fixHeaders() refuses to repair ${name} under a signature`, async () => {
    assert.equal(await refusedFor({ head: head(...lines) }), want);
  });
}

Deno.test("fixHeaders() leaves out optional repairs under a signature", async () => {
  const lines = [DKIM("message-id:date"), FROM, "Date: Mon, 24 Nov 2026 05:25:51 +0000"];
  assert.deepEqual(await leaving({ head: head(...lines) }), lines);
});

for (
  const [setting, lines] of [
    ["date", [FROM, "Message-ID: <1@x>"]],
    ["messageId", [FROM, DATE]],
    ["severalLists", [...COMPLETE, "To: a@x.example", "To: b@x.example"]],
    ["emptyLists", [...COMPLETE, "To:"]],
    ["obsoleteAddresses", [...COMPLETE, "To: <@r.example:a@b.example>"]],
    ["mimeVersion", COMPLETE],
  ] as const
) {
  const given: Given = { head: head(...lines), eightBit: setting === "mimeVersion" };
  const w = (value: "off" | "reject"): World => ({ rules: { [setting]: value } });
  Deno.test(`fixHeaders() refuses or leaves what ${setting} says`, async () => {
    assert.match(await refusedFor(given, w("reject")), /^554 5\.6\.0 HDR-/);
    assert.deepEqual(await leaving(given, w("off")), lines);
  });
}

Deno.test("fixHeaders() completes the resent block and alters no original field", async () => {
  const original = [
    "From: Stranger . <s@x.example>",
    "To: <@r.example:a@b.example>",
    "Cc:",
    "Date: 1 Jan 99 00:00 EST",
    "Message-ID: foo",
    "Subject: s",
  ];
  const out = await leaving({
    head: head("Resent-To: bob@example.org", "Resent-Bcc: x@example.org", ...original),
  });
  assert.deepEqual(out, [
    "Resent-To: bob@example.org",
    "Resent-From: alice@example.net",
    "Resent-Message-ID: <left-of-id@msa.example.net>",
    "Resent-Date: Tue, 24 Nov 2026 05:25:51 +0000",
    ...original,
  ]);
});

Deno.test("fixHeaders() puts additions into a block that is Resent-Bcc alone", async () => {
  const older = ["Received: x; y", "Resent-From: old@x.example", FROM];
  const out = await leaving({ head: head("Resent-Bcc: x@example.org", ...older) });
  assert.deepEqual(out.slice(0, 3).sort(), [
    "Resent-Date: Tue, 24 Nov 2026 05:25:51 +0000",
    "Resent-From: alice@example.net",
    "Resent-Message-ID: <left-of-id@example.net>",
  ]);
  assert.deepEqual(out.slice(3), older);
});

Deno.test("fixHeaders() tells what was before and what is after", async () => {
  const { trail } = await submit({ head: head(FROM, "Date: yesterday", "Message-ID: <1@x>") });
  assert.deepEqual(trail.find((d) => d.rule === "HDR-4"), {
    stage: "fix_headers",
    verdict: "changed",
    rule: "HDR-4",
    facts: {
      field: "Date",
      problem: "is no valid date",
      before: "yesterday",
      after: "Tue, 24 Nov 2026 05:25:51 +0000",
    },
  });
});
