/** Extensions from a client that knows them, through the whole server, to a real Postfix and to plain hops. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { octets } from "../support/octets.ts";
import { postfixAvailable, startPostfix } from "../support/postfix.ts";
import {
  eventually,
  freePort,
  installed,
  makeSite,
  type Site,
  startPostern,
} from "../support/postern.ts";
import { readWithPython } from "../support/python_mail.ts";
import { ScriptedHop } from "../support/scripted_hop.ts";

type Step =
  | { readonly command: string }
  | { readonly data: string }
  | { readonly chunk: string; readonly last?: boolean };

const hex = (latin1: string): string =>
  Array.from(latin1, (c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join("");
const say = (command: string): Step => ({ command });
const chunk = (latin1: string, last = false): Step => ({ chunk: hex(latin1), last });
const data = (latin1: string): Step => ({ data: hex(latin1) });

const speak = async (
  site: Site,
  steps: ReadonlyArray<Step>,
): Promise<
  { readonly offered: ReadonlyArray<string>; readonly replies: ReadonlyArray<string> }
> => {
  const child = new Deno.Command("python3", {
    args: [new URL("./clients/steps_client.py", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const job = { port: site.submissions, user: site.user, password: site.password, steps };
  await writer.write(new TextEncoder().encode(JSON.stringify(job)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
};

const MAIL = "MAIL FROM:<alice@example.com>";
const RCPT = "RCPT TO:<bob@example.net>";
const headOf = (subject: string, more = ""): string =>
  `From: alice@example.com\r\nTo: bob@example.net\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\n${more}\r\n`;

Deno.test({
  name:
    "EOL-5, EXT-CHK-1, EXT-BIN-1, EXT-DSN-3, EXT-UTF-1: BDAT, BINARYMIME, SMTPUTF8 and DSN from smtplib to Postfix",
  ignore: !postfixAvailable() || !installed("python3") || !installed("openssl"),
  fn: async (t) => {
    const mxPort = await freePort();
    const dir = await Deno.makeTempDir({ prefix: "postern-mx-" });
    const postfix = await startPostfix({ dir, mx: { port: mxPort, domain: "example.net" } });
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${mxPort}"\ntls = "none"`,
    });
    const server = await startPostern(site);
    const inbox = join(postfix.mailDir, "inbox", "new");
    /** As delivered, with CRLF, without what Postfix puts on top. */
    const arrived = (subject: string): Promise<string> =>
      eventually(() => {
        try {
          for (const e of Deno.readDirSync(inbox)) {
            const file = Deno.readFileSync(join(inbox, e.name));
            const text = Array.from(file, (c) => String.fromCharCode(c)).join("");
            if (text.includes(`\nSubject: ${subject}\n`)) return text.replaceAll("\n", "\r\n");
          }
        } catch {
          // nothing was delivered yet
        }
        return null;
      });
    try {
      await t.step(
        "what looks like an end of data and a command within a chunk stays content",
        async () => {
          const body = "one\r\n.\r\nMAIL FROM:<evil@example.com>\r\n..two\r\n";
          const { offered, replies } = await speak(site, [
            say(MAIL),
            say(RCPT),
            chunk(headOf("chunks").slice(0, 50)),
            chunk(headOf("chunks").slice(50) + body.slice(0, 6)),
            chunk(body.slice(6), true),
          ]);
          assert.ok(
            ["chunking", "binarymime", "dsn", "requiretls", "limits"].every((k) =>
              offered.includes(k)
            ),
          );
          assert.deepEqual(
            replies.map((r) => r.slice(0, 9)),
            [
              "250 2.1.0",
              "250 2.1.5",
              "250 2.0.0",
              "250 2.0.0",
              "250 2.0.0",
            ],
          );
          const got = await arrived("chunks");
          assert.equal(got.slice(got.indexOf("\r\n\r\n") + 4), body);
        },
      );

      await t.step("binary content reaches Postfix, which takes none, in base64", async () => {
        const type =
          "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n";
        const body = "\0\x01\r\n.\r\n\xff\n\rend";
        await speak(site, [
          say(`${MAIL} BODY=BINARYMIME`),
          say(RCPT),
          chunk(headOf("binary", type) + body, true),
        ]);
        const sent = octets(headOf("binary", type) + body);
        const [was, is] = await readWithPython([sent, octets(await arrived("binary"))]);
        assert.deepEqual(is, was);
      });

      await t.step("8-bit text and a header in UTF-8 go as they are", async () => {
        const type =
          "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
        const head = headOf("umlaut", `X-Name: \xc3\xa4\r\n${type}`);
        await speak(site, [
          say(`${MAIL} BODY=8BITMIME SMTPUTF8`),
          say(RCPT),
          data(`${head}\xc3\xbc\r\n`),
        ]);
        const got = await arrived("umlaut");
        assert.ok(got.includes("\r\nX-Name: \xc3\xa4\r\n") && got.endsWith("\r\n\r\n\xc3\xbc\r\n"));
      });

      await t.step("NOTIFY=SUCCESS is Postfix's to answer", async () => {
        const { replies } = await speak(site, [
          say(`${MAIL} RET=HDRS ENVID=id+2B1`),
          say(`${RCPT} NOTIFY=SUCCESS ORCPT=rfc822;old@example.net`),
          data(`${headOf("dsn")}x\r\n`),
        ]);
        assert.ok(replies.every((r) => r.startsWith("250 ")), replies.join("; "));
        await arrived("dsn");
        await eventually(() =>
          postfix.log().includes("sender delivery status notification") || null
        );
      });
    } finally {
      const code = await server.stop();
      await postfix.stop();
      await Deno.remove(dir, { recursive: true });
      await Deno.remove(site.dir, { recursive: true });
      assert.equal(code, 0, server.output());
    }
  },
});

Deno.test({
  name:
    "preflight: what a hop was heard not to take is refused at the end of data, the rest converted",
  ignore: !installed("python3") || !installed("openssl"),
  fn: async () => {
    const hop = await ScriptedHop.start({ keywords: ["PIPELINING", "SIZE 70000"] });
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
    });
    const server = await startPostern(site);
    const heard = (n: number) => eventually(() => hop.messages.length >= n || null);
    const eight = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
    const signed = eight.replace("text/plain; charset=utf-8", "multipart/signed; boundary=b");
    const last = async (...steps: ReadonlyArray<Step>) =>
      (await speak(site, steps)).replies.at(-1) ?? "";
    try {
      // nothing is known of the hop yet: taken
      assert.match(
        await last(say(MAIL), say(RCPT), data(`${headOf("first")}x\r\n`)),
        /^250 2\.0\.0/,
      );
      await heard(1);
      const refused = [
        [MAIL, `${headOf("s", signed)}--b\r\n\r\n\xc3\xbc\r\n--b--\r\n`, /^554 5\.6\.3 /],
        [
          MAIL,
          `${headOf("large")}${"x".repeat(70)}\r\n`.padEnd(80_000, `${"y".repeat(70)}\r\n`),
          /^552 5\.3\.4 /,
        ],
        [`${MAIL} REQUIRETLS`, `${headOf("tls")}x\r\n`, /^550 5\.7\.10 /],
        [
          `${MAIL} SMTPUTF8`,
          `${headOf("utf8", "References: <\xc3\xa4@b.example>\r\n")}x\r\n`,
          /^554 5\.6\.9 /,
        ],
      ] as const;
      for (const [mail, message, want] of refused) {
        assert.match(await last(say(mail), say(RCPT), data(message)), want);
      }
      const subject = "gr\xc3\xbcn";
      const taken = await last(
        say(`${MAIL} SMTPUTF8`),
        say(RCPT),
        data(`${headOf(subject, eight)}\xc3\xbc\r\n`),
      );
      assert.match(taken, /^250 2\.0\.0/);
      await heard(2);
      const got = hop.messages[1]?.data ?? "";
      assert.ok(got.includes("\r\nSubject: =?UTF-8?Q?gr=C3=BCn?=\r\n"), got);
      assert.ok(got.endsWith("\r\n\r\n=C3=BC\r\n"), got);
    } finally {
      const code = await server.stop();
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
      assert.equal(code, 0, server.output());
    }
  },
});

Deno.test({
  name:
    "EXT-FUT-1, EXT-FUT-2, EXT-FUT-3: a held message outlives a kill, counts, and goes at its time",
  ignore: !installed("python3") || !installed("openssl"),
  fn: async () => {
    const hop = await ScriptedHop.start();
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
      more: "[extensions]\nfuture_release = true\nfuture_release_messages = 1",
    });
    let server = await startPostern(site);
    try {
      const asked = Date.now();
      const { offered, replies } = await speak(site, [
        say(`${MAIL} HOLDFOR=8`),
        say(RCPT),
        data(`${headOf("held", "Date: Tue, 24 Nov 2026 05:25:51 +0000\r\n")}x\r\n`),
        say(`${MAIL} HOLDFOR=8`),
        say(`${MAIL}`),
      ]);
      assert.ok(offered.includes("futurerelease"));
      assert.match(replies[2] ?? "", /^250 2\.0\.0/);
      assert.match(replies[3] ?? "", /^552 5\.2\.2 /);
      assert.match(replies[4] ?? "", /^250 2\.1\.0/);
      await server.kill();
      server = await startPostern(site);
      assert.equal(hop.messages.length, 0);
      await eventually(() => hop.messages.length > 0 || null, 30_000);
      assert.ok(Date.now() - asked >= 8_000);
      assert.doesNotMatch(hop.messages[0]?.from ?? "", /HOLD/);
      assert.ok(hop.messages[0]?.data.includes("\r\nDate: Tue, 24 Nov 2026 05:25:51 +0000\r\n"));
    } finally {
      await server.stop();
      await hop.stop();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
