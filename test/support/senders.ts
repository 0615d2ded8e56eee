/** Clients that send as fast as they get replies, until the server dies under them. */
import { connect, type TLSSocket } from "node:tls";
import type { KillLedger } from "./kill_ledger.ts";
import type { Site } from "./postern.ts";

/** Every so many messages of one sender are large enough to be staged on disk. */
const LARGE_EVERY = 40;

const TO = [["bob"], ["bob", "nobody"], ["nobody"]] as const;
export const RCPT = { bob: "<bob@example.net>", nobody: "<nobody@example.net>" };

const messageOf = (site: Site, seq: string, large: boolean): string =>
  `From: <${site.user}>\r\nX-Seq: ${seq}\r\n\r\n${
    `${"text ".repeat(14)}\r\n`.repeat(large ? 5_000 : 7)
  }end of ${seq}\r\n.\r\n`;

/** Sends at most so many messages, and stays until the connection breaks; notes what was acknowledged. */
export const sendUntilDeath = (
  site: Site,
  prefix: string,
  most: number,
  ledger: KillLedger,
): Promise<void> =>
  new Promise((resolve) => {
    let n = 0;
    let text = "";
    let state: "greeting" | "mail" | "data" = "greeting";
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
    const to = () => TO[n % TO.length]!;
    const mail = () => {
      state = "mail";
      const rcpt = to().map((who) => `RCPT TO:${RCPT[who]}\r\n`).join("");
      socket.write(`MAIL FROM:<${site.user}>\r\n${rcpt}DATA\r\n`);
    };
    const onReply = (code: string): void => {
      if (state === "greeting" && code === "220") {
        socket.write(`EHLO killer.example.com\r\nAUTH PLAIN ${login}\r\n`);
      } else if (code === "235") {
        mail();
      } else if (code === "354") {
        state = "data";
        socket.write(messageOf(site, `${prefix}-${n}`, n % LARGE_EVERY === LARGE_EVERY - 1));
      } else if (state === "data" && code === "250") {
        ledger.acknowledged.set(`${prefix}-${n}`, {
          copy: to().some((who) => who === "bob"),
          report: to().some((who) => who === "nobody"),
        });
        if (++n < most) mail();
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
