/** BURL on a whole server: what an IMAP server holds is accepted, judged and delivered like anything else. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Effect, Redacted } from "effect";
import { imapFetcher } from "../../lib/net/imap_fetch.ts";
import { UrlFetcher } from "../../lib/ports/url_fetcher.ts";
import { parseImapUrl } from "../../lib/smtp/syntax/imap_url.ts";
import { startDovecot } from "../support/dovecot.ts";
import { type InProcess, withServer } from "../support/in_process.ts";
import { eventually, installed } from "../support/postern.ts";
import { text } from "../support/octets.ts";
import { literal, ScriptedImap } from "../support/scripted_imap.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";

const url = (uid: number) =>
  `imap://alice@imap.test/Drafts/;UID=${uid};URLAUTH=submit+alice%40example.com:INTERNAL:${
    "0".repeat(32)
  }`;
const HEAD = "From: alice@example.com\r\nTo: bob@example.org\r\nSubject: parts\r\n\r\n";

const serving = (
  host: string,
  port: number,
  body: (s: InProcess, say: (line: string) => Promise<string>) => Promise<void>,
  username = "submit",
): Promise<void> =>
  withServer({
    more: `[[extensions.burl]]
url = "imap://${host}"
via = "imap://127.0.0.1:${port}"
tls = "none"
username = "${username}"
password_file = "imap_password"
`,
    prepare: (dir) => Deno.writeTextFile(join(dir, "imap_password"), "s3cret\n"),
  }, async (s) => {
    const d = await SmtpDialog.open({ port: s.submissions, implicitTls: true });
    try {
      assert.equal(d.keywords.at(-1), "BURL");
      const say = async (line: string) => (await d.say(line)).at(-1) ?? "";
      assert.match(await say(`AUTH PLAIN ${btoa(`\0${s.user}\0${s.password}`)}`), /^235/);
      assert.equal(await say("EHLO c.example"), `250 BURL imap imap://${host}`);
      await body(s, say);
    } finally {
      d.close();
    }
  });

const begin = async (say: (line: string) => Promise<string>): Promise<void> => {
  assert.match(await say("MAIL FROM:<alice@example.com>"), /^250/);
  assert.match(await say("RCPT TO:<bob@example.org>"), /^250/);
};

/** The one message that was delivered. */
const delivered = (dir: string): Promise<string> =>
  eventually(() => {
    const inbox = join(dir, "outbox", "new");
    try {
      const [file] = [...Deno.readDirSync(inbox)];
      return file === undefined ? null : Deno.readTextFileSync(join(inbox, file.name));
    } catch {
      return null;
    }
  });

Deno.test("EXT-BURL-1, EXT-BURL-2: parts of 3 MB from an IMAP server, and what does not come", async () => {
  const big = `${"0123456789abcdef".repeat(4)}\r\n`.repeat(48_000);
  const imap = await ScriptedImap.start({
    cutAfter: url(3),
    urlfetch: (u, tag) => {
      if (u === url(1)) return literal(u, tag, HEAD);
      if (u === url(2)) return literal(u, tag, big);
      if (u === url(3)) return `* URLFETCH "${u}" {100}\r\nab`;
      if (u === url(4)) return `* URLFETCH "${u}" {999999999999}\r\nab`;
      return `* URLFETCH "${u}" NIL\r\n${tag} OK\r\n`;
    },
  });
  try {
    await serving("imap.test", imap.port, async (s, say) => {
      const refusals = [[9, "554 5.6.6 "], [3, "451 4.4.1 "], [4, "554 5.3.4 "]] as const;
      for (const [uid, want] of refusals) {
        await begin(say);
        assert.match(await say(`BURL ${url(1)}`), /^250 2\.5\.0 /);
        const got = await say(`BURL ${url(uid)} LAST`);
        assert.ok(got.startsWith(want), got);
        assert.match(await say("BDAT 0 LAST"), /^503 /);
      }
      await begin(say);
      assert.match(await say(`BURL ${url(1)}`), /^250 2\.5\.0 /);
      assert.match(await say("BDAT 6\r\nours"), /^250 2\.0\.0 /);
      assert.match(await say(`BURL ${url(2)} LAST`), /^250 2\.5\.0 OK queued as /);
      const message = await delivered(s.dir);
      assert.equal(
        message.replaceAll("\r\n", "\n").split("\n\n").slice(1).join("\n\n"),
        `ours\n${big.replaceAll("\r\n", "\n")}`,
      );
      await imap.stop();
      await begin(say);
      assert.match(await say(`BURL ${url(1)} LAST`), /^451 4\.4\.1 /);
    });
  } finally {
    await imap.stop();
  }
});

/** Puts a message into the inbox of Dovecot's user; the URL of it for `access`. */
const urlFromDovecot = async (
  port: number,
  access: string,
  message: string,
): Promise<string> => {
  const connection = await Deno.connect({ port, hostname: "127.0.0.1" });
  let heard = "";
  const until = async (wanted: RegExp): Promise<string> => {
    for (const buffer = new Uint8Array(4096);;) {
      const found = wanted.exec(heard);
      if (found !== null) return found[1] ?? "";
      const n = await connection.read(buffer);
      assert.ok(n !== null, heard);
      heard += new TextDecoder().decode(buffer.subarray(0, n));
    }
  };
  const send = (line: string) => connection.write(new TextEncoder().encode(`${line}\r\n`));
  try {
    await send("a LOGIN alice@example.com s3cret");
    await until(/^a OK/m);
    await send(`b APPEND INBOX {${message.length}+}\r\n${message}`);
    await until(/^b OK/m);
    const rump = `imap://alice%40example.com@localhost/INBOX/;uid=1;urlauth=${access}`;
    await send(`c GENURLAUTH "${rump}" INTERNAL`);
    return await until(/^\* GENURLAUTH "?([^\s"]+)/m);
  } finally {
    connection.close();
  }
};

/**
 * Dovecot gives what is meant for `submit+` through its imap-urlauth-login alone, which Debian's 2.3.19 ends with an
 * assertion of its own: so the octets come by a URL for `user+`, and `submit+` shows how a refusal is taken.
 */
Deno.test({
  name: "EXT-BURL-1, EXT-BURL-2: a message from Dovecot by the URL that it made, and its refusals",
  // its processes run as users of their own
  ignore: !installed("dovecot") || !installed("/usr/lib/dovecot/imap") || Deno.uid() !== 0,
  fn: async () => {
    const dovecot = await startDovecot("alice@example.com", "s3cret");
    try {
      const message = `${HEAD}${"from Dovecot\r\n".repeat(20_000)}`;
      const made = await urlFromDovecot(dovecot.port, "user+alice%40example.com", message);
      const parsed = parseImapUrl(made);
      assert.deepEqual(
        [parsed?.origin, parsed?.access],
        ["localhost:143", "user+alice@example.com"],
      );
      let received = "";
      const fetching = (mailUrl: string, password: string) =>
        Effect.runPromise(
          UrlFetcher.use((f) =>
            f.fetch({ origin: "localhost:143", url: mailUrl, mostOctets: 1_000_000 }, {
              begin: (octets) => assert.equal(octets, message.length),
              take: (octets, done) => {
                received += text(octets);
                done();
              },
            })
          ).pipe(
            Effect.as("came"),
            Effect.catch((e) => Effect.succeed(e.fault)),
            Effect.provide(imapFetcher({
              servers: [{
                origin: "localhost:143",
                host: "127.0.0.1",
                port: dovecot.port,
                tls: "none",
                username: "alice@example.com",
                password: Redacted.make(password),
                ca: null,
              }],
              connectMs: 5_000,
              silenceMs: 20_000,
              wholeMs: 30_000,
            })),
          ),
        );
      assert.equal(await fetching(made, "s3cret"), "came");
      assert.equal(received, message);
      const forged = made.replace(/.$/, (c) => c === "0" ? "1" : "0");
      assert.equal(await fetching(forged, "s3cret"), "refused");
      assert.equal(await fetching(made, "wrong"), "no trust");
      const submits = await urlFromDovecot(dovecot.port, "submit+alice%40example.com", message);
      await serving("localhost", dovecot.port, async (_, say) => {
        await begin(say);
        assert.match(await say(`BURL ${submits} LAST`), /^554 5\.6\.6 /);
        await begin(say);
        assert.match(await say(`BURL ${made} LAST`), /^554 5\.7\.0 /);
      }, "alice@example.com");
    } finally {
      await dovecot.stop();
    }
  },
});
