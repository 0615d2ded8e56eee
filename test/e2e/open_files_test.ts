/** A server whose process may open few files: told before and at the start, and it goes on after they ran out. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { eventually, installed, makeSite, ROOT, type Site } from "../support/postern.ts";

const COMMAND = [
  "run",
  "--quiet",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env=NO_COLOR,FORCE_COLOR,TERM,INIT_CWD",
  "main.ts",
];

/** With at most `files` open. */
const limited = (site: Site, files: number, ...args: ReadonlyArray<string>) =>
  new Deno.Command("bash", {
    args: [
      "-c",
      `ulimit -n ${files}; exec "$0" "$@"`,
      Deno.execPath(),
      ...COMMAND,
      "--config",
      site.config,
      ...args,
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });

const WARNING =
  /limits\.connections: the system lets a process open \d+ more files, and 10000 connections need \d+: only \d+ are taken/;

/** What it is greeted with; null where it is not within `ms`. */
const greeted = (port: number, ms = 2_000): Promise<string | null> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const timer = setTimeout(() => done(null), ms);
    const done = (said: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(said);
    };
    socket.once("data", (d) => done(String(d))).once("error", () => done(null));
  });

const site = () =>
  makeSite({
    routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"',
    // one address has all of them here
    more: "[limits]\nconnections_per_address = 10000\n",
  });

Deno.test({
  name:
    "with 256 files, config check and start warn, 421 is said before they run out, and after 400 connections are gone it accepts again",
  ignore: Deno.build.os !== "linux" || !installed("openssl"),
  fn: async () => {
    const s = await site();
    const checked = await limited(s, 256, "config", "check").output();
    assert.match(new TextDecoder().decode(checked.stderr), WARNING);
    assert.equal(checked.code, 0);
    const server = limited(s, 256, "serve").spawn();
    let output = "";
    const read = async (stream: ReadableStream<Uint8Array>) => {
      for await (const t of stream.pipeThrough(new TextDecoderStream())) output += t;
    };
    const reading = Promise.all([read(server.stdout), read(server.stderr)]);
    const crowd: Array<Socket> = [];
    try {
      await eventually(() => output.includes("(submissions, TLS)") ? true : null, 60_000);
      assert.match(output, WARNING);
      let refused = 0;
      for (let n = 0; n < 400; n++) {
        const socket = connect({ host: "127.0.0.1", port: s.submission, allowHalfOpen: true });
        socket.on("error", () => {});
        // they never say a word, and never close by themselves
        socket.on("data", (d) => {
          if (String(d).startsWith("421 ")) refused++;
        });
        crowd.push(socket);
      }
      await eventually(() => refused > 0 ? true : null);
      await eventually(() => output.includes("open no more files") ? true : null);
      for (const socket of crowd) socket.destroy();
      const said = await eventually(() => greeted(s.submission), 60_000);
      assert.match(said, /^220 /);
      await eventually(() => /connections are accepted again/.test(output) ? true : null);
    } finally {
      for (const socket of crowd) socket.destroy();
      server.kill("SIGTERM");
      const { code } = await server.status;
      await reading;
      await Deno.remove(s.dir, { recursive: true });
      assert.equal(code, 0, output);
    }
  },
});
