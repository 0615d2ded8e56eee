/** A large message, as fast as it can be sent, takes no memory that grows with it. threats.md row 9 */
import assert from "node:assert/strict";
import { sendLarge, startTaker } from "../support/large_message.ts";
import { makeSite, startPostern } from "../support/postern.ts";

const MB = 1024 * 1024;
const LARGE = 128 * MB;
/** Buffers, caches and what is not collected yet; generous, and far less than what was held when all was read. */
const ALLOWED = 112;

/** Memory of a process in MB, shared pages counted by share. */
const memoryOf = (pid: number): number => {
  const { stdout } = new Deno.Command("cat", { args: [`/proc/${pid}/smaps_rollup`] }).outputSync();
  const pss = /^Pss:\s+(\d+)/m.exec(new TextDecoder().decode(stdout))?.[1];
  if (pss === undefined) throw new Error("no figure of the server's memory");
  return Number(pss) / 1024;
};

/** MB that the server grows by while a large message goes through it. */
const grownBy = async (routes: string): Promise<number> => {
  const site = await makeSite({ routes, more: "[limits]\nmessage_bytes = 200000000" });
  const server = await startPostern(site);
  try {
    // what is made once, at the first message, is not this message's
    assert.match(await sendLarge(site, 8 * MB), /^250 /);
    const before = memoryOf(server.pid);
    let peak = before;
    const watch = setInterval(() => peak = Math.max(peak, memoryOf(server.pid)), 100);
    const reply = await sendLarge(site, LARGE);
    clearInterval(watch);
    assert.match(reply, /^250 /);
    return peak - before;
  } finally {
    await server.stop();
    await Deno.remove(site.dir, { recursive: true });
  }
};

Deno.test("a large message that comes as fast as it can takes little memory", async () => {
  // nobody listens there: what is measured is the way into the spool
  const grown = await grownBy(`[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:1"\ntls = "none"`);
  assert.ok(grown < ALLOWED, `the server grew by ${grown.toFixed(0)} MB`);
});

Deno.test("a large message that is passed through takes little memory as well", async () => {
  const hop = await startTaker();
  try {
    const grown = await grownBy(
      `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ndurability = "next_hop"`,
    );
    assert.ok(hop.octets() > LARGE);
    assert.ok(grown < ALLOWED, `the server grew by ${grown.toFixed(0)} MB`);
  } finally {
    hop.stop();
  }
});
