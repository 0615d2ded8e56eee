import assert from "node:assert/strict";
import fc from "fast-check";
import type { HandedOver, HopReply } from "../../../../lib/ports/hand_over.ts";
import { render } from "../../../../lib/reply/reply.ts";
import { replyTo } from "../../../../lib/server/answer/pass_through_reply.ts";

const said = (text: string, more: Partial<HopReply> = {}): HopReply => ({
  kind: text.startsWith("5") ? "permanent" : text.startsWith("2") ? "accepted" : "temporary",
  status: /\d\.\d\.\d/.exec(text)?.[0] ?? "4.0.0",
  text,
  remote: true,
  ...more,
});
const ours = (kind: "temporary" | "permanent", status: string, text: string): HopReply => ({
  kind,
  status,
  text,
  remote: false,
});

const remote = "mx [192.0.2.1]";
for (
  const [name, h, want] of [
    [
      "the hop's own 250",
      { _tag: "Taken", reply: said("250 2.6.0 Ok: queued as 4711"), remote },
      "250-2.6.0 Ok: queued as 4711|250 2.6.0 Trace id ID|",
    ],
    [
      "a 250 without words",
      { _tag: "Taken", reply: said("250", { status: "2.0.0" }), remote },
      "250-2.0.0 The next mail server gave no reason|250 2.0.0 Trace id ID|",
    ],
    ["a refusal for good", {
      _tag: "Refused",
      reply: said("550 5.7.1 no spam"),
      remote,
      recipient: null,
    }, "550 5.7.1 no spam|"],
    ["a refusal for now", {
      _tag: "Refused",
      reply: said("452 4.3.1 full"),
      remote,
      recipient: null,
    }, "452 4.3.1 full|"],
    ["a refusal without an enhanced code", {
      _tag: "Refused",
      reply: said("550 who", { status: "5.1.1" }),
      remote,
      recipient: null,
    }, "550 5.1.1 who|"],
    ["who was refused", {
      _tag: "Refused",
      reply: said("550 5.1.1 who"),
      remote,
      recipient: "b@x.example",
    }, "550-5.1.1 <b@x.example>: who|550 5.1.1 Nobody got the message|"],
    ["421, which would end our own session", {
      _tag: "Refused",
      reply: said("421 4.3.2 stopping"),
      remote,
      recipient: null,
    }, "451 4.3.2 stopping|"],
    ["530, which speaks of our login", {
      _tag: "Refused",
      reply: said("530 5.7.0 Authentication required"),
      remote,
      recipient: null,
    }, "554 5.7.0 Authentication required|"],
    ["what cannot be sent at all", {
      _tag: "Refused",
      reply: ours("permanent", "5.3.4", "Message is larger than the next hop takes"),
      remote,
      recipient: null,
    }, "552 5.3.4 Message is larger than the next hop takes|"],
    ["a hop that is away", {
      _tag: "Unreachable",
      reply: ours("temporary", "4.4.1", "refused"),
      remote: null,
    }, "451 4.4.1 The next mail server cannot be used now, nothing was accepted; try again later|"],
    ["a hop that does not take our login", {
      _tag: "Unreachable",
      reply: said("535 5.7.8 no", { kind: "temporary", status: "4.7.8" }),
      remote,
    }, "451 4.4.1 The next mail server cannot be used now, nothing was accepted; try again later|"],
    [
      "a hop that broke off",
      { _tag: "Unreachable", reply: ours("temporary", "4.4.2", "lost"), remote },
      "451 4.4.2 The next mail server broke off before it had the message, nothing was accepted; try again later|",
    ],
    ["a fault of ours", {
      _tag: "Unreachable",
      reply: ours("temporary", "4.3.0", "unreadable"),
      remote,
    }, "451 4.3.0 Local error, nothing was accepted; try again later|"],
    [
      "doubt",
      { _tag: "Doubtful", reply: ours("temporary", "4.4.2", "lost"), remote },
      "451 4.4.2 The next mail server got the message and did not answer; it may have been taken, try again later|",
    ],
    ["a login that the hop refuses", {
      _tag: "LoginRefused",
      reply: said("535 5.7.8 bad password", { kind: "temporary", status: "4.7.8" }),
      remote,
    }, "550-5.7.8 The next mail server does not take your login|550 5.7.8 bad password|"],
    ["a login that the hop cannot check now", {
      _tag: "LoginRefused",
      reply: said("454 4.7.0 later", { status: "4.7.8" }),
      remote,
    }, "451-4.7.8 The next mail server does not take your login|451 4.7.8 later|"],
    [
      "reports that nobody makes",
      { _tag: "Unsuited", why: "reports", remote },
      "554 5.3.3 The next mail server reports no success; send without NOTIFY=SUCCESS|",
    ],
  ] as ReadonlyArray<readonly [string, HandedOver, string]>
) {
  Deno.test(`replyTo() tells of ${name}`, () => {
    assert.equal(render(replyTo(h, "ID")).replaceAll("\r\n", "|"), want);
  });
}

const anyReply: fc.Arbitrary<HopReply> = fc.record({
  kind: fc.constantFrom("accepted", "temporary", "permanent"),
  status: fc.constantFrom("2.0.0", "4.4.2", "5.1.1", "4.7.8"),
  text: fc.string({ unit: "binary", maxLength: 600 }),
  remote: fc.boolean(),
});

Deno.test("replyTo() never lets a hop speak past its line, whatever it says. threats.md rows 23, 31", () => {
  const tags = fc.constantFrom(
    "Taken",
    "Refused",
    "Divided",
    "LoginRefused",
    "Doubtful",
    "Unreachable",
  );
  fc.assert(fc.property(tags, anyReply, fc.string({ unit: "binary" }), (_tag, reply, recipient) => {
    const text = render(replyTo({ _tag, reply, remote, recipient } as HandedOver, "ID"));
    const lines = text.split("\r\n");
    assert.equal(lines.pop(), "");
    assert.ok(lines.length < 6);
    const code = lines[0]?.slice(0, 3);
    lines.forEach((l, i) => {
      assert.match(l, /^[245]\d\d[ -][245]\.\d{1,3}\.\d{1,3} [\x20-\x7e]*$/);
      assert.equal(l[0], l[4], "one class");
      assert.ok(l.startsWith(`${code}${i === lines.length - 1 ? " " : "-"}`) && l.length <= 510);
    });
    assert.equal(code === "250", _tag === "Taken");
    assert.notEqual(code, "421");
  }));
});
