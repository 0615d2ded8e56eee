import assert from "node:assert/strict";
import { Effect } from "effect";
import fc from "fast-check";
import { PassThroughClient } from "../../../../lib/relay/job/pass_through_client.ts";
import type { Job } from "../../../../lib/relay/job/job.ts";
import { JobQueue } from "../../../../lib/relay/lane/job_queue.ts";

const job = (sender: string, n: number, priority?: number): Job => ({
  delivery: {
    message: `${sender}${n}`,
    acceptedAt: 0,
    envelope: {
      returnPath: null,
      recipients: [],
      body: "7BIT",
      smtpUtf8: false,
      declaredSize: null,
      ...priority === undefined ? {} : { priority },
    },
    size: 1,
    eightBit: false,
    hop: "smtp://mx:25",
    account: null,
    sender,
    recipients: [],
    content: null,
  },
  route: { hop: { _tag: "Maildir", path: "/" }, pattern: "*" },
  access: { credentials: null, ca: null },
  retried: false,
});
const order = (q: JobQueue) => q.drain().map((j) => j.delivery.message);

Deno.test("HOP-15: a sender with one message does not wait for all of another's", () => {
  const q = new JobQueue();
  for (let n = 0; n < 1_000; n++) q.push(job("big", n));
  q.push(job("small", 0));
  q.push(job("other", 0));
  assert.deepEqual(order(q).slice(0, 5), ["big0", "small0", "other0", "big1", "big2"]);
});

Deno.test("QUE-4: higher priority goes first, lower last, and what is put back before all", () => {
  const q = new JobQueue();
  q.push(job("a", 1));
  q.push(job("a", 2, -3));
  q.push(job("a", 3, 4));
  q.push(job("b", 4, 6));
  q.unshift(job("c", 5));
  assert.deepEqual(order(q), ["c5", "b4", "a3", "a1", "a2"]);
});

const waited = (sender: string, n: number): Job => ({
  ...job(sender, n),
  awaited: new PassThroughClient(
    {
      id: "",
      acceptedAt: 0,
      account: sender,
      envelope: job(sender, n).delivery.envelope,
      recipients: [],
      route: job(sender, n).route,
      head: "",
      body: { write: () => Effect.void, part: () => Effect.succeed(null), discard: () => {} },
      bodyOctets: 0,
      eightBit: false,
      login: null,
    },
    Infinity,
    () => {},
  ),
});

Deno.test("JobQueue lets those go first whose client waits, each account in turn, and counts them", () => {
  const q = new JobQueue();
  q.push(job("a", 1, 9));
  for (let n = 0; n < 3; n++) q.push(waited("b", n));
  q.push(waited("c", 0));
  assert.deepEqual([q.length, q.waiting], [5, 4]);
  const first = q.shift();
  assert.equal(q.waiting, 3);
  if (first !== undefined) q.unshift(first);
  assert.equal(q.waiting, 4);
  assert.deepEqual(order(q), ["b0", "c0", "b1", "b2", "a1"]);
  assert.deepEqual([q.length, q.waiting], [0, 0]);
});

Deno.test("JobQueue gives every job once, each sender's in their order", () => {
  const action = fc.oneof(
    fc.record({ sender: fc.constantFrom("a", "b", "c"), priority: fc.constantFrom(undefined, 2) }),
    fc.constant("shift" as const),
  );
  fc.assert(fc.property(fc.array(action, { maxLength: 400 }), (actions) => {
    const q = new JobQueue();
    const pushed: Array<Job> = [];
    const taken: Array<Job> = [];
    actions.forEach((a, n) => {
      if (a === "shift") {
        const got = q.shift();
        if (got !== undefined) taken.push(got);
        return;
      }
      const j = job(a.sender, n, a.priority);
      pushed.push(j);
      q.push(j);
      assert.equal(q.length, pushed.length - taken.length);
    });
    taken.push(...q.drain());
    assert.equal(q.length, 0);
    const key = (j: Job) => `${j.delivery.sender} ${j.delivery.envelope.priority}`;
    for (const k of new Set(pushed.map(key))) {
      assert.deepEqual(taken.filter((j) => key(j) === k), pushed.filter((j) => key(j) === k));
    }
  }));
});
