import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { Redacted } from "effect";
import { Announcer, EVENT_KINDS, type MailEvent } from "../../../lib/relay/announcer.ts";
import { EventLog } from "../../../lib/relay/event_log.ts";
import type { DeliveryEvent } from "../../../lib/relay/outcome.ts";
import { signatureOf, Webhook, webhookWorld } from "../../../lib/relay/webhook.ts";

const secret = Redacted.make("key");
const outcome = (result: DeliveryEvent["result"], recipient: string): DeliveryEvent => ({
  message: "m1",
  recipient,
  hop: "smtp://mx:25",
  remote: "mx [192.0.2.1]",
  result,
  status: "4.2.0",
  reply: "450 4.2.0 busy",
  attempts: 1,
  until: result === "deferred" ? 1_000 : null,
  age: 5,
});

/** Answers with the statuses given, then 204; keeps what it took. */
const receiver = async (statuses: ReadonlyArray<number>) => {
  const taken: Array<MailEvent> = [];
  const signatures: Array<boolean> = [];
  let n = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (d) => body += d);
    request.on("end", () => {
      const given = String(request.headers["postern-signature"]);
      const t = /^t=(\d+),/.exec(given)?.[1] ?? "";
      // made without the code under test
      const mac = createHmac("sha256", "key").update(`${t}.${body}`).digest("hex");
      signatures.push(
        given === `t=${t},v1=${mac}` && Math.abs(Number(t) * 1000 - Date.now()) < 5_000,
      );
      const status = statuses[n++] ?? 204;
      if (status < 300) taken.push(...JSON.parse(body).events);
      response.writeHead(status, status === 302 ? { Location: "http://127.0.0.1:9/" } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    taken,
    signatures,
    requests: () => n,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
};

const until = async (holds: () => boolean) => {
  for (const end = Date.now() + 5_000; !holds();) {
    assert.ok(Date.now() < end, "waited in vain");
    await new Promise((r) => setTimeout(r, 5));
  }
};

Deno.test("Webhook posts signed events until they are taken, in their order and once", async () => {
  const r = await receiver([503, 302]);
  const warned: Array<string> = [];
  const world = { ...webhookWorld((m) => warned.push(m)), sleep: () => Promise.resolve() };
  const hook = new Webhook({ url: r.url, secret }, world);
  const announcer = new Announcer([hook], EVENT_KINDS);
  try {
    announcer.accepted({
      message: "m1",
      at: 0,
      account: "alice",
      returnPath: null,
      recipients: ["b@c.example"],
      durability: "spool",
    });
    announcer.outcomes([outcome("deferred", "b@c.example"), outcome("failed", "d@e.example")]);
    announcer.outcomes([outcome("expired", "f@g.example"), outcome("delivered", "b@c.example")]);
    await until(() => r.taken.length === 5);
    await announcer.close();
    assert.deepEqual(r.taken.map((e) => e.event), [
      "accepted",
      "deferred",
      "bounced",
      "bounced",
      "delivered",
    ]);
    assert.equal(new Set(r.taken.map((e) => e.id)).size, 5);
    const [, , failed, expired] = r.taken;
    assert.ok(failed?.event === "bounced" && !failed.expired);
    assert.ok(expired?.event === "bounced" && expired.expired);
    assert.ok(r.signatures.every((s) => s), `${r.signatures}`);
    assert.equal(warned.length, 1);
  } finally {
    await r.stop();
  }
});

Deno.test("Webhook that nobody answers ends with the server, and says what was lost", async () => {
  const warned: Array<string> = [];
  const hook = new Webhook(
    { url: "http://127.0.0.1:9/", secret },
    webhookWorld((m) => warned.push(m)),
  );
  new Announcer([hook], ["bounced"]).outcomes([
    outcome("failed", "b@c.example"),
    outcome("delivered", "x@y.example"),
  ]);
  await until(() => warned.length === 1);
  await hook.close();
  assert.deepEqual(warned, [
    "The webhook takes no events; they wait",
    "Events were not taken by the webhook",
  ]);
});

Deno.test("signatureOf() is HMAC-SHA256 over time and body", () => {
  assert.equal(
    signatureOf(secret, 1, "{}"),
    `t=1,v1=${createHmac("sha256", "key").update("1.{}").digest("hex")}`,
  );
});

Deno.test("EventLog appends a line an event, and goes on behind a fault", async () => {
  const dir = await Deno.makeTempDir({ prefix: "postern-" });
  const faults: Array<unknown> = [];
  try {
    const log = new EventLog(`${dir}/sub/events.jsonl`, (e) => faults.push(e));
    const announcer = new Announcer([log], EVENT_KINDS);
    announcer.outcomes([outcome("failed", "lost@c.example")]);
    await announcer.close();
    assert.equal(faults.length, 1);
    await Deno.mkdir(`${dir}/sub`);
    announcer.outcomes([outcome("failed", "b@c.example")]);
    announcer.outcomes([outcome("delivered", "d@e.example")]);
    await announcer.close();
    const lines = (await Deno.readTextFile(`${dir}/sub/events.jsonl`)).trimEnd().split("\n");
    assert.deepEqual(lines.map((l) => JSON.parse(l).recipient), ["b@c.example", "d@e.example"]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
