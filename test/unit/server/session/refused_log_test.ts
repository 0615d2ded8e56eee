import assert from "node:assert/strict";
import { Effect, Logger } from "effect";
import { parseMailbox } from "../../../../lib/address/path.ts";
import { ClientLog } from "../../../../lib/server/limits/client_log.ts";
import { refusedLine } from "../../../../lib/server/session/refused_log.ts";
import { SignedIn } from "../../../../lib/server/session/signed_in.ts";
import * as say from "../../../../lib/reply/catalog.ts";
import { type Reply, summary } from "../../../../lib/reply/reply.ts";
import { fresh, type Input } from "../../../../lib/smtp/server/state.ts";

const session = { id: "s", address: "192.0.2.1" };

/** The facts of the lines that `replies` make. */
const told = (replies: ReadonlyArray<Reply>, input: Input | null, most = 1000, login = true) => {
  const lines: Array<Record<string, string>> = [];
  const logger = Logger.make(({ message }) => {
    if (Array.isArray(message)) lines.push(message[1]);
  });
  const signedIn = new SignedIn(10);
  if (login) signedIn.enter(session.id, "alice@example.com");
  const settings = { signedIn, refusedLog: new ClientLog(most) };
  for (const reply of replies) {
    const line = refusedLine(settings, session, reply, input, fresh(true));
    if (line !== null) Effect.runSync(Effect.provide(line, Logger.layer([logger])));
  }
  return lines;
};

const isReply = (v: unknown): v is Reply =>
  typeof v === "object" && v !== null && "code" in v && "text" in v;
const refusals = Object.values(say).filter(isReply).filter((r) => r.code >= 500);

Deno.test("refusedLine() tells every 5yz of the catalogue with account and session, and none of a stranger", () => {
  assert.ok(refusals.length > 50);
  const lines = told(refusals, null);
  assert.deepEqual(lines.map((l) => l["reply"]), refusals.map(summary));
  for (const l of lines) {
    assert.deepEqual([l["client"], l["session"], l["login"]], [
      session.address,
      session.id,
      "alice@example.com",
    ]);
  }
  assert.deepEqual(told(refusals, null, 1000, false), []);
});

Deno.test("refusedLine() says so many of an account in an hour", () => {
  const lines = told(refusals, null, 3);
  assert.equal(lines.length, 3);
  assert.equal(lines[2]?.["more"], "left out for the rest of the hour");
});

const line = (text: string): Input => ({
  _tag: "Line",
  line: { _tag: "Line", text, ascii: true },
  more: false,
});

for (
  const [text, command] of [
    ["RCPT TO:<a@[192.0.2.1]>", "RCPT TO:<a@[192.0.2.1]>"],
    ["mail FROM:<a@localhost> SIZE=99999999999", "mail FROM:<a@localhost> SIZE=99999999999"],
    ["AUTH PLAIN AGFsaWNlAHNlY3JldA==", "AUTH"],
    ["BURL imap://x/;urlauth=user+a:internal:secret LAST", "BURL"],
    ["RCPT TO:<a\u202eb>", "RCPT TO:<a?b>"],
  ] as const
) {
  Deno.test(`refusedLine() tells of ${text.slice(0, 4)} ${command === text ? "the whole" : "no more than is right"}: ${command}`, () => {
    assert.equal(told([say.BAD_ARGUMENT], line(text))[0]?.["command"], command);
  });
}

Deno.test("refusedLine() names sender and recipient of what was asked about", () => {
  const mailbox = parseMailbox("bob@example.net");
  assert.ok(mailbox !== null);
  const lines: Array<Record<string, string>> = [];
  const logger = Logger.make(({ message }) => {
    if (Array.isArray(message)) lines.push(message[1]);
  });
  const signedIn = new SignedIn(10);
  signedIn.enter(session.id, "alice@example.com");
  const peer = fresh(true);
  assert.ok("peer" in peer);
  const mail = { returnPath: null } as never;
  const about = {
    _tag: "Recipient",
    mail,
    recipients: [],
    attempts: 1,
    recipient: { mailbox },
  } as const;
  const effect = refusedLine(
    { signedIn, refusedLog: new ClientLog(5) },
    session,
    say.SUPPRESSED,
    { _tag: "Answer", reply: say.SUPPRESSED, account: null },
    { _tag: "Asking", peer: peer.peer, about },
  );
  assert.ok(effect !== null);
  Effect.runSync(Effect.provide(effect, Logger.layer([logger])));
  assert.deepEqual([lines[0]?.["command"], lines[0]?.["from"], lines[0]?.["to"]], [
    "RCPT",
    "<>",
    "bob@example.net",
  ]);
});
