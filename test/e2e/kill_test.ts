/**
 * kill -9 of the server under load at random moments: every message that got its 250 reaches the sink, and what
 * arrives twice is counted. RFC 5321 §4.2.5, §6.1
 */
import assert from "node:assert/strict";
import { connect, type TLSSocket } from "node:tls";
import { SinkLedger, startSink } from "../support/smtp_sink.ts";
import {
  eventually,
  freePort,
  installed,
  makeSite,
  type Site,
  startPostern,
} from "../support/postern.ts";

/** More in a long run: `POSTERN_KILL_ROUNDS=200`. */
const ROUNDS = Number(Deno.env.get("POSTERN_KILL_ROUNDS") ?? 25);
const SENDERS = 6;

/** Sends until the connection breaks; notes what was acknowledged. */
const sendUntilDeath = (site: Site, prefix: string, acknowledged: Set<string>): Promise<void> =>
  new Promise((resolve) => {
    let n = 0;
    let text = "";
    let state = 0;
    const socket: TLSSocket = connect({
      host: "127.0.0.1",
      port: site.submissions,
      servername: "localhost",
      rejectUnauthorized: false,
    });
    socket.setEncoding("latin1");
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    const login = btoa(`\0${site.user}\0${site.password}`);
    const mail = `MAIL FROM:<${site.user}>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n`;
    const onReply = (code: string): void => {
      if (state === 0 && code === "220") {
        socket.write(`EHLO killer.example.com\r\nAUTH PLAIN ${login}\r\n`);
      } else if (code === "235") {
        state = 1;
        socket.write(mail);
      } else if (code === "354") {
        state = 2;
        socket.write(
          `From: <${site.user}>\r\nX-Seq: ${prefix}-${n}\r\n\r\n${"text ".repeat(100)}\r\n.\r\n`,
        );
      } else if (state === 2 && code === "250") {
        acknowledged.add(`${prefix}-${n++}`);
        state = 1;
        socket.write(mail);
      }
    };
    socket.on("data", (d) => {
      text += String(d);
      for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (line[3] !== "-") onReply(line.slice(0, 3));
      }
    });
  });

Deno.test({
  name: `kill -9: in ${ROUNDS} rounds under load nothing that was acknowledged is lost`,
  ignore: !installed("openssl"),
  fn: async () => {
    const ledger = new SinkLedger();
    const sinkPort = await freePort();
    const stopSink = await startSink(sinkPort, ledger);
    const site = await makeSite({
      routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${sinkPort}"\ntls = "none"`,
    });
    const acknowledged = new Set<string>();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const server = await startPostern(site);
        const senders = Array.from(
          { length: SENDERS },
          (_, i) => sendUntilDeath(site, `r${round}s${i}`, acknowledged),
        );
        await new Promise((r) => setTimeout(r, 100 + Math.random() * 500));
        await server.kill();
        await Promise.all(senders);
      }
      assert.ok(acknowledged.size > ROUNDS, `only ${acknowledged.size} were acknowledged at all`);
      const last = await startPostern(site);
      // leases of the dead lapse after 15 seconds
      await eventually(
        () => [...acknowledged].every((seq) => ledger.has(seq)) ? true : null,
        60_000 + ROUNDS * 500,
      );
      const code = await last.stop();
      assert.equal(code, 0, last.output());
      const { unique, doubled } = ledger.count();
      // deno-lint-ignore no-console -- the count belongs into the log of the run
      console.log(
        `kill -9: ${acknowledged.size} acknowledged, ${unique} arrived, ${doubled} doubled, 0 lost`,
      );
    } finally {
      await stopSink();
      await Deno.remove(site.dir, { recursive: true });
    }
  },
});
