import assert from "node:assert/strict";
import { detailJson, detailLines, entryJson, entryLines } from "../../../../lib/cli/queue/view.ts";
import { parseMailbox } from "../../../../lib/address/path.ts";
import type { QueueDetail } from "../../../../lib/ports/spool.ts";

const mailbox = (text: string) => {
  const m = parseMailbox(text);
  assert.ok(m !== null);
  return m;
};

const DETAIL: QueueDetail = {
  hold: null,
  id: "q1",
  acceptedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  account: "alice@example.net",
  returnPath: "alice@example.net",
  size: 2048,
  recipients: [
    {
      address: "bob@example.org",
      hop: "smtp://mx:25",
      state: "queued",
      attempts: 2,
      due: Date.UTC(2026, 0, 2, 4),
      lastReply: "450 4.2.0 \u001b[31mbusy\u202e",
      lastRemote: "192.0.2.1",
      lastAt: Date.UTC(2026, 0, 2, 3, 30),
    },
    {
      address: "carol@example.org",
      hop: "maildir:/out",
      state: "delivered",
      attempts: 1,
      due: null,
      lastReply: null,
      lastRemote: null,
      lastAt: null,
    },
  ],
  envelope: {
    returnPath: mailbox("alice@example.net"),
    recipients: [{ mailbox: mailbox("bob@example.org") }],
    body: "8BITMIME",
    smtpUtf8: false,
    declaredSize: null,
  },
  history: [],
  session: null,
  trail: '{"version":1,"trail":[]}',
  head: "Subject: x\r\n\r\n",
};

Deno.test("entryLines() says id, size and sender, and how each recipient stands", () => {
  const [head, ...rest] = entryLines(DETAIL);
  assert.match(
    head ?? "",
    /^q1 {2}2026-01-0[12] \d\d:04:05 {2}2\.0 KB {2}from <alice@example\.net> by alice@example\.net$/,
  );
  assert.match(
    rest[0] ?? "",
    /^ {2}bob@example\.org {2}queued via smtp:\/\/mx:25, 2 tries, next 2026-01-0[12] \d\d:\d\d:00$/,
  );
  assert.equal(rest[2], "  carol@example.org  delivered via maildir:/out, 1 try");
});

Deno.test("entryLines() lets no foreign text steer the terminal", () => {
  assert.equal(entryLines(DETAIL)[2], "    192.0.2.1: 450 4.2.0 ?[31mbusy?");
  for (const line of detailLines(DETAIL, [])) assert.match(line, /^[\x20-\x7e]*$/);
});

Deno.test("entryLines() names a null return path and leaves out an account that there is not", () => {
  const [head] = entryLines({ ...DETAIL, returnPath: null, account: null });
  assert.match(head ?? "", /from <>$/);
});

Deno.test("entryJson() gives times in ISO 8601, and null where there is none", () => {
  const json = entryJson(DETAIL);
  assert.equal(json.acceptedAt, "2026-01-02T03:04:05.000Z");
  assert.equal(json.recipients[0]?.due, "2026-01-02T04:00:00.000Z");
  assert.equal(json.recipients[1]?.due, null);
});

Deno.test("detailJson() holds the trail as JSON, and as text where it is none", () => {
  assert.deepEqual(detailJson(DETAIL, []).trail, { version: 1, trail: [] });
  assert.equal(detailJson({ ...DETAIL, trail: "{" }, []).trail, "{");
  assert.deepEqual(detailJson(DETAIL, []).envelope.recipients, ["bob@example.org"]);
});
