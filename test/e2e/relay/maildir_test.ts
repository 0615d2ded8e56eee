import assert from "node:assert/strict";
import { MemorySpool } from "../../support/memory_spool.ts";
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
