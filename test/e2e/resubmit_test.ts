/** A client that loses the final 250 and sends the message again: one delivery, one queue id. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { eventually, makeSite, postern, startPostern } from "../support/postern.ts";

Deno.test("a message that is sent again gets the first one's queue id, also after a restart, and is delivered once", async () => {
  const site = await makeSite({ routes: `[[route]]\nto = "*"\nvia = "maildir:outbox"` });
  let server = await startPostern(site);
  const send = async (messageId: string | undefined, text: string): Promise<string> => {
    const transport = createTransport({
      host: "127.0.0.1",
      port: site.submissions,
      secure: true,
      auth: { user: site.user, pass: site.password },
      tls: { rejectUnauthorized: false },
    });
    const raw = [
      "From: alice@example.com",
      "To: bob@example.net",
      ...(messageId === undefined ? [] : [`Message-ID: <${messageId}>`]),
      "",
      text,
      "",
    ].join("\r\n");
    const { response } = await transport.sendMail({
      envelope: { from: site.user, to: ["bob@example.net"] },
      raw,
    });
    transport.close();
    const id = /^250 2\.0\.0 .*?\b([0-9a-z]{15,})\b/.exec(response)?.[1];
    assert.ok(id !== undefined, response);
    return id;
  };
  const inbox = join(site.dir, "outbox", "new");
  const arrived = (): number => {
    try {
      return [...Deno.readDirSync(inbox)].length;
    } catch {
      return 0;
    }
  };
  try {
    const first = await send("1@client.example", "hello");
    assert.equal(await send("1@client.example", "hello"), first);
    await server.stop();
    server = await startPostern(site);
    assert.equal(await send("1@client.example", "hello"), first);
    const others = [
      await send("1@client.example", "something else"),
      await send("2@client.example", "hello"),
      // no Message-ID of its own: nobody can say that it is the same
      await send(undefined, "hello"),
      await send(undefined, "hello"),
    ];
    assert.equal(new Set([first, ...others]).size, 5);
    await eventually(() => arrived() === 5 ? true : null);
    const { stdout } = await postern(["--config", site.config, "queue", "show", first]);
    assert.equal(stdout.match(/submit\.repeated/g)?.length, 2, stdout);
  } finally {
    assert.equal(await server.stop(), 0, server.output());
    await Deno.remove(site.dir, { recursive: true });
  }
});
