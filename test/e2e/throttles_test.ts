/** Every throttle: its reply, and that it was counted. SMTP-18, SMTP-19, AUTH-13, threats.md rows 12 and 27 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { type Throttle, throttledCount } from "../../lib/server/limits/throttled.ts";
import { type InProcess, withServer } from "../support/in_process.ts";
import { OauthIssuer } from "../support/oauth_issuer.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";

const open = (s: InProcess): Promise<SmtpDialog> =>
  SmtpDialog.open({ port: s.submissions, implicitTls: true });

const plain = (name: string, password: string): string =>
  `AUTH PLAIN ${btoa(`\0${name}\0${password}`)}`;

const signIn = async (s: InProcess): Promise<SmtpDialog> => {
  const d = await open(s);
  assert.match(await d.one(plain(s.user, s.password)), /^235 /);
  return d;
};

/** The reply to the end of a message to these recipients, or the first refusal before. */
const send = async (d: SmtpDialog, from: string, ...to: ReadonlyArray<string>): Promise<string> => {
  const mail = await d.one(`MAIL FROM:<${from}>`);
  if (!mail.startsWith("250 ")) return mail;
  for (const who of to) assert.match(await d.one(`RCPT TO:<${who}>`), /^250 /);
  assert.match(await d.one("DATA"), /^354 /);
  return await d.one("From: alice@example.com\r\n\r\nHello.\r\n.");
};

/** Everything that a plain connection says at once. */
const greeting = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = "";
    connect({ host: "127.0.0.1", port }).on("data", (chunk) => {
      text += String(chunk);
    }).once("close", () => resolve(text)).once("error", reject);
  });

const it = (
  name: string,
  throttle: Throttle,
  limits: string,
  body: (s: InProcess) => Promise<void>,
  listen = "",
) =>
  Deno.test(`throttle ${throttle}: ${name}`, async () => {
    const before = throttledCount(throttle);
    await withServer({ more: `[limits]\n${limits}`, listen }, body);
    assert.ok(throttledCount(throttle) > before, "it was counted");
  });

it("421 behind the last error, SMTP-18", "errors", "errors = 3", async (s) => {
  const d = await open(s);
  for (let n = 0; n < 3; n++) assert.match(await d.one("FOO"), /^500 5\.5\.1 /);
  assert.match(await d.one("FOO"), /^500 5\.5\.1 /);
  assert.match(await d.one(""), /^421 4\.7\.0 Too many errors/);
});

it(
  "421 to commands without a message, SMTP-18",
  "idle_commands",
  "idle_commands = 5",
  async (s) => {
    const d = await open(s);
    for (let n = 0; n < 4; n++) assert.match(await d.one("NOOP"), /^250 /);
    assert.match(await d.one("NOOP"), /^421 4\.7\.0 /);
  },
);

it(
  "535 three times, then 421, AUTH-13",
  "auth_failures",
  "auth_failures = 3\nauth_delay_seconds = 0\nauth_lock_failures = 10",
  async (s) => {
    const d = await open(s);
    for (let n = 0; n < 3; n++) assert.match(await d.one(plain(s.user, "wrong")), /^535 5\.7\.8 /);
    assert.match(await d.one("NOOP"), /^421 4\.7\.0 /);
  },
);

it("the next try waits, AUTH-13", "auth_delayed", "auth_delay_seconds = 1", async (s) => {
  const d = await open(s);
  assert.match(await d.one(plain(s.user, "wrong")), /^535 5\.7\.8 /);
  const at = performance.now();
  assert.match(await d.one(plain(s.user, s.password)), /^235 /);
  assert.ok(performance.now() - at >= 900);
});

it(
  "454 for the account from there, even with the right password, by every mechanism",
  "auth_locked",
  "auth_delay_seconds = 0\nauth_lock_failures = 3",
  async (s) => {
    const d = await open(s);
    for (let n = 0; n < 3; n++) assert.match(await d.one(plain(s.user, "wrong")), /^535 5\.7\.8 /);
    const e = await open(s);
    assert.match(await e.one(plain(s.user, s.password)), /^454 4\.7\.0 /);
    const first = btoa(`n,,n=${s.user},r=abcdefghijkl`);
    assert.match(await e.one(`AUTH SCRAM-SHA-256 ${first}`), /^454 4\.7\.0 /);
    // names that nobody has are locked alike: a lock does not tell who exists
    for (let n = 0; n < 3; n++) {
      const f = await open(s);
      assert.match(await f.one(plain("nobody@example.com", "wrong")), /^535 5\.7\.8 /);
      f.close();
    }
    const g = await open(s);
    assert.match(await g.one(plain("nobody@example.com", "wrong")), /^454 4\.7\.0 /);
    for (const open of [d, e, g]) open.close();
  },
);

it(
  "a password that is not UTF-8 counts like any that is wrong",
  "auth_locked",
  "auth_delay_seconds = 0\nauth_lock_failures = 3",
  async (s) => {
    const d = await open(s);
    const latin1 = `AUTH PLAIN ${btoa(`\0${s.user}\0gr\xfcn`)}`;
    for (let n = 0; n < 3; n++) assert.match(await d.one(latin1), /^535 5\.7\.8 /);
    d.close();
    const e = await open(s);
    assert.match(await e.one(plain(s.user, s.password)), /^454 4\.7\.0 /);
    e.close();
  },
);

it(
  "a 454 is no faster than a try",
  "auth_locked",
  "auth_delay_seconds = 1\nauth_lock_failures = 3",
  async (s) => {
    const d = await open(s);
    for (let n = 0; n < 3; n++) assert.match(await d.one(plain("x@example.com", "y")), /^535 /);
    d.close();
    const e = await open(s);
    const at = performance.now();
    assert.match(await e.one(plain("x@example.com", "y")), /^454 4\.7\.0 /);
    assert.ok(performance.now() - at >= 900);
    e.close();
  },
);

Deno.test("throttle: a bad token without a name locks out itself, and no other of the neighbourhood", async () => {
  const op = await OauthIssuer.start({ audience: "postern" });
  const more = `[[auth.oauth]]
issuer = "${op.url}"
audience = ["postern"]
jwks = "${op.url}/jwks"
[limits]
auth_delay_seconds = 0
auth_lock_failures = 3`;
  try {
    await withServer({ more }, async (s) => {
      const say = async (token: string): Promise<string> => {
        const d = await open(s);
        const told = await d.one(`AUTH OAUTHBEARER ${btoa(`n,,\x01auth=Bearer ${token}\x01\x01`)}`);
        const reply = told.startsWith("334 ") ? await d.one("AQ==") : told;
        d.close();
        return reply.slice(0, 3);
      };
      const [good, bad] = [
        await op.jwt({ email: s.user }),
        await op.jwt({ email: s.user, exp: 1 }),
      ];
      const replies = [];
      for (let n = 0; n < 4; n++) replies.push(await say(bad));
      assert.deepEqual(replies, ["535", "535", "535", "454"]);
      assert.equal(await say(good), "235");
    });
  } finally {
    await op.stop();
  }
});

it("421 to one connection too many", "connections", "connections = 2", async (s) => {
  const open2 = [await open(s), await open(s)];
  assert.match(await greeting(s.submission), /^421 4\.3\.2 /);
  for (const d of open2) d.close();
});

it(
  "421 to one too many from an address, SMTP-02, SMTP-19",
  "connections_per_address",
  "connections_per_address = 1",
  async (s) => {
    const d = await open(s);
    assert.match(await greeting(s.submission), /^421 4\.7\.0 Too many connections/);
    d.close();
  },
);

it(
  "421 to one too many from an address that a proxy names",
  "connections_per_address",
  "connections_per_address = 2",
  async (s) => {
    const named = async () => {
      const d = await open(s);
      return [d, await d.one("XCLIENT ADDR=192.0.2.7")] as const;
    };
    const all = [await named(), await named(), await named()];
    assert.deepEqual(all.map(([, reply]) => reply.slice(0, 9)), [
      "220 msa.e",
      "220 msa.e",
      "421 4.7.0",
    ]);
    for (const [d] of all) d.close();
  },
  'xclient_from = ["127.0.0.1"]',
);

it(
  "454 to one session too many of an account, SMTP-19",
  "connections_per_account",
  "connections_per_account = 1",
  async (s) => {
    const d = await signIn(s);
    const e = await open(s);
    assert.match(await e.one(plain(s.user, s.password)), /^454 4\.7\.0 /);
    d.close();
    e.close();
  },
);

it(
  "451 to one message too many, SMTP-19",
  "messages_per_hour",
  "messages_per_hour = 1",
  async (s) => {
    const d = await signIn(s);
    assert.match(await send(d, s.user, "bob@example.net"), /^250 /);
    assert.match(await send(d, s.user, "bob@example.net"), /^451 4\.7\.1 /);
    d.close();
  },
);

it(
  "451 to one recipient too many, SMTP-19",
  "recipients_per_hour",
  "recipients_per_hour = 2",
  async (s) => {
    const d = await signIn(s);
    assert.match(
      await send(d, s.user, "a@example.net", "b@example.net", "c@example.net"),
      /^451 4\.7\.1 /,
    );
    assert.match(await send(d, s.user, "a@example.net", "b@example.net"), /^250 /);
    d.close();
  },
);

it(
  "451 to one null return path too many",
  "null_senders_per_hour",
  "null_senders_per_hour = 1",
  async (s) => {
    const d = await signIn(s);
    assert.match(await send(d, "", "a@example.net"), /^250 /);
    assert.match(await send(d, "", "a@example.net"), /^451 4\.7\.1 /);
    assert.match(await send(d, s.user, "a@example.net"), /^250 /);
    d.close();
  },
);

it(
  "451 to one new recipient too many, known ones are none, SMTP-19",
  "new_recipients_per_day",
  "new_recipients_per_day = 2",
  async (s) => {
    const d = await signIn(s);
    assert.match(await send(d, s.user, "a@example.net", "b@example.net"), /^250 /);
    assert.match(
      await send(d, s.user, "c@example.net"),
      /^451 4\.7\.1 Too many recipients that you never wrote to/,
    );
    assert.match(await send(d, s.user, "B@EXAMPLE.net", "a@example.net"), /^250 /);
    d.close();
  },
);
