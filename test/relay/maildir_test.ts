import assert from "node:assert/strict";
import { MemorySpool } from "../../lib/testing/memory_spool.ts";
import { withRelay } from "./harness.ts";

const inTemporary = async (body: (directory: string) => Promise<void>): Promise<void> => {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
};

const files = (directory: string): ReadonlyArray<string> =>
  Array.from(Deno.readDirSync(directory), (e) => e.name);

Deno.test("relay writes a Maildir file with LF lines, Return-Path and Delivered-To", () =>
  inTemporary(async (d) => {
    const spool = Object.assign(new MemorySpool(), { chunkBytes: 7 });
    await withRelay({ hop: { _tag: "Maildir", path: `${d}/box` }, spool }, async (relay) => {
      const id = await relay.send({ to: ["x@example.org"], body: "one\r\n.two\r\n" });
      assert.deepEqual(await relay.settled(id), ["delivered: Delivered to Maildir"]);
    });
    const [name] = files(`${d}/box/new`);
    assert.equal(
      await Deno.readTextFile(`${d}/box/new/${name}`),
      "Return-Path: <alice@example.net>\nDelivered-To: x@example.org\n" +
        "From: alice@example.net\nSubject: test\n\none\n.two\n",
    );
    assert.deepEqual(files(`${d}/box/tmp`), []);
    assert.deepEqual(files(`${d}/box/cur`), []);
  }));

Deno.test("relay writes one Maildir file per recipient", () =>
  inTemporary(async (d) => {
    await withRelay({ hop: { _tag: "Maildir", path: d } }, async (relay) => {
      await relay.settled(await relay.send({ to: ["x@example.org", "y@example.org"] }));
    });
    const texts = files(`${d}/new`).map((f) => Deno.readTextFileSync(`${d}/new/${f}`));
    const to = texts.map((t) => /^Delivered-To: (.*)$/m.exec(t)?.[1]);
    assert.deepEqual(to.sort(), ["x@example.org", "y@example.org"]);
  }));

Deno.test("relay defers where the Maildir cannot be written", () =>
  inTemporary(async (d) => {
    await Deno.writeTextFile(`${d}/file`, "in the way");
    await withRelay({ hop: { _tag: "Maildir", path: `${d}/file` } }, async (relay) => {
      const id = await relay.send({ to: ["x@example.org"] });
      assert.deepEqual(await relay.settled(id), ["queued: Maildir cannot be written now"]);
    });
  }));

Deno.test("EXT-DSN-3, EXT-RRVS-1: relay tells of what it delivered itself, and keeps what it cannot vouch for", () =>
  inTemporary(async (d) => {
    const hop = (a: string) => ({
      _tag: "Maildir" as const,
      path: `${d}/${a.startsWith("alice") ? "alice" : "box"}`,
    });
    await withRelay({ hop }, async (relay) => {
      const since = "2014-04-03T23:01:00Z";
      const id = await relay.send({
        to: ["x@example.org", "y@example.org", "z@example.org"],
        wishes: [
          { notify: ["SUCCESS"] },
          { rrvs: { since, otherwise: "R" } },
          { rrvs: { since, otherwise: "C" } },
        ],
      });
      const [x, y, z] = await relay.settled(id);
      assert.deepEqual([x, z], [
        "delivered: Delivered to Maildir",
        "delivered: Delivered to Maildir",
      ]);
      assert.match(y ?? "", /^failed: /);
      const [report] = await relay.bounces();
      assert.match(
        report?.text ?? "",
        /Final-Recipient: rfc822; x@example\.org\r\nAction: delivered\r\nStatus: 2\.0\.0\r\n/,
      );
      assert.match(
        report?.text ?? "",
        /Final-Recipient: rfc822; y@example\.org\r\nAction: failed\r\nStatus: 5\.7\.19\r\n/,
      );
      assert.doesNotMatch(report?.text ?? "", /z@example/);
    });
  }));

Deno.test("EXT-BIN-1: relay encodes binary content for a Maildir, whose line ends are others", () =>
  inTemporary(async (d) => {
    await withRelay({ hop: { _tag: "Maildir", path: d } }, async (relay) => {
      const head = "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n";
      const body = "\0\r\n\r\xff\n";
      await relay.settled(
        await relay.send({ to: ["x@example.org"], head, body, envelope: { body: "BINARYMIME" } }),
      );
      const [name] = files(`${d}/new`);
      const text = await Deno.readTextFile(`${d}/new/${name}`);
      assert.ok(text.endsWith(`\n\n${btoa(body)}\n`), text);
    });
  }));
