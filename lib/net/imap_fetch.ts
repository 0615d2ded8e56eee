/** The port of BURL on IMAP: signs in as a submission server, asks for one part, passes its octets on. RFC 4467 §6.3 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Effect, Layer, Redacted } from "effect";
import {
  FetchFailed,
  type FetchRequest,
  type FetchSink,
  type ImapServer,
  UrlFetcher,
} from "../ports/url_fetcher.ts";
import { open } from "./dialer.ts";
import { ImapWire } from "./imap_wire.ts";
import { Broken } from "./text_lines.ts";
import { Authorities, secure } from "./tls_client.ts";

export interface ImapFetchSettings {
  readonly servers: ReadonlyArray<ImapServer>;
  readonly connectMs: number;
  /** The server may be silent for so long. */
  readonly silenceMs: number;
  /** One part may take so long. */
  readonly wholeMs: number;
}

const down = (reason: string): FetchFailed => new FetchFailed({ fault: "unreachable", reason });
const strange = (): Broken => new Broken("the server says something else than IMAP asks for");

/** What came as untagged response or as the end of a command. */
const tagged = (tag: string, line: string): "OK" | "NO" | "BAD" | null => {
  const m = /^(\S+) (OK|NO|BAD)(?: |$)/i.exec(line);
  if (m?.[1] === tag) {
    const word = m[2]?.toUpperCase();
    return word === "OK" || word === "NO" ? word : "BAD";
  }
  // nothing else of ours is under way, and literals are expected in one place only
  if (!line.startsWith("* ") || /\{[0-9]+\+?\}$/.test(line)) throw strange();
  if (/^\* BYE(?: |$)/i.test(line)) throw new Broken("the server says goodbye");
  return null;
};

const until = async (wire: ImapWire, tag: string): Promise<"OK" | "NO" | "BAD"> => {
  for (;;) {
    const end = tagged(tag, await wire.line());
    if (end !== null) return end;
  }
};

/** RFC 3501 §7.1; PREAUTH would leave no moment for STARTTLS. */
const greeting = async (wire: ImapWire): Promise<void> => {
  if (!/^\* OK(?: |$)/i.test(await wire.line())) throw strange();
};

const startTls = async (wire: ImapWire): Promise<void> => {
  await greeting(wire);
  wire.send("a1 STARTTLS");
  if (await until(wire, "a1") !== "OK") throw new Broken("the server has no TLS");
};

/** RFC 3501 §6.2.2, RFC 4616 §2 */
const signIn = async (wire: ImapWire, server: ImapServer): Promise<void> => {
  const no = new FetchFailed({ fault: "no trust", reason: "the server refuses our login" });
  wire.send("a2 AUTHENTICATE PLAIN");
  for (let line = await wire.line(); !/^\+(?: |$)/.test(line); line = await wire.line()) {
    if (tagged("a2", line) !== null) throw no;
  }
  const plain = `\0${server.username}\0${Redacted.value(server.password)}`;
  wire.send(Buffer.from(plain, "utf8").toString("base64"));
  if (await until(wire, "a2") !== "OK") throw no;
};

/** `* URLFETCH url nstring`; the nstring, null where it is another response. RFC 4467 §9 */
const contentOf = (line: string, url: string): string | null => {
  const m = /^\* URLFETCH ("?)(\S+)\1 (\S.*|"")$/i.exec(line);
  if (m === null) return null;
  if (m[2] !== url) throw new Broken("the server answers for another URL");
  return m[3] ?? null;
};

const QUOTED = /^"((?:[^"\\\0\r\n]|\\["\\])*)"$/;

const give = (sink: FetchSink, octets: Uint8Array): Promise<void> =>
  new Promise((resolve) => sink.take(octets, resolve));

const passOn = async (
  wire: ImapWire,
  content: string,
  { mostOctets }: FetchRequest,
  sink: FetchSink,
): Promise<void> => {
  if (/^NIL$/i.test(content)) {
    throw new FetchFailed({ fault: "refused", reason: "the server does not give it" });
  }
  const quoted = QUOTED.exec(content)?.[1];
  const counted = /^~?\{([0-9]{1,15})\}$/.exec(content)?.[1];
  if (quoted === undefined && counted === undefined) throw strange();
  const text = Buffer.from((quoted ?? "").replace(/\\(["\\])/g, "$1"), "latin1");
  const octets = counted === undefined ? text.length : Number(counted);
  if (octets > mostOctets) {
    throw new FetchFailed({ fault: "too big", reason: `the part has ${octets} octets` });
  }
  sink.begin(octets);
  if (counted === undefined) return octets === 0 ? undefined : await give(sink, text);
  for (let left = octets; left > 0;) {
    const part = await wire.some(left);
    left -= part.length;
    await give(sink, part);
  }
  if (await wire.line() !== "") throw strange();
};

const part = async (wire: ImapWire, request: FetchRequest, sink: FetchSink): Promise<void> => {
  wire.send(`a3 URLFETCH "${request.url}"`);
  let came = false;
  for (;;) {
    const line = await wire.line();
    const content = contentOf(line, request.url);
    if (content !== null) {
      if (came) throw strange();
      came = true;
      await passOn(wire, content, request, sink);
      continue;
    }
    const end = tagged("a3", line);
    if (end === null) continue;
    if (end !== "OK" || !came) {
      throw new FetchFailed({ fault: "refused", reason: "the server refuses the URL" });
    }
    return wire.leave("a4 LOGOUT");
  }
};

const talk = (conversation: () => Promise<void>): Effect.Effect<void, FetchFailed> =>
  Effect.tryPromise({
    try: conversation,
    catch: (e) =>
      e instanceof FetchFailed ? e : down(e instanceof Broken ? e.message : "connection lost"),
  });

const fetchFrom = (
  settings: ImapFetchSettings,
  server: ImapServer,
  authorities: Authorities,
  request: FetchRequest,
  sink: FetchSink,
) => {
  const { connectMs, silenceMs } = settings;
  let socket: Socket | null = null;
  const underTls = (raw: Socket) =>
    secure(
      raw,
      { name: server.host, verify: true, ca: server.ca, timeoutMs: connectMs },
      authorities,
    );
  return Effect.gen(function* () {
    const raw = yield* open({ _tag: "Tcp", address: server.host, port: server.port }, connectMs);
    socket = raw;
    const { tls } = server;
    if (tls === "starttls") {
      const clear = new ImapWire(raw, null, silenceMs);
      yield* talk(() => startTls(clear));
      yield* Effect.try({ try: () => clear.release(), catch: (e) => down(String(e)) });
    }
    if (tls !== "none") socket = yield* underTls(raw);
    const wire = new ImapWire(socket, tls === "none" ? null : raw, silenceMs);
    yield* talk(async () => {
      if (tls !== "starttls") await greeting(wire);
      await signIn(wire, server);
      await part(wire, request, sink);
    });
  }).pipe(
    Effect.mapError((e) => e._tag === "FetchFailed" ? e : down(e.reason)),
    Effect.timeoutOrElse({
      duration: settings.wholeMs,
      orElse: () => Effect.fail(down("the part did not come in time")),
    }),
    Effect.onError(() => Effect.sync(() => socket?.destroy())),
  );
};

/** A connection for each part: parts are rare, and a server may end what is idle. */
export const imapFetcher = (settings: ImapFetchSettings): Layer.Layer<UrlFetcher> =>
  Layer.sync(UrlFetcher, () => {
    const authorities = new Authorities();
    return {
      fetch: (request, sink) => {
        const server = settings.servers.find((s) => s.origin === request.origin);
        return server === undefined
          ? Effect.fail(new FetchFailed({ fault: "no trust", reason: "no such server" }))
          : fetchFrom(settings, server, authorities, request, sink);
      },
    };
  });
