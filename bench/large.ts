/**
 * Memory for a message of 50 MB, or of so many as are asked for, on its way from a client through the spool to the next hop.
 *
 * `deno run <permissions of deno task bench> bench/large.ts [megabytes]`
 */
// deno-lint-ignore-file no-console -- it prints a figure
import { drive } from "./drive.ts";
import { memoryOf } from "./processes.ts";
import { sendLarge, startTaker } from "../test/support/large_message.ts";
import { eventually, makeSite, startPostern } from "../test/support/postern.ts";

/** Messages before it. */
const ORDINARY = 2_000;
/** Megabytes; 50 unless the command line says otherwise. */
const SIZE = Number(Deno.args[0] ?? 50) * 1024 * 1024;

const hop = await startTaker();
const site = await makeSite({
  routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:${hop.port}"\ntls = "none"`,
  more: "[limits]\nmessage_bytes = 300000000",
});
const server = await startPostern(site);
try {
  // what a server takes when it begins to work is not this message's
  await drive({
    port: site.submissions,
    user: site.user,
    password: site.password,
    from: site.user,
    to: "bob@example.net",
    connections: 4,
    messages: ORDINARY,
    bytes: 2048,
    fresh: false,
    tag: "ordinary",
  });
  await sendLarge(site, 2_000_000);
  await eventually(() => hop.messages() === ORDINARY + 1 ? true : null);
  await new Promise((r) => setTimeout(r, 1_000));
  const before = memoryOf(server.pid);
  let peak = before;
  const watch = setInterval(() => peak = Math.max(peak, memoryOf(server.pid)), 100);
  const reply = await sendLarge(site, SIZE);
  const accepted = peak;
  await eventually(() => hop.messages() === ORDINARY + 2 ? true : null, 60_000);
  clearInterval(watch);
  console.log(
    `${reply}\nmemory (PSS): ${before.toFixed(0)} MB before, ${
      accepted.toFixed(0)
    } MB when accepted, ${peak.toFixed(0)} MB at most; ${hop.octets()} octets arrived`,
  );
} finally {
  await server.stop();
  hop.stop();
  await Deno.remove(site.dir, { recursive: true });
}
Deno.exit(0);
