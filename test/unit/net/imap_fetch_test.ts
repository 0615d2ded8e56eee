/** The client of BURL against servers that do as they should, and others. EXT-BURL-2 */
import assert from "node:assert/strict";
import { Effect, Redacted } from "effect";
import { imapFetcher } from "../../../lib/net/imap_fetch.ts";
import { type FetchFailed, type ImapServer, UrlFetcher } from "../../../lib/ports/url_fetcher.ts";
import { makeSelfSigned } from "../../../lib/tls/selfsigned.ts";
import { text } from "../../support/octets.ts";
import { type ImapScript, literal, ScriptedImap } from "../../support/scripted_imap.ts";

const URL_TEXT = `imap://h.example/INBOX/;UID=1;URLAUTH=submit+a:INTERNAL:${"0".repeat(32)}`;
const pair = await makeSelfSigned(["localhost"], Date.now());
const tls = { key: pair.keyPem, cert: pair.certificatePem };

interface Outcome {
  readonly fault: string | null;
  readonly received: string;
  readonly begun: ReadonlyArray<number>;
  readonly commands: ReadonlyArray<string>;
}

const fetched = async (
  script: ImapScript,
  server: Partial<ImapServer> = {},
  mostOctets = 1_000_000,
): Promise<Outcome> => {
  const imap = await ScriptedImap.start(script);
  let received = "";
  const begun: Array<number> = [];
  const layer = imapFetcher({
    servers: [{
      origin: "h.example:143",
      host: "localhost",
      port: imap.port,
      tls: "none",
      username: "submit",
      password: Redacted.make("s3cret"),
      ca: null,
      ...server,
    }],
    connectMs: 5_000,
    silenceMs: 500,
    wholeMs: 10_000,
  });
  try {
    const fault = await Effect.runPromise(
      UrlFetcher.use((f) =>
        f.fetch({ origin: "h.example:143", url: URL_TEXT, mostOctets }, {
          begin: (n) => begun.push(n),
          take: (octets, done) => {
            received += text(octets);
            setTimeout(done, 0);
          },
        })
      ).pipe(
        Effect.as(null),
        Effect.catch((e: FetchFailed) => Effect.succeed(e.fault)),
        Effect.provide(layer),
      ),
    );
    return { fault, received, begun, commands: imap.commands };
  } finally {
    await imap.stop();
  }
};

const whole = (text: string): ImapScript => ({ urlfetch: (url, tag) => literal(url, tag, text) });

Deno.test("EXT-BURL-1: signs in, fetches a literal, says goodbye", async () => {
  const part = `a) b\r\n* c {3}\r\n${"x".repeat(200_000)}\r\na3 OK`;
  const r = await fetched({ ...whole(part), login: btoa("\0submit\0s3cret") });
  assert.equal(r.fault, null);
  assert.equal(r.received, part);
  assert.deepEqual(r.begun, [part.length]);
  assert.deepEqual(r.commands.slice(0, 3), [
    "a2 AUTHENTICATE PLAIN",
    btoa("\0submit\0s3cret"),
    `a3 URLFETCH "${URL_TEXT}"`,
  ]);
});

Deno.test("EXT-BURL-1: takes quoted strings, and nothing at all", async () => {
  const quoted = await fetched({
    urlfetch: (url, tag) => `* URLFETCH ${url} "a \\"b\\" \\\\"\r\n${tag} OK\r\n`,
  });
  assert.deepEqual([quoted.fault, quoted.received], [null, 'a "b" \\']);
  const empty = await fetched({
    urlfetch: (url, tag) => `* 3 EXISTS\r\n* URLFETCH "${url}" ""\r\n${tag} OK\r\n`,
  });
  assert.deepEqual([empty.fault, empty.received, empty.begun], [null, "", [0]]);
  const none = await fetched(whole(""));
  assert.deepEqual([none.fault, none.begun], [null, [0]]);
});

Deno.test("EXT-BURL-1: under STARTTLS and TLS at once, with a certificate that holds", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, pair.certificatePem);
  try {
    for (const kind of ["starttls", "implicit"] as const) {
      const script = { ...whole("text"), tls, implicitTls: kind === "implicit" };
      const good = await fetched(script, { tls: kind, ca: file });
      assert.deepEqual([good.fault, good.received], [null, "text"], kind);
      const bad = await fetched(script, { tls: kind });
      assert.equal(bad.fault, "unreachable");
      assert.ok(!bad.commands.some((c) => /AUTH/.test(c)), "no password to whom we do not know");
    }
    const injected = await fetched({ ...whole("text"), tls, injected: "* OK x\r\n" }, {
      tls: "starttls",
      ca: file,
    });
    assert.equal(injected.fault, "unreachable");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("EXT-BURL-2: what is not given, who is not known, what is too big", async () => {
  const fault = async (urlfetch: ImapScript["urlfetch"], most?: number) =>
    (await fetched(urlfetch === undefined ? {} : { urlfetch }, {}, most)).fault;
  assert.equal(await fault((url, tag) => `* URLFETCH "${url}" NIL\r\n${tag} OK\r\n`), "refused");
  assert.equal(await fault((_, tag) => `${tag} NO\r\n`), "refused");
  assert.equal(await fault((_, tag) => `${tag} BAD\r\n`), "refused");
  assert.equal(await fault((_, tag) => `${tag} OK\r\n`), "refused");
  assert.equal(await fault((url, tag) => literal(url, tag, "x".repeat(11)), 10), "too big");
  assert.equal((await fetched({ login: "nobody" })).fault, "no trust");
});

Deno.test("EXT-BURL-2: servers that are down, mute or hostile are not reachable", async () => {
  const faults = async (...scripts: ReadonlyArray<ImapScript>) => {
    for (const s of scripts) {
      assert.equal((await fetched(s)).fault, "unreachable", JSON.stringify(s));
    }
  };
  await faults(
    { greeting: "* BYE busy" },
    { greeting: "* PREAUTH root" },
    { greeting: "220 smtp" },
    { greeting: "x".repeat(9000) },
    { greeting: "* OK\n* OK" },
    { urlfetch: () => null },
    { urlfetch: () => "* OK x\r\n".repeat(300) },
    { urlfetch: () => "* 1 FETCH (BODY {5}\r\nxxxxx)\r\n" },
    { urlfetch: () => "* BYE\r\n" },
    { urlfetch: () => "a4 OK\r\n" },
    { urlfetch: (url, tag) => literal(`${url}0`, tag, "x") },
    { urlfetch: (url, tag) => `* URLFETCH "${url}" {99999999999999999999}\r\n${tag} OK\r\n` },
    { urlfetch: (url, tag) => `* URLFETCH "${url}" {-1}\r\n${tag} OK\r\n` },
    { urlfetch: (url) => `* URLFETCH "${url}" {5}\r\nab` },
    { urlfetch: (url, tag) => `* URLFETCH "${url}" {2}\r\nabc\r\n${tag} OK\r\n` },
    { urlfetch: (url, tag) => literal(url, tag, "x").replace(`${tag} OK`, `* BYE\r\n${tag} OK`) },
    { urlfetch: (url, tag) => literal(url, "* OK", "x") + literal(url, tag, "x") },
  );
  assert.equal((await fetched({}, { port: 1 })).fault, "unreachable");
});
