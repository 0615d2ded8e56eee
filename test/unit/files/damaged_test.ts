import assert from "node:assert/strict";
import { SpoolFault } from "../../../lib/ports/spool.ts";
import { DAMAGED, UNREADABLE, unreadable } from "../../../lib/files/damaged.ts";

Deno.test("unreadable() tells a damaged message from a spool that cannot be read now, however wrapped", () => {
  const cause = new Error("its checksum differs");
  const damage = new SpoolFault({ operation: "read", cause, damaged: true });
  assert.equal(unreadable(damage), DAMAGED);
  assert.equal(unreadable(new Error("while it was converted", { cause: damage })), DAMAGED);
  assert.equal(unreadable(new SpoolFault({ operation: "read", cause })), UNREADABLE);
  assert.equal(unreadable("no error"), UNREADABLE);
  assert.deepEqual([DAMAGED.kind, DAMAGED.status], ["permanent", "5.3.0"]);
});
