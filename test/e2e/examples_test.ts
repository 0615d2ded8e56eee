/** The programs of `examples/` do what their first lines say. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DnsServer } from "../support/dns_server.ts";
import { eventually, makeSite } from "../support/postern.ts";
import { run } from "../support/program.ts";
import { SmtpDialog } from "../support/smtp_dialog.ts";

const example = (name: string): string =>
  new URL(`../../examples/${name}`, import.meta.url).pathname;

/** A running example: what it has printed, and its end. */
const start = (args: ReadonlyArray<string>, cwd: string) => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let printed = "";
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) printed += part;
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  return {
    /** The first group of `pattern`, once it is printed. */
    said: async (pattern: RegExp): Promise<string> => {
      const found = await eventually(() => pattern.exec(printed), 60_000).catch(() => null);
      assert.ok(found !== null, `${pattern} not in ${JSON.stringify(printed)}`);
      return found[1] ?? "";
    },
    stop: async (): Promise<number> => {
      try {
        child.kill("SIGTERM");
      } catch { // it has ended by itself, which `said` shows
      }
      const { code } = await child.status;
      await reading;
      return code;
    },
  };
};

Deno.test("examples/embed.ts takes mail of the robot, archives it, and tells of it", async () => {
  const site = await makeSite({ routes: '[[route]]\nto = "*"\nvia = "maildir:outbox"' });
  const permissions = ["--allow-net", "--allow-read", "--allow-write"];
  const server = start(["run", ...permissions, example("embed.ts"), site.config], site.dir);
  try {
    const port = Number(await server.said(/ready on port (\d+)/));
    const d = await SmtpDialog.open({ port, implicitTls: true });
    try {
      assert.match(await d.one(`AUTH PLAIN ${btoa(`\0${site.user}\0${site.password}`)}`), /^235/);
      assert.match(await d.one("MAIL FROM:<robot@example.org>"), /^250/);
      assert.match(await d.one("RCPT TO:<all@archive.example>"), /^250/);
      assert.match(await d.one("DATA"), /^354/);
      const text = "From: robot@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nhello\r\n.";
      assert.match(await d.one(text), /^250/);
    } finally {
      d.close();
    }
    await server.said(/alice@example\.com sent <1@example\.org> \((\w+)\)/);
    const archive = join(site.dir, "archive", "new");
    await eventually(() => {
      try {
        return [...Deno.readDirSync(archive)].length === 1 ? true : null;
      } catch {
        return null; // nothing was delivered so far
      }
    }, 20_000);
  } finally {
    await server.stop();
    await Deno.remove(site.dir, { recursive: true });
  }
});

Deno.test("examples/edge.ts answers mail programs, and judges messages", async () => {
  const listen = ["serve", "--host", "127.0.0.1", "--port", "0"];
  const worker = start([...listen, example("edge.ts")], Deno.cwd());
  try {
    const port = await worker.said(/127\.0\.0\.1:(\d+)/);
    const at = `http://127.0.0.1:${port}`;
    const settings = await fetch(`${at}/mail/config-v1.1.xml?emailaddress=a@example.com`);
    assert.match(await settings.text(), /<hostname>mail\.example\.com<\/hostname>/);
    const judge = async (from: string) => {
      const answer = await fetch(`${at}/judge?from=a@example.com&to=b@example.org`, {
        method: "POST",
        body: `From: ${from}\r\nSubject: x\r\n\r\nhello\r\n`,
      });
      return await answer.json();
    };
    const good = await judge("a@example.com");
    assert.equal(good.accepted, true, JSON.stringify(good));
    const forged = await judge("boss@example.com");
    assert.equal(forged.accepted, false);
    assert.equal(forged.reply.code, 550);
    assert.equal((await fetch(`${at}/judge`, { method: "POST", body: "" })).status, 400);
  } finally {
    await worker.stop();
  }
});

Deno.test("examples/discover.ts prints the servers that SRV records name", async () => {
  const srv = (name: string, port: number, target = "mail.example.com") => ({
    answers: [{
      type: "SRV" as const,
      name,
      ttl: 60,
      data: { priority: 0, weight: 1, port, target },
    }],
  });
  const dns = await DnsServer.start({
    "SRV _imaps._tcp.example.com": srv("_imaps._tcp.example.com", 993),
    "SRV _submissions._tcp.example.com": srv("_submissions._tcp.example.com", 465),
  });
  try {
    const permissions = ["--allow-net", "--allow-read"];
    const server = `127.0.0.1:${dns.port}`;
    const args = ["run", ...permissions, example("discover.ts"), "alice@example.com", server];
    const printed = await run(Deno.execPath(), args, "");
    assert.match(printed, /imap mail\.example\.com:993 \S+ as alice@example\.com/);
    assert.match(printed, /mail\.example\.com:465 /);
  } finally {
    await dns.stop();
  }
});
