/** What content filters say: packets of a milter, the JSON of rspamd. */
import assert from "node:assert/strict";
import { PacketFault, PacketReader, said } from "../../../lib/filter/packets.ts";
import { rspamdResult } from "../../../lib/filter/rspamd_answer.ts";
import type { HeaderEdit } from "../../../lib/ports/filters.ts";
import { pieces, type Target } from "../target.ts";

/** Whatever is edited stays one field. */
const oneField = (e: HeaderEdit): void => {
  assert.match(e.name, /^[!-9;-~]{1,60}$/);
  if (e._tag !== "Drop" && e.value !== null) {
    assert.doesNotMatch(e.value, /\r(?!\n)|(?<!\r)\n|\r\n(?![ \t])/);
  }
};

export const milter: Target = {
  name: "milter",
  tokens: [
    "\0\0\0\x01c",
    "\0\0\0\x01p",
    "\0\0\0\x0ehX-A\0value\n x\0",
    "\0\0\0\x0ci\0\0\0\x01X-A\0b\0",
    "\0\0\0\x0cm\0\0\0\x01X-A\0b\0",
    "\0\0\0\x0dy550 5.7.1 no\0",
    "\0\0\0\x07+<a@b>\0",
    "\0\0\0\x05bbody",
    "\0\0\0",
    "\x7f\xff\xff\xff",
  ],
  seeds: [
    "\0\0\0\x0dO\0\0\0\x06\0\0\0\x3f\0\0\0\0\0\0\0\x01c\0\0\0\x01a",
    "\0\0\0\x0ehX-A\0value\n x\0\0\0\0\x0dy550 5.7.1 no\0\0\0\0\x01a",
  ],
  run: (input, random) => {
    const reader = new PacketReader();
    try {
      for (const piece of pieces(input, random)) {
        for (const p of reader.push(piece)) {
          const s = said(p);
          if (s._tag === "Edit") oneField(s.edit);
        }
      }
    } catch (e) {
      assert.ok(e instanceof PacketFault, String(e));
    }
  },
};

export const rspamd: Target = {
  name: "rspamd",
  tokens: [
    '{"action":',
    '"reject"',
    '"add header"',
    ',"milter":{',
    '"add_headers":',
    "}",
    "[",
    "]",
  ],
  seeds: [
    '{"action":"add header","score":7.5,"milter":{"add_headers":{"X-A":{"value":"1\\n2","order":1}}}}',
    '{"action":"reject","messages":{"smtp_message":"no"},"milter":{"remove_headers":{"X-B":0}}}',
  ],
  run: (input) => {
    const r = rspamdResult(new TextDecoder().decode(input));
    if (typeof r !== "string") r.edits.forEach(oneField);
  },
};
