/** Message data of many connections at once is bounded, and each of them comes to its 250. threats: memory */
import assert from "node:assert/strict";
import { sendLarge } from "../support/large_message.ts";
import { makeSite, startPostern } from "../support/postern.ts";

Deno.test("many large messages at once take their turns where memory for them is scarce", async () => {
  const site = await makeSite({
    routes: `[[route]]\nto = "*"\nvia = "smtp://127.0.0.1:1"\ntls = "none"`,
    more: "[limits]\ndata_memory_mb = 1\ndata_seconds = 5",
  });
  const server = await startPostern(site);
  try {
    const replies = await Promise.all(
      Array.from({ length: 12 }, () => sendLarge(site, 2 * 1024 * 1024)),
    );
    for (const reply of replies) assert.match(reply, /^250 /);
  } finally {
    await server.stop();
    await Deno.remove(site.dir, { recursive: true });
  }
});
