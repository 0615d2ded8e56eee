import assert from "node:assert/strict";
import { ScriptedHop } from "../support/scripted_hop.ts";
import { smtpHop, withRelay } from "./harness.ts";

const three = ["x@example.org", "y@example.org", "z@example.org"];

Deno.test("relay gives each LMTP recipient its reply after the dot. HOP-16", async () => {
  const hop = await ScriptedHop.start({
    lmtp: true,
    final: () => ["250 2.1.5 kept", "452 4.2.2 full", "550 5.2.1 closed"],
  });
  await withRelay({ hop: smtpHop(hop.port, { _tag: "Lmtp" }) }, async (relay) => {
    const id = await relay.send({ to: three });
    assert.deepEqual(await relay.settled(id), [
      "delivered: 250 2.1.5 kept",
      "queued: 452 4.2.2 full",
      "failed: 550 5.2.1 closed",
    ]);
    assert.equal(hop.commands[0], "LHLO msa.example.net");
  });
  await hop.stop();
});

Deno.test("relay counts the LMTP replies that came before the cut. HOP-16", async () => {
  const hop = await ScriptedHop.start({ lmtp: true, final: () => ["250 2.1.5 kept", "cut"] });
  await withRelay({ hop: smtpHop(hop.port, { _tag: "Lmtp" }) }, async (relay) => {
    const states = await relay.settled(await relay.send({ to: three }));
    assert.deepEqual(states.map((s) => s.split(":")[0]), ["delivered", "queued", "queued"]);
  });
  await hop.stop();
});

Deno.test("relay speaks LMTP over a unix socket", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/lmtp`;
  const hop = await ScriptedHop.start({ lmtp: true, path });
  await withRelay({ hop: { _tag: "LmtpUnix", path } }, async (relay) => {
    const id = await relay.send({ to: ["x@example.org"] });
    assert.deepEqual(await relay.settled(id), ["delivered: 250 2.1.5 kept"]);
  });
  await hop.stop();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("relay defers where the unix socket is not there", async () => {
  await withRelay({ hop: { _tag: "LmtpUnix", path: "/nonexistent/lmtp" } }, async (relay) => {
    const id = await relay.send({ to: ["x@example.org"] });
    assert.deepEqual(await relay.settled(id), ["queued: No such socket"]);
  });
});

for (const [keywords, told] of [[["DSN"], 0], [[], 1]] as const) {
  Deno.test(`EXT-DSN-3: relay to an LMTP server with [${keywords}] tells the sender ${told} times of success`, async () => {
    const hop = await ScriptedHop.start({ lmtp: true, keywords });
    await withRelay({ hop: smtpHop(hop.port, { _tag: "Lmtp" }) }, async (relay) => {
      await relay.settled(
        await relay.send({ to: ["x@example.org"], wishes: [{ notify: ["SUCCESS"] }] }),
      );
      await new Promise((r) => setTimeout(r, 100));
      const reports = await relay.bounces();
      assert.equal(reports.length, told);
      for (const r of reports) assert.match(r.text, /\r\nAction: delivered\r\n/);
    });
    await hop.stop();
  });
}
