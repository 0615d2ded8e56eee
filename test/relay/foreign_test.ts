/** The relay towards MTAs that we did not write. HOP-10, HOP-16 */
import assert from "node:assert/strict";
import {
  dovecotAvailable,
  eximAvailable,
  type ForeignHop,
  opensmtpdAvailable,
  startDovecot,
  startExim,
  startOpensmtpd,
} from "../support/foreign_mta.ts";
import {
  aiosmtpdAvailable,
  harakaAvailable,
  smtpServerAvailable,
  startAiosmtpd,
  startHaraka,
  startSmtpServer,
} from "../support/script_hops.ts";
import { smtpHop, STANDARD, until, withRelay } from "./harness.ts";

const BODY = "Gr\xc3\xbc\xc3\x9fe\r\n.\r\n..two\r\nFrom here on\r\n";
const octets = (s: string) => s.replaceAll("\r\n", "\n");

for (
  const { name, available, start, tag } of [
    { name: "Exim", available: eximAvailable, start: startExim, tag: "Smtp" },
    { name: "OpenSMTPD", available: opensmtpdAvailable, start: startOpensmtpd, tag: "Smtp" },
    { name: "Dovecot over LMTP", available: dovecotAvailable, start: startDovecot, tag: "Lmtp" },
    { name: "Haraka", available: harakaAvailable, start: startHaraka, tag: "Smtp" },
    { name: "smtp-server", available: smtpServerAvailable, start: startSmtpServer, tag: "Smtp" },
    { name: "aiosmtpd", available: aiosmtpdAvailable, start: startAiosmtpd, tag: "Smtp" },
  ] as const
) {
  Deno.test({
    name:
      `HOP-10, HOP-15, HOP-16: ${name} gets every octet, many messages a connection, and refuses one of three recipients`,
    ignore: !available(),
    fn: async () => {
      const dir = await Deno.makeTempDir({ prefix: "postern-foreign-" });
      await Deno.chmod(dir, 0o755);
      const hop: ForeignHop = await start(dir);
      try {
        await withRelay({
          hop: smtpHop(hop.port, { _tag: tag }),
          settings: { patience: STANDARD },
        }, async (relay) => {
          const first = await relay.send({
            to: ["bob@example.net", "nobody@example.net", "carol@example.net"],
            body: BODY,
            eightBit: true,
          });
          await until(
            async () => (await relay.recipients(first)).every((r) => r.attempts > 0),
            20_000,
          );
          const states = (await relay.recipients(first)).map((r) => r.state);
          assert.deepEqual(states, ["delivered", "failed", "delivered"]);
          const [bounce] = await relay.bounces();
          assert.match(bounce?.text ?? "", /Final-Recipient: rfc822; nobody@example\.net/);
          const more: Array<string> = [];
          for (let i = 0; i < 30; i++) {
            more.push(
              await relay.send({ to: ["bob@example.net"], body: `${i}\r\n${"x".repeat(70)}\r\n` }),
            );
          }
          for (const id of more) {
            await until(async () => (await relay.recipients(id))[0]?.state === "delivered", 20_000);
          }
          await until(() => hop.delivered().length >= 31, 20_000);
          const kept = hop.delivered().filter((m) => m.includes("From here on"));
          assert.ok(kept.length >= 1);
          for (const m of kept) {
            assert.ok(octets(m).includes(octets(BODY)), m);
          }
        });
      } finally {
        await hop.stop();
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}
