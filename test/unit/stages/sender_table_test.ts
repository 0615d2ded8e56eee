import assert from "node:assert/strict";
import {
  decideResentSender,
  decideSender,
  type SenderCase,
} from "../../../lib/stages/sender_table.ts";

const base: SenderCase = {
  known: true,
  authors: 1,
  submitterIsAuthor: true,
  ownAuthor: true,
  sender: "absent",
  senderIsAuthor: false,
  signed: false,
  foreignSender: "reject",
};

/** The rows of requirements.md §5, in its order; `stranger`: M not in F. */
const stranger = { submitterIsAuthor: false } as const;
const fix = { foreignSender: "fix" } as const;
for (
  const [row, change, want] of [
    ["SND-03", { known: false, ...stranger }, "leave"],
    ["SND-03", { known: false, ...stranger, authors: 2, sender: "foreign" }, "leave"],
    ["SND-04", { known: false, ...stranger, authors: 2 }, "refuse unknown"],
    ["SND-05", {}, "leave"],
    ["SND-06", { sender: "own", senderIsAuthor: true }, "leave"],
    ["SND-07", stranger, "add"],
    ["SND-08", { sender: "own" }, "leave"],
    ["SND-08", { ...stranger, sender: "own" }, "leave"],
    ["SND-08", { authors: 2, sender: "own" }, "leave"],
    ["SND-08", { ...stranger, authors: 2, sender: "own" }, "leave"],
    ["SND-08", { ...stranger, authors: 0, sender: "own" }, "leave"],
    ["SND-09", { ...stranger, sender: "foreign" }, "replace"],
    ["SND-09", { ...stranger, sender: "foreign", senderIsAuthor: true }, "replace"],
    ["SND-09", { ...stranger, authors: 2, sender: "foreign" }, "replace"],
    ["SND-10", { sender: "foreign" }, "refuse foreign"],
    ["SND-10", { authors: 2, sender: "foreign" }, "refuse foreign"],
    ["SND-10", { sender: "foreign", ...fix }, "remove"],
    ["SND-10", { authors: 2, sender: "foreign", ...fix }, "replace"],
    ["SND-10", { sender: "foreign", ...fix, signed: true }, "refuse foreign"],
    ["SND-11", { authors: 2 }, "add"],
    ["SND-11", { ...stranger, authors: 2 }, "add"],
    ["SND-12", { ...stranger, authors: 0 }, "add"],
    ["SND-17", { ...stranger, signed: true }, "leave"],
    ["SND-17", { ...stranger, ownAuthor: false, signed: true }, "refuse signed"],
    ["SND-17", { ...stranger, sender: "foreign", signed: true }, "refuse signed"],
    ["SND-17", { authors: 2, signed: true }, "refuse signedMandatory"],
    ["SND-17", { ...stranger, authors: 0, signed: true }, "refuse signedMandatory"],
  ] as ReadonlyArray<[string, Partial<SenderCase>, string]>
) {
  Deno.test(`decideSender() ${row}: ${JSON.stringify(change)}`, () => {
    const act = decideSender({ ...base, ...change });
    assert.deepEqual([act.rule, "why" in act ? `refuse ${act.why}` : act.action], [row, want]);
  });
}

for (
  const [row, change, want] of [
    ["SND-14", {}, "leave"],
    ["SND-15", { authors: 2 }, "add"],
    ["SND-15", stranger, "add"],
    ["SND-16", { ...stranger, sender: "foreign" }, "replace"],
    ["SND-16", { sender: "foreign" }, "refuse foreign"],
    ["SND-17", { ...stranger, signed: true }, "leave"],
    ["SND-17", { ...stranger, ownAuthor: false, signed: true }, "refuse signed"],
    ["SND-17", { authors: 2, signed: true }, "refuse signedMandatory"],
  ] as ReadonlyArray<[string, Partial<SenderCase>, string]>
) {
  Deno.test(`decideResentSender() ${row}: ${JSON.stringify(change)}`, () => {
    const act = decideResentSender({ ...base, ...change });
    assert.deepEqual([act.rule, "why" in act ? `refuse ${act.why}` : act.action], [row, want]);
  });
}
