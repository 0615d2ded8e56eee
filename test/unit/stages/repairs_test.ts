/** Repairs that a site switches on, and what stands in their way. Rows of requirements.md §3. */
import assert from "node:assert/strict";
import { parseDomainName } from "../../../lib/address/domain.ts";
import { encodeUtf8 } from "../../../lib/message/text.ts";
import type { HeaderRules } from "../../../lib/stages/policy.ts";
import {
  type Given,
  head,
  leaving,
  refusedFor,
  submit,
  type World,
} from "../../support/submissions.ts";

const DATE = "Date: Tue, 24 Nov 2026 05:25:51 +0000";
const ID = "Message-ID: <1@x>";
const FROM = "From: alice@example.net";
const DKIM = (h: string) => `DKIM-Signature: v=1; h=${h}; b=x`;
const sales = parseDomainName("sales.example.net");
assert.ok(sales !== null);

const on: Partial<HeaderRules> = {
  from: "fix",
  duplicates: "fix",
  rawUtf8: "fix",
  undisclosed: "fix",
  domains: new Map([["sales", sales]]),
};
const all: World = { rules: on };

const given = (...lines: ReadonlyArray<string>): Given => ({ head: encodeUtf8(head(...lines)) });
const TO = "To: bob@example.org";

for (
  const [about, lines, want] of [
    ["HDR-3 supplies an absent From", [TO, DATE, ID], [TO, DATE, ID, FROM]],
    ["HDR-1 drops a second Subject that says the same", [
      FROM,
      TO,
      DATE,
      ID,
      "Subject: a",
      "SUBJECT:  a",
    ], [FROM, TO, DATE, ID, "Subject: a"]],
    ["MSA-5.1 quotes a name that is an address", [
      "From: alice@example.net <alice@example.net>",
      "To: 'bob@example.org' <bob@example.org>, [x] y <a@example.org>",
      DATE,
      ID,
    ], [
      'From: "alice@example.net" <alice@example.net>',
      `To: "'bob@example.org'" <bob@example.org>, "[x] y" <a@example.org>`,
      DATE,
      ID,
    ]],
    ["MSA-5.1 parts addresses at semicolons", [
      FROM,
      "To: a@example.org; B <b@example.org>;",
      DATE,
      ID,
    ], [
      FROM,
      "To: a@example.org, B <b@example.org>",
      DATE,
      ID,
    ]],
    ["MSA-5.1 closes a group of nobody", [FROM, "To: undisclosed-recipients", DATE, ID], [
      FROM,
      "To: undisclosed-recipients:;",
      DATE,
      ID,
    ]],
    ["MSA-5.1 quotes beside encoded words", [
      FROM,
      "To: =?utf-8?q?J?= [x] <a@example.org>",
      DATE,
      ID,
    ], [
      FROM,
      'To: =?utf-8?q?J?= "[x]" <a@example.org>',
      DATE,
      ID,
    ]],
    ["HDR-1 drops a second MIME-Version that says the same", [
      FROM,
      TO,
      DATE,
      ID,
      "MIME-Version: 1.0",
      "Mime-Version: 1.0 (x)",
    ], [FROM, TO, DATE, ID, "MIME-Version: 1.0"]],
    ["HDR-10 names nobody where nobody is named", [FROM, DATE, ID], [
      FROM,
      DATE,
      ID,
      "To: undisclosed-recipients:;",
    ]],
    ["HDR-10 leaves a message with Cc alone", [FROM, DATE, ID, "Cc: bob@example.org"], [
      FROM,
      DATE,
      ID,
      "Cc: bob@example.org",
    ]],
    ["HDR-17 encodes a Subject", [FROM, TO, DATE, ID, "Subject: gr\u00fc\u00dfe an alle"], [
      FROM,
      TO,
      DATE,
      ID,
      "Subject: =?UTF-8?Q?gr=C3=BC=C3=9Fe?= an alle",
    ]],
    ["HDR-17 encodes a display name and a domain", [
      "From: J\u00f6rg <alice@example.net>",
      "To: x@b\u00fccher.example",
      DATE,
      ID,
    ], [
      "From: =?UTF-8?Q?J=C3=B6rg?= <alice@example.net>",
      "To: x@xn--bcher-kva.example",
      DATE,
      ID,
    ]],
    ["MSA-4.2c completes a domain of one label by the table", [
      FROM,
      "To: Bob <bob@sales>, x@example.org",
      DATE,
      ID,
    ], [FROM, "To: Bob <bob@sales.example.net>, x@example.org", DATE, ID]],
  ] as ReadonlyArray<[string, ReadonlyArray<string>, ReadonlyArray<string>]>
) {
  Deno.test(`fixHeaders() ${about}`, async () => {
    assert.deepEqual(await leaving(given(...lines), all), want);
  });
}

for (
  const [about, lines, world, want] of [
    ["HDR-3 no From, by default", [TO, DATE, ID], {}, "554 5.6.0 HDR-3"],
    [
      "HDR-3 no From that a signature covers",
      [DKIM("from"), TO, DATE, ID],
      all,
      "554 5.6.0 MSA-8.0",
    ],
    ["HDR-1 two Subjects, by default", [FROM, "Subject: a", "Subject: a"], {}, "554 5.6.0 HDR-1"],
    ["HDR-1 two Subjects that differ", [FROM, "Subject: a", "Subject: b"], all, "554 5.6.0 HDR-1"],
    ...[
      "From: =?utf-8?q?a=00b?= <alice@example.net>",
      "To: =?utf-8?b?YQ0KYg==?= <bob@example.org>",
      "Cc: =?iso-8859-1?Q?a=0Ab?=: bob@example.org;",
      "Subject: =?utf-8?q?=1B[31m?=",
      "Subject: =?utf-8*en?q?=C2=85?=",
      "Reply-To: alice@example.net (=?utf-7?q?=0D?=)",
      "Subject: =?utf-8?q?=3D=3Fx=3Fq=3F=3D00=3F=3D?=",
    ].map((line) =>
      [
        `HDR-19 a control character in ${line}`,
        line.startsWith("From") ? [line] : [FROM, line],
        {},
        "554 5.6.0 HDR-19",
      ] as const
    ),
    [
      "HDR-1 two Content-Type that differ",
      [
        FROM,
        "Content-Type: text/plain",
        "Content-Type: text/html",
      ],
      {},
      "554 5.6.0 HDR-1",
    ],
    [
      "HDR-1 two transfer encodings",
      [
        FROM,
        "Content-Transfer-Encoding: 8bit",
        "Content-Transfer-Encoding: base64",
      ],
      {},
      "554 5.6.0 HDR-1",
    ],
    [
      "MSA-5.1 a name before a bare address",
      [FROM, "To: Bob bob@example.org"],
      {},
      "554 5.6.0 MSA-5.1",
    ],
    [
      "MSA-5.1 a comma in a name",
      [FROM, "To: Doe, Bob <bob@example.org>"],
      {},
      "554 5.6.0 MSA-5.1",
    ],
    [
      "MSA-5.1 a name without quotes under a signature",
      [
        DKIM("from"),
        "From: alice@example.net <alice@example.net>",
      ],
      {},
      "554 5.6.0 MSA-8.0",
    ],
    ["HDR-1 two From, whatever they say", [FROM, FROM], all, "554 5.6.0 HDR-1"],
    [
      "HDR-1 two Senders, whatever they say",
      [FROM, "Sender: alice@example.net", "Sender: alice@example.net"],
      all,
      "554 5.6.0 SND-01",
    ],
    [
      "HDR-1 two Subjects that a signature covers",
      [DKIM("subject"), FROM, "Subject: a", "Subject: a"],
      all,
      "554 5.6.0 MSA-8.0",
    ],
    ["HDR-17 raw UTF-8 where the site says so", [FROM, "Subject: \u00fc"], {
      rules: { rawUtf8: "reject" },
    }, "554 5.6.0 HDR-17"],
    [
      "HDR-17 a local part that is not ASCII",
      ["From: alice@example.net", "To: j\u00f6rg@example.org"],
      all,
      "554 5.6.0 HDR-17",
    ],
    [
      "HDR-17 an identifier that is not ASCII",
      [FROM, "References: <\u00fc@x>"],
      all,
      "554 5.6.0 HDR-17",
    ],
    [
      "HDR-17 raw UTF-8 that a signature covers",
      [DKIM("subject"), FROM, "Subject: \u00fc"],
      all,
      "554 5.6.0 MSA-8.0",
    ],
    [
      "MSA-4.2c a domain of one label that no table has",
      [FROM, "To: bob@marketing"],
      all,
      "554 5.6.0 MSA-4.2b",
    ],
    [
      "MSA-4.2c a name of two labels below one of the table",
      [FROM, "To: bob@a.sales"],
      all,
      "554 5.6.0 MSA-4.2b",
    ],
    [
      "MSA-4.2c a domain that a signature covers",
      [DKIM("to"), FROM, "To: bob@sales"],
      all,
      "554 5.6.0 MSA-8.0",
    ],
    ["MSA-4.2c a From that becomes somebody else's", ["From: alice@sales"], all, "550 5.7.1 RGT-5"],
    [
      "HDR-10 nobody named, where the site wants it",
      [FROM],
      { rules: { undisclosed: "reject" } },
      "554 5.6.0 HDR-10",
    ],
  ] as ReadonlyArray<[string, ReadonlyArray<string>, World, string]>
) {
  Deno.test(`fixHeaders() refuses ${about}`, async () => {
    assert.equal(await refusedFor(given(...lines), world), want);
  });
}

Deno.test("fixHeaders() HDR-17: octets that are no UTF-8 are refused even then", async () => {
  assert.equal(
    await refusedFor({ head: head(FROM, "Subject: \xff") }, all),
    "554 5.6.0 HDR-18",
  );
});

Deno.test("fixHeaders() HDR-24: other defects are nobody's business", async () => {
  const odd = [
    FROM,
    DATE,
    ID,
    "References: what was said before",
    "MIME-Version: 7",
    "Content-Type: multipart/mixed",
    "Content-Transfer-Encoding: whatever",
    "X-Empty:",
  ];
  assert.deepEqual(await leaving(given(...odd)), odd);
});

Deno.test("fixHeaders() shows before and after of what it changes", async () => {
  const end = await submit(given(FROM, TO, "Date: yesterday", ID, "Subject: \u00fc"), all);
  const told = end.trail.filter((d) => d.stage === "fix_headers" && d.verdict === "changed")
    .map((d) => [d.rule, d.facts["before"], d.facts["after"]]);
  assert.deepEqual(told.slice(0, 2), [
    ["HDR-4", "yesterday", "Tue, 24 Nov 2026 05:25:51 +0000"],
    ["HDR-17", "\u00fc", "=?UTF-8?Q?=C3=BC?="],
  ]);
});

Deno.test("fixHeaders() TRC-2: sealed, Received tells nothing but a token", async () => {
  const end = await submit(given(FROM), {
    rules: { received: "sealed" },
    seal: (text) => btoa(text).replace(/[+/=]/g, "-"),
  });
  assert.ok(end._tag === "Accepted");
  const raw = end.header.fields[0]?.raw ?? "";
  assert.match(raw, /^Received: from submission\.invalid \(sealed[A-Za-z0-9_\s-]+\)\s+by msa/);
  assert.doesNotMatch(raw, /192\.0\.2\.7|laptop|alice/);
  for (const line of raw.split("\r\n")) assert.ok(line.length <= 80, line);
});

Deno.test("fixHeaders() TRC-10: what a client says of itself gets in only where the grammar has a place", async () => {
  for (const helo of ["x\r\nBcc: a@b.example", "(", "a b", "x;y", "<script>", "[1.2.3.4] evil"]) {
    const end = await submit(
      { ...given(FROM), session: { helo, clientAddress: "192.0.2.7" } },
      { rules: { received: "full" } },
    );
    assert.ok(end._tag === "Accepted");
    assert.match(end.header.fields[0]?.raw ?? "", /^Received: from \[192\.0\.2\.7\]\s+by /);
  }
});
