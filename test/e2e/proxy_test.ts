/** Behind haproxy: the PROXY protocol names the client, on both ports and in both versions. */
import assert from "node:assert/strict";
import net from "node:net";
import { join } from "node:path";
import { eventually, freePort, installed, makeSite, startPostern } from "../support/postern.ts";

const BALANCER = "127.0.0.2";
const CLIENT = "127.0.0.3";
const PROXY = "127.0.0.4";

const haproxy = async (
  dir: string,
  fronts: ReadonlyArray<{ readonly port: number; readonly to: number; readonly send: string }>,
): Promise<() => Promise<void>> => {
  const file = join(dir, "haproxy.cfg");
  const sections = fronts.map((f) =>
    `listen l${f.port}\n  bind 127.0.0.1:${f.port}\n  server s 127.0.0.1:${f.to} ${f.send} source ${BALANCER}\n`
  );
  await Deno.writeTextFile(
    file,
    `defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n${
      sections.join("")
    }`,
  );
  const child = new Deno.Command("haproxy", {
    args: ["-db", "-f", file],
    stdout: "null",
    stderr: "null",
  })
    .spawn();
  return async () => {
    child.kill("SIGKILL");
    await child.status;
  };
};

/** What a peer at `from` hears after saying `text`, up to the end of the connection or of the greeting. */
const hear = (port: number, from: string, text: string): Promise<string> =>
  new Promise((resolve) => {
    let heard = "";
    const socket = net.connect(
      { port, host: "127.0.0.1", localAddress: from },
      () => socket.write(text),
    );
    socket.on("data", (d) => {
      heard += String(d);
      if (heard.endsWith("\r\n")) socket.destroy();
    });
    socket.on("close", () => resolve(heard));
    socket.on("error", () => {});
  });

Deno.test({
  name:
    "PROXY protocol: haproxy's connections count as the client's, XCLIENT likewise, and nobody else is believed",
  ignore: !installed("haproxy") || !installed("curl") || !installed("swaks"),
  fn: async (t) => {
    const site = await makeSite({
      listen: `proxy_from = ["${BALANCER}/32"]\nxclient_from = ["${PROXY}"]`,
      routes: `[[route]]\nto = "*"\nvia = "maildir:outbox"`,
      more: `[headers]\nreceived = "full"`,
    });
    const server = await startPostern(site);
    const cases = await Promise.all(
      ["send-proxy", "send-proxy-v2"].flatMap((send) =>
        [false, true].map(async (tls) => ({
          send,
          tls,
          to: tls ? site.submissions : site.submission,
          port: await freePort(),
        }))
      ),
    );
    const stop = await haproxy(site.dir, cases);
    const inbox = join(site.dir, "outbox", "new");
    const delivered = (subject: string): string | null => {
      try {
        for (const e of Deno.readDirSync(inbox)) {
          const text = Deno.readTextFileSync(join(inbox, e.name));
          if (text.includes(`Subject: ${subject}`)) return text;
        }
      } catch {
        // nothing was delivered yet
      }
      return null;
    };
    try {
      for (const c of cases) {
        const subject = `${c.send} ${c.tls ? "465" : "587"}`;
        await t.step(subject, async () => {
          const file = join(site.dir, "in.eml");
          await Deno.writeTextFile(
            file,
            `From: alice@example.com\r\nTo: bob@example.net\r\nSubject: ${subject}\r\n\r\nhello\r\n`,
          );
          const { success, stderr } = await new Deno.Command("curl", {
            args: [
              "--silent --show-error --max-time 20 --retry 20 --retry-connrefused --retry-delay 1 --ssl-reqd"
                .split(" "),
              ["--interface", CLIENT, "--cacert", site.certificate],
              ["--url", `${c.tls ? "smtps" : "smtp"}://127.0.0.1:${c.port}`],
              ["--user", `${site.user}:${site.password}`, "--mail-from", site.user],
              ["--mail-rcpt", "bob@example.net", "--upload-file", file],
            ].flat(),
          }).output();
          assert.ok(success, new TextDecoder().decode(stderr));
          assert.match(
            await eventually(() => delivered(subject)),
            /^Received: from .*\[127\.0\.0\.3\]/m,
          );
        });
      }
      await t.step("XCLIENT of a trusted proxy names the client", async () => {
        const { success, stdout, stderr } = await new Deno.Command("swaks", {
          args: [
            [
              "--server",
              "127.0.0.1",
              "--port",
              String(site.submission),
              "--local-interface",
              PROXY,
            ],
            ["--xclient", "ADDR=127.0.0.9", "--tls", "--auth", "PLAIN"],
            ["--auth-user", site.user, "--auth-password", site.password],
            ["--from", site.user, "--to", "bob@example.net", "--header", "Subject: xclient"],
          ].flat(),
        }).output();
        assert.ok(success, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
        assert.match(
          await eventually(() => delivered("xclient")),
          /^Received: from .*\[127\.0\.0\.9\]/m,
        );
      });
      await t.step("a balancer without a header hears nothing", async () => {
        assert.equal(await hear(site.submission, BALANCER, "EHLO x\r\n"), "");
        await eventually(() => server.output().includes("no PROXY header") ? true : null);
      });
      await t.step("a header of anybody else is a wrong command", async () => {
        const said = await hear(site.submission, CLIENT, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
        assert.match(said, /^220 /);
      });
    } finally {
      await stop();
      assert.equal(await server.stop(), 0, server.output());
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
