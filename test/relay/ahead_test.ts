/** Next hops that do not take commands behind the final dot, in every way in which they say so. HOP-12, EXT-PIPE-2 */
import assert from "node:assert/strict";
import { type Answer, type Script, ScriptedHop } from "../support/scripted_hop.ts";
import { LONG, RARE, smtpHop, until, withRelay } from "./harness.ts";

const MANY = 30;

/** `tries`: how often it hears something behind a final dot, at most. */
const HOPS: ReadonlyArray<
  { readonly name: string; readonly behind: (command: string) => Answer; readonly lmtp?: true }
> = [
  { name: "503 to each command", behind: () => "503 5.5.1 pipelined after end of DATA" },
  { name: "503 to each command, without enhanced codes", behind: () => "503 Bad sequence" },
  { name: "500 to each command", behind: () => "500 5.5.2 what" },
  { name: "554 to each command", behind: () => "554 5.5.0 synchronization error" },
  { name: "421", behind: () => "421 4.7.0 pipelining is not welcome" },
  { name: "the end of the connection", behind: () => "cut" },
  {
    name: "503 to what follows MAIL",
    behind: (c) => c.startsWith("MAIL") ? "250 2.1.0 ok" : "503 5.5.1 pipelined",
  },
  { name: "503 to each command, over LMTP", behind: () => "503 5.5.1 no", lmtp: true },
];

for (const { name, behind, lmtp } of HOPS) {
  for (const connections of [1, 4]) {
    Deno.test(
      `relay sends all of ${MANY} messages once to a hop that answers what comes behind the dot by ${name}, ${connections} connections`,
      async () => {
        const hop = await ScriptedHop.start({ behind, ...lmtp === true ? { lmtp } : {} });
        try {
          await withRelay({
            hop: smtpHop(hop.port, { _tag: lmtp === true ? "Lmtp" : "Smtp" }),
            settings: { patience: LONG, connectionsPerHop: connections },
          }, async (relay) => {
            const ids: Array<string> = [];
            for (let i = 0; i < MANY; i++) {
              ids.push(await relay.send({ to: ["x@example.org"], body: `${i}\r\n` }));
            }
            for (const id of ids) {
              const [state] = await relay.settled(id);
              assert.match(state ?? "", /^delivered: /);
            }
            assert.equal(hop.messages.length, MANY, "each once");
            assert.deepEqual(await relay.bounces(), []);
            // one message found out, and all others heeded it
            assert.ok(hop.ahead.length <= 3, hop.ahead.join("\n"));
          });
        } finally {
          await hop.stop();
        }
      },
    );
  }
}

const sendMany = async (
  script: Script,
  body: (hop: ScriptedHop, states: ReadonlyArray<string>) => void | Promise<void>,
): Promise<void> => {
  const hop = await ScriptedHop.start(script);
  try {
    await withRelay(
      { hop: smtpHop(hop.port), settings: { patience: LONG, connectionsPerHop: 1 } },
      async (relay) => {
        const ids: Array<string> = [];
        for (let i = 0; i < MANY; i++) ids.push(await relay.send({ to: ["x@example.org"] }));
        const states: Array<string> = [];
        for (const id of ids) states.push(...await relay.settled(id));
        await body(hop, states);
      },
    );
  } finally {
    await hop.stop();
  }
};

Deno.test("relay goes on sending ahead to a hop that has shown that it takes it", () =>
  sendMany({}, (hop, states) => {
    assert.deepEqual(new Set(states), new Set(["delivered: 250 2.0.0 kept"]));
    assert.equal(hop.told.length, 1);
    // MAIL, RCPT and DATA of all but the first few
    assert.ok(hop.ahead.length >= 3 * (MANY - 6), `${hop.ahead.length}`);
  }));

Deno.test("relay does not take the first refusal for one of the message, where commands were on trial behind it", () => {
  let refused = 0;
  return sendMany({
    // whatever had something behind it is refused as a whole
    final: () => ["250 2.0.0 kept"],
    behind: () => {
      refused++;
      return "550 5.7.0 smuggling";
    },
  }, (hop, states) => {
    assert.deepEqual(new Set(states), new Set(["delivered: 250 2.0.0 kept"]));
    assert.ok(refused <= 3);
    assert.equal(hop.messages.length, MANY);
  });
});

for (
  const reply of [
    "530 5.7.0 Must issue a STARTTLS command first",
    "530 5.7.0 Authentication required",
    "534 5.7.9 too weak",
    "535 5.7.8 bad credentials",
    "538 5.7.11 encryption required",
  ]
) {
  for (const verb of ["MAIL", "RCPT", "DATA"]) {
    Deno.test(`HOP-17: relay waits where ${verb} is answered ${reply.slice(0, 9)}, and nobody gets a bounce`, async () => {
      const hop = await ScriptedHop.start({
        on: (c) => c.startsWith(verb) ? reply : undefined,
      });
      try {
        await withRelay({ hop: smtpHop(hop.port), settings: { retry: RARE } }, async (relay) => {
          const id = await relay.send({ to: ["x@example.org"] });
          assert.deepEqual(await relay.settled(id), [`queued: ${reply}`]);
          assert.deepEqual(await relay.bounces(), []);
          // told for what it is: given up after a day
          const old = await relay.send({
            to: ["x@example.org"],
            acceptedAt: Date.now() - 25 * 3_600_000,
          });
          await until(async () => (await relay.recipients(old))[0]?.state === "expired");
        });
      } finally {
        await hop.stop();
      }
    });
  }
}
