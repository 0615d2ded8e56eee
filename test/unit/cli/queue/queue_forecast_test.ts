import assert from "node:assert/strict";
import { Duration } from "effect";
import { forecastOf } from "../../../../lib/cli/queue/forecast.ts";
import { detailLines } from "../../../../lib/cli/queue/view.ts";
import { parseMailbox } from "../../../../lib/address/path.ts";
import type { QueueSettings } from "../../../../lib/config/config.ts";
import type { DeliveryState, QueueDetail } from "../../../../lib/ports/spool.ts";
import { loadConfigText } from "../../../support/config_text.ts";

const QUEUE: QueueSettings = loadConfigText("").queue;
const NOW = Date.UTC(2026, 5, 1, 12);
const HOUR = 3_600_000;

const detail = (state: DeliveryState, o: {
  readonly due?: number;
  readonly attempts?: number;
  readonly notify?: "NEVER";
  readonly nullPath?: boolean;
  readonly history?: QueueDetail["history"];
  readonly hold?: QueueDetail["hold"];
}): QueueDetail => ({
  id: "q1",
  acceptedAt: NOW - HOUR,
  account: "alice",
  returnPath: o.nullPath === true ? null : "alice@example.net",
  size: 10,
  recipients: [{
    address: "bob@example.org",
    hop: "smtp://mx:25",
    state,
    attempts: o.attempts ?? 1,
    due: o.due ?? null,
    lastReply: "450 4.2.0 busy",
    lastRemote: "mx",
    lastAt: NOW - HOUR / 2,
  }],
  history: o.history ?? [],
  hold: o.hold ?? null,
  envelope: {
    returnPath: o.nullPath === true ? null : parseMailbox("alice@example.net"),
    recipients: [{
      mailbox: parseMailbox("bob@example.org")!,
      ...o.notify && { notify: o.notify },
    }],
    body: "7BIT",
    smtpUtf8: false,
    declaredSize: null,
  },
  session: null,
  trail: "[]",
  head: "",
});

const expires = NOW - HOUR + Duration.toMillis(QUEUE.expire);

for (
  const [title, d, words, at, end] of [
    [
      "waits for its next attempt",
      detail("queued", { due: NOW + HOUR }),
      /^next attempt \{at\}; .*gets a bounce$/,
      NOW + HOUR,
      expires,
    ],
    [
      "is due",
      detail("queued", { due: NOW - HOUR }),
      /^due since \{at\}: tried as soon as/,
      NOW - HOUR,
      expires,
    ],
    [
      "is kept back by its sender",
      detail("queued", { due: NOW + HOUR, attempts: 0 }),
      /^kept back until \{at\}/,
      NOW + HOUR,
      expires,
    ],
    ["is with the server", detail("leased", {}), /^with the server/, null, expires],
    ["is held", detail("held", {}), /^held: `postern queue release q1`/, null, expires],
    [
      "is held for a reason",
      detail("held", { hold: { reason: "odd", until: NOW + HOUR, then: "expire" } }),
      /^held until \{at\}, and then it returns to its sender, unless `postern queue release q1`/,
      NOW + HOUR,
      expires,
    ],
    ["was taken", detail("delivered", {}), /^done: the next hop took it/, NOW - HOUR / 2, null],
    [
      "was refused",
      detail("failed", {}),
      /^refused for good \{at\}: the sender was sent a bounce$/,
      NOW - HOUR / 2,
      null,
    ],
    [
      "was refused, NOTIFY=NEVER",
      detail("failed", { notify: "NEVER" }),
      /no report is sent, as the sender asked$/,
      NOW - HOUR / 2,
      null,
    ],
    [
      "expired with a null return path",
      detail("expired", { nullPath: true }),
      /no report is sent, since it has no return path$/,
      NOW - HOUR / 2,
      null,
    ],
    ["was removed", detail("removed", {}), /by an operator, without a report$/, null, null],
  ] as const
) {
  Deno.test(`QUE-4: forecastOf() says what happens next to a recipient that ${title}`, () => {
    const [f] = forecastOf(d, QUEUE, NOW);
    assert.match(f?.words ?? "", words);
    assert.deepEqual([f?.at, f?.expires], [at, end]);
  });
}

Deno.test("QUE-4: detailLines() tells attempts with times and the hop's words, and what comes next", () => {
  const d = detail("queued", {
    due: NOW + HOUR,
    history: [{
      address: "bob@example.org",
      at: NOW - HOUR / 2,
      what: "deferred",
      status: "4.2.0",
      reply: "450 4.2.0 busy",
      remote: "mx",
    }],
  });
  const text = detailLines(d, forecastOf(d, QUEUE, NOW)).join("\n");
  assert.match(
    text,
    /next attempt 2026-06-0\d \d\d:\d\d:00; it is given up 2026-06-0\d .*gets a bounce/,
  );
  assert.match(text, /2026-06-01 \d\d:30:00 {2}deferred: mx: 450 4\.2\.0 busy/);
});
