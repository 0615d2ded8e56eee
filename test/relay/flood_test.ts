/** threats.md row 30: what a hop sends without end is neither held nor waited for, in clear and under TLS. */
import assert from "node:assert/strict";
import { type Answer, type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { makeSelfSigned } from "../../lib/tls/selfsigned.ts";
import { smtpHop, STANDARD, until, withRelay } from "./harness.ts";

const { certificatePem: cert, keyPem: key } = await makeSelfSigned(["localhost"], Date.now());
const NOT_SMTP = "Server sent something that is no SMTP reply";
/** What the buffers of both sides of a connection hold on the way. */
const ON_THE_WAY = 16 * 1024 * 1024;

const KEPT = "250 2.0.0 kept";
const LINE: Answer = { endless: "x" };
const LINES: Answer = { endless: "250-and one more\r\n" };
const REPLIES: Answer = { endless: "250 fine\r\n" };

const phases: ReadonlyArray<readonly [string, (flood: Answer) => Script]> = [
  ["as greeting", (greeting) => ({ greeting })],
  ["to EHLO", (flood) => ({ on: (c) => c.startsWith("EHLO") ? flood : undefined })],
  ["to MAIL", (flood) => ({ on: (c) => c.startsWith("MAIL") ? flood : undefined })],
  ["to DATA", (flood) => ({ on: (c) => c === "DATA" ? flood : undefined })],
  ["after the dot", (flood) => ({ final: () => [flood] })],
  ["behind its 250", (flood) => ({ final: () => [KEPT, flood] })],
  ["to QUIT", (flood) => ({ on: (c) => c === "QUIT" ? flood : undefined })],
];
/** By then the message is delivered. */
const LATE = ["behind its 250", "to QUIT"];
const floods: ReadonlyArray<readonly [string, Answer]> = [
  ["a line without end", LINE],
  ["a reply without end", LINES],
  ["replies without end", REPLIES],
];

for (const implicitTls of [false, true]) {
  for (const [phase, script] of phases) {
    for (const [what, flood] of floods) {
      Deno.test(`threats.md row 30: a hop that sends ${what} ${phase} ${implicitTls ? "under TLS" : "in clear"} is left at once`, async () => {
        const hop = await ScriptedHop.start({
          ...script(flood),
          tls: { key, cert },
          implicitTls,
          stubborn: true,
        });
        const given = {
          hop: smtpHop(hop.port, { implicitTls, tls: implicitTls ? "opportunistic" : "none" }),
          settings: { patience: { ...STANDARD, idle: 20 } },
        };
        try {
          await withRelay(given, async (relay) => {
            const id = await relay.send({ to: ["x@example.org"] });
            const [result] = await relay.settled(id);
            if (LATE.includes(phase)) assert.equal(result, `delivered: ${KEPT}`);
            else if (flood !== REPLIES) assert.equal(result, `queued: ${NOT_SMTP}`);
            await until(() => hop.flooded > 0);
            // a peer that keeps sending gets no time for a goodbye
            await until(() => hop.connections === 0, 1_000);
            assert.ok(hop.flooded < ON_THE_WAY, `took ${hop.flooded} octets`);
          });
        } finally {
          await hop.stop();
        }
      });
    }
  }
}
