/**
 * The transcripts once more, over live TLS: real sockets, the real driver, the answers of the same small world.
 * What stands under TLS goes to the port that starts with it; the rest begins in clear and upgrades.
 */
import assert from "node:assert/strict";
import { connect as dial, createServer, type Server, type Socket } from "node:net";
import { connect as secure, createSecureContext } from "node:tls";
import { Connection } from "../lib/server/session/connection.ts";
import type { SessionHost } from "../lib/server/session/session_host.ts";
import * as say from "../lib/reply/catalog.ts";
import { NO_CHANNEL } from "../lib/sasl/mechanism.ts";
import { makeSelfSigned } from "../lib/tls/selfsigned.ts";
import { octets } from "./support/octets.ts";
import { ALICE, answer, CHANNEL, RULES, rulesFor } from "./support/session.ts";
import { DataMemory } from "../lib/server/session/data_memory.ts";
import { type Exchange, type Facts, fits, readTranscript } from "./support/transcript.ts";

const DIRECTORY = new URL("./transcripts/", import.meta.url);

const pair = await makeSelfSigned(["localhost"], Date.now(), 2);
const context = createSecureContext({
  cert: pair.certificatePem,
  key: pair.keyPem,
  minVersion: "TLSv1.2",
});

/** A server that answers as the machine's own tests do; bodies go nowhere. */
const listen = (
  facts: Facts,
  listener: "submission" | "submissions",
  refused: SessionHost["refused"],
): Promise<Server> => {
  const channel = facts["channel"] === "full" ? CHANNEL : NO_CHANNEL;
  const host: SessionHost = {
    rules: rulesFor(facts),
    certificates: {
      contextFor: () => context,
      endPointOf: () => channel.endPoint,
      asksClients: channel.certificate !== null,
      clientOf: () => channel.certificate === null ? null : { fingerprint: "", addresses: [] },
    },
    fetch: (_session, _request, _sink, done) => {
      done(say.BURL_NOT_FETCHED);
      return () => {};
    },
    certified: (_certificate, done) => done(channel.certificate),
    headerBytes: RULES.messageBytes,
    idleMs: 60_000,
    dataMs: 60_000,
    handshakeMs: 60_000,
    stage: () => ({
      write: () => assert.fail("bodies are not kept here"),
      part: () => assert.fail("bodies are not kept here"),
      discard: () => {},
    }),
    digest: () => null,
    share: () => new DataMemory(Infinity).share(),
    write: (_body, _chunk, _through, done) => done(null, false),
    ask: (_session, question, _data, done) => done(answer(question)),
    closed: () => {},
    refused,
    renamed: (_c, _address, take) => {
      take();
      return null;
    },
  };
  const server = createServer((socket) =>
    new Connection(host, socket, null, listener, crypto.randomUUID(), performance.now()).open()
  );
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
};

class Client {
  #socket: Socket;
  #text = "";
  #closed = false;
  #wake = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#attach();
  }

  #attach(): void {
    const gone = () => {
      this.#closed = true;
      this.#wake();
    };
    this.#socket.on("data", (d: unknown) => {
      this.#text += new TextDecoder("latin1").decode(d as Uint8Array);
      this.#wake();
    });
    this.#socket.on("end", gone).on("close", gone).on("error", gone);
  }

  async startTls(): Promise<void> {
    this.#socket.removeAllListeners();
    this.#socket = await new Promise<Socket>((resolve, reject) => {
      const tls = secure({ socket: this.#socket, rejectUnauthorized: false }, () => resolve(tls));
      tls.once("error", reject);
    });
    this.#attach();
  }

  write(text: string): void {
    this.#socket.write(octets(text));
  }

  /** The next `n` lines, or fewer where the server closes; `(closed)` stands for that. */
  async lines(n: number): Promise<ReadonlyArray<string>> {
    const out: Array<string> = [];
    while (out.length < n) {
      const end = this.#text.indexOf("\r\n");
      if (end >= 0) {
        out.push(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 2);
      } else if (this.#closed) {
        out.push("(closed)");
        break;
      } else await new Promise<void>((r) => this.#wake = r);
    }
    return out;
  }

  /** What came besides. */
  get rest(): string {
    return this.#text;
  }

  end(): void {
    this.#socket.destroy();
  }
}

const open = (port: number, tls: boolean): Promise<Client> =>
  new Promise((resolve, reject) => {
    const socket = dial(port, "127.0.0.1");
    socket.once("error", reject);
    if (tls) {
      const secured = secure({ socket, rejectUnauthorized: false }, () =>
        resolve(new Client(secured)));
      secured.once("error", reject);
    } else {socket.once("connect", () =>
        resolve(new Client(socket)));}
  });

const begin = async (client: Client, facts: Facts): Promise<void> => {
  const must = async (line: string, want: string) => {
    client.write(`${line}\r\n`);
    for (;;) {
      const [got = ""] = await client.lines(1);
      if (got.startsWith("250-")) continue;
      return assert.ok(got.startsWith(want), `${line} -> ${got}`);
    }
  };
  assert.ok((await client.lines(1))[0]?.startsWith("220 "));
  if (facts["ehlo"] !== "no") {
    await must(facts["helo"] === "yes" ? "HELO test.example" : "EHLO test.example", "250 ");
  }
  const account = facts["account"] ?? (facts["tls"] === "no" ? "no" : ALICE);
  if (account !== "no") await must(`AUTH PLAIN ${btoa(`\0${account}\0secret`)}`, "235 ");
};

const replay = async (name: string, client: Client, session: ReadonlyArray<Exchange>) => {
  for (const { line, write, want } of session) {
    client.write(write);
    const got = await client.lines(want.length);
    assert.ok(
      got.length === want.length && want.every((w, i) => fits(w, got[i] ?? "")),
      `${name}:${line}: want ${JSON.stringify(want)}, got ${JSON.stringify(got)}`,
    );
    if (/^STARTTLS\r\n$/i.test(write) && want[0]?.startsWith("220")) await client.startTls();
  }
  // nothing was said that nobody asked for
  assert.equal(client.rest, "", name);
};

for (const entry of [...Deno.readDirSync(DIRECTORY)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  if (!entry.name.endsWith(".smtp")) continue;
  const { facts, sessions } = readTranscript(Deno.readTextFileSync(new URL(entry.name, DIRECTORY)));
  const tls = facts["tls"] !== "no";
  Deno.test(`a live server replays ${entry.name} over ${tls ? "TLS" : "TCP"}`, async () => {
    let told = 0;
    const server = await listen(facts, tls ? "submissions" : "submission", () => void told++);
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      for (const session of sessions) {
        const client = await open(port, tls);
        await begin(client, facts);
        told = 0;
        await replay(entry.name, client, session);
        client.end();
        // whatever refuses, the log hears of it, where somebody is signed in
        const refusals = session.flatMap((e) => e.want).filter((w) => /^(4[5-9]\d|5\d\d) /.test(w));
        assert.equal(told, refusals.length, `${entry.name}: ${refusals.join(" | ")}`);
      }
    } finally {
      server.close();
    }
  });
}
