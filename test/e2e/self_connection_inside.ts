/** Run by `self_connection_test.ts` where the kernel hands out eight ports, and nobody listens on one of them. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { Effect, Result } from "effect";
import { NameServer } from "../../lib/dns/update/client.ts";
import { overTcp } from "../../lib/dns/plain.ts";
import { secureSocket } from "../../lib/dns/secured.ts";
import { Channel } from "../../lib/filter/channel.ts";
import { open } from "../../lib/net/dialer.ts";
import { httpSend } from "../../lib/net/http/send.ts";
import { probeOf } from "../../lib/net/probe.ts";
import { meetsItself } from "../../lib/ports/self_connection.ts";

const HOST = "127.0.0.1";
const PORT = 40_004;
const TIMES = 100;
const MS = 4_000;

/** Each tells what it came to. */
const outcome = (start: Promise<unknown>): Promise<string> =>
  start.then((v) => v === undefined ? "connected" : JSON.stringify(v), (e) => String(e));

// what all of this is about: without a look at the ends it is a connection like any other
let met = 0;
for (let i = 0; i < TIMES; i++) {
  met += await new Promise<number>((resolve) => {
    const socket = connect({ host: HOST, port: PORT });
    socket.once("error", () => resolve(0));
    socket.once("connect", () => {
      resolve(meetsItself(socket) ? 1 : 0);
      socket.destroy();
    });
  });
}
assert.ok(met > 0, "nothing ever came out at itself here");

const guard = () => Promise.resolve({ _tag: "Places" as const, addresses: [HOST] });
const http = httpSend({ guard, ca: null, userAgent: "test", portOf: () => PORT });
const ask = (url: string) =>
  http({
    method: "GET",
    url,
    body: null,
    accept: "*/*",
    maxBytes: 1_000,
    timeoutMs: MS,
    signal: new AbortController().signal,
  });
const probe = probeOf({ guard, ca: null, ports: null });

const DIALLERS: ReadonlyArray<readonly [string, () => Promise<unknown>, RegExp]> = [
  [
    "relay and IMAP",
    async () => {
      const r = await Effect.runPromise(
        Effect.result(open({ _tag: "Tcp", address: HOST, port: PORT }, MS)),
      );
      return Result.isFailure(r) ? r.failure.reason : undefined;
    },
    /Connection refused/,
  ],
  [
    "probe",
    () =>
      probe({
        protocol: "submission",
        security: "starttls",
        host: "mail.example.com",
        port: PORT,
        names: [],
        srvIds: [],
        timeoutMs: MS,
        signal: new AbortController().signal,
      }),
    /"state":"refused"/,
  ],
  ["HTTP", () => ask("http://example.com/"), /ECONNREFUSED/],
  ["HTTPS", () => ask("https://example.com/"), /ECONNREFUSED/],
  [
    "milter",
    () => Channel.open({ _tag: "Tcp", host: HOST, port: PORT }, AbortSignal.timeout(MS)),
    /refused/i,
  ],
  ["name server", () => NameServer.open(HOST, PORT, MS), /refused/i],
  [
    "DNS over TCP",
    () =>
      overTcp(
        { host: HOST, port: PORT },
        { id: 1, name: "example.com", type: "A", recursion: true, edns: true, unchecked: false },
        MS,
      ),
    /unreachable.*refused/i,
  ],
  [
    "DNS over TLS",
    () =>
      new Promise((_, reject) => {
        secureSocket({ host: HOST, port: PORT, name: "dns.example", protocol: "dot", ca: null })
          .once("error", reject);
      }),
    /refused/i,
  ],
];

for (const [name, dial, want] of DIALLERS) {
  for (let i = 0; i < TIMES; i++) {
    const came = await outcome(dial());
    assert.match(came, want, name);
  }
}
Deno.exit(0);
