import assert from "node:assert/strict";
import type { Delivery } from "../../../../lib/ports/spool.ts";
import { outcomeOf } from "../../../../lib/relay/job/outcome.ts";
import { STANDARD_CURVE } from "../../../../lib/relay/retry.ts";
import { ours } from "../../../../lib/smtp/client/verdict.ts";
import { mailbox } from "../../../support/submissions.ts";

const DAY = 86_400_000;
const recipient = { key: 1, address: "x@example.org", attempts: 3, due: 0 };
const delivery: Delivery = {
  message: "M1",
  acceptedAt: 0,
  envelope: {
    returnPath: mailbox("alice@example.net"),
    recipients: [{ mailbox: mailbox("x@example.org") }],
    body: "7BIT",
    smtpUtf8: false,
    declaredSize: null,
  },
  size: 1,
  eightBit: false,
  sender: "alice",
  account: "alice@example.net",
  hop: "smtp://a",
  recipients: [recipient],
  content: null,
};

for (
  const [status, at, want] of [
    ["4.7.8", DAY - 1, "Deferred"],
    ["4.7.8", DAY, "Expired"],
    ["4.7.5", DAY, "Deferred"],
    ["4.7.5", 5 * DAY, "Expired"],
  ] as const
) {
  Deno.test(`outcomeOf() gives ${status} after ${at} ms as ${want}. HOP-17`, () => {
    const verdict = ours("temporary", status, "no");
    const o = outcomeOf(delivery, { recipient, verdict, contact: null }, at, 0.5, STANDARD_CURVE);
    assert.equal(o._tag, want);
  });
}
