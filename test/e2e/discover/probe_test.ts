/** A look at mail servers: real sockets, scripted peers, certificates good and bad. autodiscovery.md §9.7, SEC-1, SEC-8, ADS-5 */
import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTls, TLSSocket } from "node:tls";
import type { ProbeReport, ProbeRequest } from "../../../lib/discovery/discover/ports.ts";
import { probeOf } from "../../../lib/net/probe.ts";
import { eventually } from "../../support/postern.ts";
import { makeSelfSigned } from "../../../lib/tls/selfsigned.ts";

interface Peer {
  /** What it says first, in clear and under TLS. */
  readonly greeting: string;
  /** Answers a line; null closes. */
  readonly answer: (line: string, tls: boolean) => string | null;
  /** After which answer TLS begins. */
  readonly upgrade?: RegExp;
  /** Said again under TLS (ManageSieve). */
  readonly again?: string;
  readonly implicit?: boolean;
}

const pair = await makeSelfSigned(["mail.example.com", "example.com"], Date.now());
const expired = await makeSelfSigned(["mail.example.com"], Date.now() - 30 * 86_400_000, 1);
const dir = await Deno.makeTempDir({ prefix: "postern-probe-" });
await Deno.writeTextFile(`${dir}/ca.pem`, pair.certificatePem);
await Deno.writeTextFile(`${dir}/expired.pem`, expired.certificatePem);
globalThis.addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));

const serve = (peer: Peer, said: Array<string>, bad: boolean) => (raw: Socket) => {
  const certificate = bad ? expired : pair;
  const talk = (socket: Socket, tls: boolean, first: string): void => {
    let held = "";
    socket.on("error", () => {});
    if (first !== "") socket.write(first);
    const onData = (d: Uint8Array | string): void => {
      held += String(d);
      for (let at = held.indexOf("\r\n"); at >= 0; at = held.indexOf("\r\n")) {
        const line = held.slice(0, at);
        held = held.slice(at + 2);
        said.push(`${tls ? "tls" : "clear"} ${line}`);
        const reply = peer.answer(line, tls);
        if (reply === null) return void socket.end();
        socket.write(reply);
        if (!tls && peer.upgrade?.test(line)) {
          socket.removeListener("data", onData);
          socket.pause();
          const t = new TLSSocket(socket, {
            isServer: true,
            cert: certificate.certificatePem,
            key: certificate.keyPem,
          });
          return talk(t, true, peer.again ?? "");
        }
      }
    };
    socket.on("data", onData);
  };
  talk(raw, peer.implicit === true, peer.greeting);
};

const look = async (
  peer: Peer,
  request: Partial<ProbeRequest> & Pick<ProbeRequest, "protocol">,
  options: { readonly ca?: string | null; readonly bad?: boolean } = {},
): Promise<ProbeReport & { readonly said: ReadonlyArray<string> }> => {
  const said: Array<string> = [];
  const handler = serve(peer, said, options.bad === true);
  const certificate = options.bad === true ? expired : pair;
  const server: Server = peer.implicit === true
    ? createTls({ cert: certificate.certificatePem, key: certificate.keyPem }, handler)
    : createServer(handler);
  server.on("tlsClientError", () => {});
  await new Promise<void>((r) => server.listen(0, "127.0.0.1", () => r()));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const probe = probeOf({
    guard: () => Promise.resolve({ _tag: "Places", addresses: ["127.0.0.1"] }),
    ca: options.ca === undefined ? `${dir}/ca.pem` : options.ca,
    ports: null,
  });
  try {
    const report = await probe({
      security: peer.implicit === true ? "implicit" : "starttls",
      host: "mail.example.com",
      port,
      names: [],
      srvIds: [],
      timeoutMs: 1_000,
      signal: new AbortController().signal,
      ...request,
    });
    return { ...report, said };
  } finally {
    server.close();
  }
};

const imap = (tls: boolean): Peer => ({
  greeting: "* OK [CAPABILITY IMAP4rev1] ready\r\n",
  answer: (line, secured) =>
    line.endsWith("CAPABILITY")
      ? `* CAPABILITY IMAP4rev1 ${
        secured ? "AUTH=PLAIN AUTH=SCRAM-SHA-256" : "STARTTLS LOGINDISABLED"
      }\r\na1 OK done\r\n`
      : line.endsWith("STARTTLS")
      ? "a2 OK go on\r\n"
      : null,
  upgrade: /STARTTLS/,
  implicit: tls,
});

for (const tls of [true, false]) {
  Deno.test(`probe of IMAP, ${tls ? "TLS from the first octet" : "STARTTLS"}`, async () => {
    const r = await look(imap(tls), { protocol: "imap" });
    assert.equal(r.state, "tls-ok", r.reason);
    assert.deepEqual(r.mechanisms, ["PLAIN", "SCRAM-SHA-256"]);
    assert.deepEqual(r.certificate?.names, ["mail.example.com", "example.com"]);
    assert.match(r.certificate?.spkiSha256 ?? "", /^[0-9a-f]{64}$/);
    // SEC-3
    assert.ok(r.said.every((l) => !/LOGIN|AUTHENTICATE|USER|AUTH /.test(l)), String(r.said));
  });
}

Deno.test("probe of POP3 by STLS", async () => {
  const r = await look({
    greeting: "+OK ready\r\n",
    answer: (line, tls) =>
      line === "CAPA"
        ? `+OK\r\n${tls ? "SASL PLAIN OAUTHBEARER\r\nUSER" : "STLS"}\r\n.\r\n`
        : line === "STLS"
        ? "+OK\r\n"
        : null,
    upgrade: /STLS/,
  }, { protocol: "pop3" });
  assert.deepEqual([r.state, r.mechanisms], ["tls-ok", ["PLAIN", "OAUTHBEARER"]]);
});

const smtp = (more: Partial<Peer> = {}): Peer => ({
  greeting: "220-hello\r\n220 there\r\n",
  answer: (line, tls) =>
    line.startsWith("EHLO")
      ? `250-mail\r\n250-${tls ? "AUTH PLAIN XOAUTH2" : "STARTTLS"}\r\n250 SIZE 1\r\n`
      : line === "STARTTLS"
      ? "220 go on\r\n"
      : null,
  upgrade: /STARTTLS/,
  ...more,
});

Deno.test("probe of submission by STARTTLS", async () => {
  const r = await look(smtp(), { protocol: "submission" });
  assert.deepEqual([r.state, r.mechanisms], ["tls-ok", ["PLAIN", "XOAUTH2"]]);
  await eventually(() => r.said.length === 4 ? true : null, 2_000);
  assert.deepEqual(r.said.map((l) => l.split(" ").slice(0, 2).join(" ")), [
    "clear EHLO",
    "clear STARTTLS",
    "tls EHLO",
    "tls QUIT",
  ]);
});

Deno.test("probe of ManageSieve: capabilities come again under TLS", async () => {
  const list = (more: string) => `"IMPLEMENTATION" "x"\r\n${more}\r\nOK "ready"\r\n`;
  const r = await look({
    greeting: list('"STARTTLS"'),
    answer: (line) => line === "STARTTLS" ? 'OK "go on"\r\n' : null,
    upgrade: /STARTTLS/,
    again: list('"SASL" "PLAIN SCRAM-SHA-1"'),
  }, { protocol: "sieve" });
  assert.deepEqual([r.state, r.mechanisms], ["tls-ok", ["PLAIN", "SCRAM-SHA-1"]]);
});

Deno.test("probe tells why a certificate does not hold, and says nothing over it", async () => {
  const self = await look(imap(true), { protocol: "imap" }, { ca: null });
  assert.equal(self.state, "self-signed");
  const name = await look(imap(true), { protocol: "imap", host: "other.example.com" });
  assert.equal(name.state, "name-mismatch");
  const old = await look(imap(true), { protocol: "imap" }, { bad: true, ca: `${dir}/expired.pem` });
  assert.equal(old.state, "expired", old.reason);
  for (const r of [self, name, old]) assert.deepEqual(r.said, []);
  assert.ok(name.certificate !== null);
});

Deno.test("probe takes a certificate for the mail domain where SRV led there. RFC 7817 §3", async () => {
  const r = await look(imap(true), {
    protocol: "imap",
    host: "elsewhere.example.net",
    names: ["example.com"],
  });
  assert.equal(r.state, "tls-ok", r.reason);
});

for (
  const [what, peer, state] of [
    [
      "no STARTTLS",
      smtp({ answer: (l) => l.startsWith("EHLO") ? "250 mail\r\n" : null }),
      "no-starttls",
    ],
    [
      "something injected before TLS",
      smtp({
        answer: (l) =>
          l.startsWith("EHLO") ? "250-mail\r\n250 STARTTLS\r\n" : "220 go on\r\n250 AUTH PLAIN\r\n",
        upgrade: /never/,
      }),
      "injected",
    ],
    ["garbage", smtp({ greeting: "HTTP/1.0 400\r\n" }), "protocol"],
    ["a line without end", smtp({ greeting: "2".repeat(20_000) }), "protocol"],
    [
      "a list without end",
      smtp({ answer: () => "250-x\r\n".repeat(20_000) }),
      "protocol",
    ],
    ["silence", smtp({ greeting: "" }), "timeout"],
    ["a refusal of TLS", smtp({ upgrade: /never/ }), "timeout"],
    ["a goodbye", smtp({ answer: () => null }), "protocol"],
  ] as const
) {
  Deno.test(`probe survives ${what}`, async () => {
    const r = await look(peer, { protocol: "submission" });
    assert.equal(r.state, state, r.reason);
  });
}

Deno.test("probe survives TLS that is none, and ports that nobody listens on", async () => {
  const r = await look({ greeting: "* OK in clear\r\n", answer: () => null }, {
    protocol: "imap",
    security: "implicit",
  });
  assert.ok(r.state === "tls-failed" || r.state === "timeout", r.state);
  const probe = probeOf({
    guard: () => Promise.resolve({ _tag: "Places", addresses: ["127.0.0.1"] }),
    ca: null,
    ports: (port) => port === 993,
  });
  const request: ProbeRequest = {
    protocol: "imap",
    security: "implicit",
    host: "a.test",
    port: 993,
    names: [],
    srvIds: [],
    timeoutMs: 500,
    signal: new AbortController().signal,
  };
  assert.equal((await probe(request)).state, "refused");
  assert.equal((await probe({ ...request, port: 22 })).state, "forbidden");
});
