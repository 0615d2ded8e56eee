/** Rows of the conformance ledger that show only on a whole server: what a stranger and a user see of it. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import net from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { eventually, installed, makeSite, postern, startPostern } from "../support/postern.ts";

class Dialogue {
  #text = "";
  #wake = () => {};
  closed = false;
  readonly socket: net.Socket;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (d: unknown) => {
      this.#text += new TextDecoder("latin1").decode(d as Uint8Array);
      this.#wake();
    });
    const gone = () => {
      this.closed = true;
      this.#wake();
    };
    socket.on("end", gone).on("close", gone).on("error", gone);
  }

  /** A whole reply, its lines joined by CRLF; empty where the server closes. */
  async reply(): Promise<string> {
    for (;;) {
      const whole = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(this.#text)?.[0];
      if (whole !== undefined) {
        this.#text = this.#text.slice(whole.length);
        return whole.trimEnd();
      }
      if (this.closed) return "";
      await new Promise<void>((r) => this.#wake = r);
    }
  }

  async say(line: string): Promise<string> {
    this.socket.write(`${line}\r\n`);
    return await this.reply();
  }

  async data(...lines: ReadonlyArray<string>): Promise<string> {
    assert.match(await this.say("DATA"), /^354/);
    return await this.say([...lines, "."].join("\r\n"));
  }
}

const inClear = (port: number): Promise<Dialogue> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => resolve(new Dialogue(socket)));
  });

const secured = (port: number): Promise<Dialogue> =>
  new Promise((resolve) => {
    const socket = tls.connect(
      { port, host: "127.0.0.1", rejectUnauthorized: false },
      () => resolve(new Dialogue(socket)),
    );
  });

Deno.test("the ledger's rows on a whole server", async (t) => {
  // a name server that hears everything and says nothing
  const silent = createSocket("udp4");
  const dnsPort = await new Promise<number>((resolve) =>
    silent.bind(0, "127.0.0.1", () => resolve(silent.address().port))
  );
  const site = await makeSite({
    routes:
      `[[route]]\nto = "*"\nvia = "maildir:outbox"\n[[route]]\nto = "slow.example"\nvia = "mx"\n` +
      `[dns]\nservers = ["127.0.0.1:${dnsPort}"]\ntimeout_seconds = 0.5\nattempts = 1`,
    more: `[headers]\nreceived = "full"`,
  });
  const server = await startPostern(site);
  const signedIn = async (): Promise<Dialogue> => {
    const d = await secured(site.submissions);
    await d.reply();
    await d.say("EHLO client.example");
    assert.match(await d.say(`AUTH PLAIN ${btoa(`\0${site.user}\0${site.password}`)}`), /^235 /);
    return d;
  };
  const begun = async (to = "bob@example.net"): Promise<Dialogue> => {
    const d = await signedIn();
    await d.say("MAIL FROM:<alice@example.com>");
    assert.match(await d.say(`RCPT TO:<${to}>`), /^250 /);
    return d;
  };
  const inbox = join(site.dir, "outbox", "new");
  const arrived = (subject: string): string | null => {
    try {
      for (const { name } of Deno.readDirSync(inbox)) {
        const text = Deno.readTextFileSync(join(inbox, name));
        if (text.includes(`Subject: ${subject}`)) return text;
      }
    } catch {
      // nothing was delivered yet
    }
    return null;
  };
  try {
    await t.step(
      "MSA-3.1, TLS-01, SMTP-01: both ports greet with the name and nothing else",
      async () => {
        for (const d of [await inClear(site.submission), await secured(site.submissions)]) {
          assert.equal(await d.reply(), "220 msa.example.com ESMTP");
        }
      },
    );
    await t.step("MSA-3.3: an address alone is no authority", async () => {
      const d = await secured(site.submissions);
      await d.reply();
      await d.say("EHLO x");
      assert.match(await d.say("MAIL FROM:<alice@example.com>"), /^530 5\.7\.0 /);
    });
    await t.step("MSA-7.1, MSA-7.2, MSA-7.4, MSA-7.5: EHLO lists what may be listed", async () => {
      const d = await signedIn();
      const words = (await d.say("EHLO x")).split("\r\n").slice(1).map((l) =>
        l.slice(4).split(" ")[0]
      );
      for (
        const must of [
          "PIPELINING",
          "ENHANCEDSTATUSCODES",
          "DSN",
          "8BITMIME",
          "SIZE",
          "CHUNKING",
          "BINARYMIME",
          "SMTPUTF8",
        ]
      ) {
        assert.ok(words.includes(must), must);
      }
      for (
        const never of [
          "CHECKPOINT",
          "NO-SOLICITING",
          "MTRK",
          "CONPERM",
          "CONNEG",
          "ETRN",
          "ATRN",
          "BURL",
          "STARTTLS",
          "XCLIENT",
        ]
      ) {
        assert.ok(!words.includes(never), never);
      }
      assert.match(await d.say("MAIL FROM:<alice@example.com> MTRK=abc"), /^555 5\.5\.4 /);
    });
    await t.step("MSA-7.3: ETRN and ATRN are not for a submission port", async () => {
      const d = await signedIn();
      for (const line of ["ETRN example.com", "ATRN example.com"]) {
        assert.match(await d.say(line), /^502 5\.5\.1 /);
      }
    });
    await t.step("MSA-9.1, TLS-04: refusals of strangers are the same to the octet", async () => {
      const clear = await inClear(site.submission);
      await clear.reply();
      await clear.say("EHLO x");
      const secret = (user: string, password: string) =>
        `AUTH PLAIN ${btoa(`\0${user}\0${password}`)}`;
      const inTheClear = [
        await clear.say(secret(site.user, site.password)),
        await clear.say(secret(site.user, "wrong")),
      ];
      assert.match(inTheClear[0] ?? "", /^530 5\.7\.0 /);
      assert.equal(inTheClear[0], inTheClear[1]);
      const said: Array<string> = [];
      for (const user of [site.user, "nobody@example.com"]) {
        const d = await secured(site.submissions);
        await d.reply();
        await d.say("EHLO x");
        said.push(await d.say(secret(user, "wrong")));
      }
      assert.match(said[0] ?? "", /^535 5\.7\.8 /);
      assert.equal(said[0], said[1]);
    });
    await t.step(
      "STLS-6: a handshake that is none ends the connection, without a word in clear",
      async () => {
        const d = await inClear(site.submission);
        await d.reply();
        await d.say("EHLO x");
        assert.match(await d.say("STARTTLS"), /^220 /);
        assert.equal(await d.say("EHLO y"), "");
        assert.ok(d.closed);
      },
    );
    await t.step(
      "MSA-3.2c: a header that would have to be guessed is refused, and nothing leaves",
      async () => {
        const d = await begun();
        const said = await d.data("From: <<alice@example.com>>", "Subject: guessed", "", "x");
        assert.match(said, /^554[- ]5\.6\.0 /);
        const { stdout } = await postern(["--config", site.config, "queue", "list", "--json"]);
        assert.deepEqual(JSON.parse(stdout), []);
      },
    );
    await t.step("MSA-5.3: a name server that says nothing delays no reply for long", async () => {
      const d = await signedIn();
      await d.say("MAIL FROM:<alice@example.com>");
      const started = performance.now();
      assert.match(await d.say("RCPT TO:<x@slow.example>"), /^250 /);
      assert.ok(performance.now() - started < 60_000);
    });
    await t.step(
      "EOL-7: a line of 998 octets is taken, a longer one that cannot be folded is not",
      async () => {
        const field = (octets: number) => `X-Long: ${"x".repeat(octets - "X-Long: ".length)}`;
        const d = await begun();
        const head = ["From: alice@example.com", "To: bob@example.net", "Subject: eol"];
        assert.match(await d.data(...head, field(998), "", "x".repeat(998)), /^250 2\.0\.0 /);
        const e = await begun();
        assert.match(await e.data(...head, field(1200), "", "x"), /^554[- ]5\.6\.0 /);
      },
    );
    await t.step(
      "MSA-8.2, MSA-9.2, TLS-06: it is repaired, and can be traced to who sent it",
      async () => {
        const d = await begun();
        const said = await d.data(
          "From: alice@example.com",
          "To: bob@example.net",
          "Subject: traced",
          "",
          "x",
        );
        const id = /\b([0-9a-z]{15,})\b/.exec(said)?.[1] ?? "";
        const text = await eventually(() => arrived("traced"));
        assert.match(text, /^Date: \w{3}, \d+ \w{3} \d{4} [\d:]{8} [+-]\d{4}$/m);
        assert.match(text.replaceAll(/\r?\n[ \t]+/g, " "), /^Received: .* tls TLS_[A-Z0-9_]+.*;/m);
        const { stdout } = await postern(["--config", site.config, "queue", "show", id, "--json"]);
        const kept = JSON.parse(stdout);
        assert.equal(kept.account, site.user);
        assert.equal(kept.returnPath, site.user);
        assert.equal(kept.session.clientAddress, "127.0.0.1");
        assert.match(kept.session.tls.version, /^TLSv1\.[23]$/);
      },
    );
    await t.step({
      name: "TLS-07, TLS-08: no certificate is asked for, and the goodbye is said under TLS",
      ignore: !installed("openssl"),
      fn: async () => {
        const child = new Deno.Command("openssl", {
          args: [
            "s_client",
            "-connect",
            `127.0.0.1:${site.submissions}`,
            "-quiet",
            "-msg",
            "-crlf",
          ],
          stdin: "piped",
          stdout: "piped",
          stderr: "piped",
        }).spawn();
        const writer = child.stdin.getWriter();
        await writer.write(new TextEncoder().encode("QUIT\n"));
        const { stdout, stderr } = await child.output();
        await writer.close().catch(() => {});
        const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
        assert.match(said, /^221 2\.0\.0 /m);
        assert.doesNotMatch(said, /CertificateRequest/);
        assert.match(said, /<<< TLS 1\.[23], Alert .*\n.*close_notify|<<< .*warning close_notify/);
      },
    });
  } finally {
    silent.close();
    assert.equal(await server.stop(), 0, server.output());
    await Deno.remove(site.dir, { recursive: true });
  }
});
