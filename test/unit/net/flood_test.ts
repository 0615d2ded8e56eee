/** threats.md rows 9 and 30: what a peer under TLS sends without end is not held, whoever the client is. */
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { Effect, Redacted } from "effect";
import { imapFetcher } from "../../../lib/net/imap_fetch.ts";
import { httpSend } from "../../../lib/net/http/send.ts";
import { probeOf } from "../../../lib/net/probe.ts";
import type { Guard } from "../../../lib/net/guard.ts";
import { UrlFetcher } from "../../../lib/ports/url_fetcher.ts";
import { makeSelfSigned } from "../../../lib/tls/selfsigned.ts";
import { flood } from "../../support/flood.ts";

const { certificatePem: cert, keyPem: key } = await makeSelfSigned(["localhost"], Date.now());
const secureContext = createSecureContext({ cert, key });
/** What the buffers of both sides of a connection hold on the way. */
const ON_THE_WAY = 16 * 1024 * 1024;

interface Peer {
  readonly port: number;
  /** Octets that it wrote without end. */
  readonly flooded: () => number;
  /** Its connections are gone. */
  readonly left: () => boolean;
}

/** A peer that says `first`, answers lines by `answer` (null: from then on `endless`), and does not mind who closes. */
const withPeer = async (
  o: {
    readonly tls: boolean;
    readonly first: string;
    readonly endless: string;
    readonly answer?: (line: string) => string | null;
  },
  body: (peer: Peer) => Promise<void>,
): Promise<void> => {
  let flooded = 0;
  const open = new Set<Socket>();
  const talk = (socket: Socket): void => {
    const start = () => flood(socket, o.endless, (n) => flooded += n);
    if (o.first !== "") socket.write(o.first);
    const { answer } = o;
    if (answer === undefined) return start();
    let held = "";
    socket.on("data", (d) => {
      held += String(d);
      for (let at = held.indexOf("\r\n"); at >= 0; at = held.indexOf("\r\n")) {
        const said = answer(held.slice(0, at));
        held = held.slice(at + 2);
        if (said === null) return start();
        socket.write(said);
      }
    });
  };
  const server = createServer({ allowHalfOpen: true }, (raw) => {
    open.add(raw);
    raw.on("close", () => open.delete(raw)).on("error", () => raw.destroy());
    if (!o.tls) return talk(raw);
    raw.pause();
    const secured = new TLSSocket(raw, { isServer: true, secureContext });
    secured.on("error", () => raw.destroy()).on("close", () => raw.destroy());
    secured.once("secure", () => talk(secured));
  });
  await new Promise<void>((r) => server.listen(0, "127.0.0.1", () => r()));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    await body({ port, flooded: () => flooded, left: () => open.size === 0 });
  } finally {
    for (const s of open) s.destroy();
    await new Promise<void>((r) => server.close(() => r()));
  }
};

const guard: Guard = () => Promise.resolve({ _tag: "Places", addresses: ["127.0.0.1"] });

/** The connection is gone soon, and little was taken. */
const wasLeft = async (peer: Peer): Promise<void> => {
  const end = performance.now() + 1_000;
  while (!peer.left() && performance.now() < end) await new Promise((r) => setTimeout(r, 5));
  assert.ok(peer.flooded() > 0, "nothing was sent without end");
  assert.ok(peer.flooded() < ON_THE_WAY, `took ${peer.flooded()} octets`);
  assert.ok(peer.left(), "the connection is still there");
};

const certificate = await Deno.makeTempFile({ suffix: ".pem" });
await Deno.writeTextFile(certificate, cert);
globalThis.addEventListener("unload", () => Deno.removeSync(certificate));

const LINE = "x";
const LINES = "220-and one more\r\n";

for (const trusted of [true, false]) {
  for (const [what, endless] of [["a line", LINE], ["lines", LINES]] as const) {
    Deno.test(`threats.md row 30: a look at a server that sends ${what} without end under ${trusted ? "" : "un"}trusted TLS ends at once`, () =>
      withPeer({ tls: true, first: "", endless }, async (peer) => {
        const probe = probeOf({ guard, ca: trusted ? certificate : null, ports: null });
        const report = await probe({
          host: "localhost",
          port: peer.port,
          protocol: "submission",
          names: [],
          srvIds: [],
          security: "implicit",
          timeoutMs: 5_000,
          signal: new AbortController().signal,
        });
        const want = endless === LINE
          ? "the server sends a line without end"
          : "the server says too much";
        if (trusted) assert.equal(report.reason, want);
        else assert.notEqual(report.state, "tls-ok");
        await wasLeft(peer);
      }));
  }
}

const URL_TEXT = `imap://h.example/INBOX/;UID=1;URLAUTH=submit+a:INTERNAL:${"0".repeat(32)}`;

const fetchPart = (port: number, take: (octets: Uint8Array, done: () => void) => void) =>
  Effect.runPromise(
    UrlFetcher.use((f) =>
      f.fetch({ origin: "h", url: URL_TEXT, mostOctets: 2 ** 40 }, { begin: () => {}, take })
    ).pipe(
      Effect.as("done"),
      Effect.catch((e) => Effect.succeed(e.reason)),
      Effect.provide(imapFetcher({
        servers: [{
          origin: "h",
          host: "localhost",
          port,
          tls: "implicit",
          username: "submit",
          password: Redacted.make("s3cret"),
          ca: certificate,
        }],
        connectMs: 5_000,
        silenceMs: 500,
        wholeMs: 700,
      })),
    ),
  );

/** Up to URLFETCH all is well. */
const imap = (content: string | null) => (line: string): string | null => {
  const [tag = "", verb = ""] = line.split(" ");
  if (verb === "AUTHENTICATE") return "+ \r\n";
  if (verb === "URLFETCH") return content;
  return verb === "" ? "a2 OK\r\n" : `${tag} OK\r\n`;
};

Deno.test("EXT-BURL-2: an IMAP server under TLS that sends a line without end is left at once", () =>
  withPeer(
    { tls: true, first: "* OK ready\r\n", endless: LINE, answer: imap(null) },
    async (peer) => {
      const reason = await fetchPart(peer.port, (_, done) => done());
      assert.equal(reason, "the server sends a line that is too long");
      await wasLeft(peer);
    },
  ));

Deno.test("EXT-BURL-2: an IMAP server under TLS is held up while nobody takes what it sends", () =>
  withPeer(
    {
      tls: true,
      first: "* OK ready\r\n",
      endless: `* URLFETCH "${URL_TEXT}" {1000000000000}\r\n`,
      answer: imap(null),
    },
    async (peer) => {
      // takes the first octets and never asks for more
      const reason = await fetchPart(peer.port, () => {});
      assert.equal(reason, "the part did not come in time");
      await wasLeft(peer);
    },
  ));

for (
  const [what, first, want] of [
    ["a status line", "HTTP/1.1 200 ", /./],
    ["a header", "HTTP/1.1 200 OK\r\nX-Long: ", /./],
    ["a body", "HTTP/1.1 200 OK\r\n\r\n", /more than 1000 octets/],
    ["a chunk's extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=", /./],
  ] as const
) {
  for (const tls of [true, false]) {
    Deno.test(`HOP-25: an HTTP server that sends ${what} without end ${tls ? "under TLS" : "in clear"} is left at once`, () =>
      withPeer({ tls, first, endless: LINE, answer: (l) => l === "" ? null : "" }, async (peer) => {
        const send = httpSend({ guard, ca: certificate, userAgent: "x", portOf: () => peer.port });
        const answer = await send({
          url: `http${tls ? "s" : ""}://localhost/.well-known/mta-sts.txt`,
          method: "GET",
          accept: "text/plain",
          body: null,
          maxBytes: 1_000,
          timeoutMs: 3_000,
          signal: new AbortController().signal,
        });
        assert.equal(answer._tag, "Failed");
        if (answer._tag === "Failed") assert.match(answer.reason, want);
        await wasLeft(peer);
      }));
  }
}
