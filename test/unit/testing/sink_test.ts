import assert from "node:assert/strict";
import { createTransport } from "nodemailer";
import { startSink } from "../../../lib/testing/sink.ts";

const send = async (port: number, text: string): Promise<void> => {
  const transport = createTransport({ host: "127.0.0.1", port, ignoreTLS: true });
  const envelope = { from: "a@example.com", to: ["b@example.org", "c@example.org"] };
  await transport.sendMail({ envelope, raw: `From: a@example.com\r\n\r\n${text}\r\n` });
  transport.close();
};

Deno.test("startSink() gives what was sent, dots and all", async () => {
  const sink = await startSink();
  try {
    const waiting = sink.next();
    await send(sink.port, ".one\r\n..\r\ntwo");
    const { from, to, text } = await waiting;
    assert.equal(from, "a@example.com");
    assert.deepEqual(to, ["b@example.org", "c@example.org"]);
    assert.equal(text, "From: a@example.com\r\n\r\n.one\r\n..\r\ntwo\r\n");
    await send(sink.port, "second");
    assert.match((await sink.next()).text, /second/);
    assert.equal(sink.messages.length, 2);
  } finally {
    await sink.stop();
  }
});

Deno.test("startSink() rejects whoever still waits when it is stopped", async () => {
  const sink = await startSink();
  const waiting = assert.rejects(sink.next(), /stopped/);
  await sink.stop();
  await waiting;
});
