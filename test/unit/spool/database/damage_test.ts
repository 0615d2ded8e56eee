/** Pages of the spool that are broken, and what goes on all the same. */
import assert from "node:assert/strict";
import { octets } from "../../../support/octets.ts";
import { message, one } from "../../../support/spool_ops.ts";
import { claim, type World, world } from "../../../support/spool_world.ts";

const PAGE = 4096;
const LINE = `${"0123456789".repeat(7)}\r\n`;

/** Breaks the chain of pages in the middle of a text of `LINE`. Nobody has the file open. */
const breakText = (w: World): void => {
  const file = Deno.readFileSync(w.path);
  const text = new TextDecoder("latin1").decode(file);
  const at = text.indexOf(LINE, text.indexOf(LINE) + 8 * PAGE);
  const page = Math.floor(at / PAGE) * PAGE;
  file.fill(0xff, page, page + 4);
  Deno.writeFileSync(w.path, file);
};

Deno.test(
  "SpoolDatabase: a page that is broken in the content of one message is damage to that one alone",
  world((w) => {
    const first = w.process("a");
    one(first, message(w, "m1"));
    one(first, message(w, "torn", { body: [octets(LINE.repeat(800))] }));
    one(first, message(w, "m2"));
    w.end(first, (db) => {
      db.release();
      db.close();
    });
    breakText(w);
    const db = w.process("b");
    const rows = claim(db);
    assert.deepEqual(rows.map((r) => r.id), ["m1", "torn", "m2"]);
    const [read] = db.run([{ op: "read", id: "torn", chunk: -1 }]);
    assert.equal(read?.ok === false && read.damaged, true);
    one(db, { op: "read", id: "m2", chunk: -1 });
  }),
);

Deno.test(
  "SpoolDatabase: a message whose envelope lies on a broken page is set aside, told, and stops neither claims nor the purge",
  world((w) => {
    const first = w.process("a");
    one(first, message(w, "m1"));
    one(first, message(w, "torn", { facts: JSON.stringify({ a: "0123456789".repeat(6000) }) }));
    one(first, message(w, "m2"));
    w.end(first, (db) => {
      db.release();
      db.close();
    });
    const file = Deno.readFileSync(w.path);
    const text = new TextDecoder("latin1").decode(file);
    const page = Math.floor(text.indexOf("0123456789".repeat(300)) / PAGE + 4) * PAGE;
    file.fill(0xff, page, page + 4);
    Deno.writeFileSync(w.path, file);
    const db = w.process("b");
    const rows = claim(db);
    assert.deepEqual(rows.map((r) => [r.id, r.facts]), [["m1", "{}"], ["m2", "{}"], [
      "number 2",
      "",
    ]]);
    assert.deepEqual(claim(db), []);
    for (const days of [1, 9]) {
      w.now += days * 86_400_000;
      one(db, { op: "tick" });
    }
    one(db, message(w, "m3"));
    assert.deepEqual(claim(db).map((r) => r.id).includes("m3"), true);
  }),
);
