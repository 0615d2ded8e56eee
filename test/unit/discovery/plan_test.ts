import assert from "node:assert/strict";
import { type LiveSet, planChanges, unseenChange } from "../../../lib/discovery/plan.ts";
import type { ExpectedRecord, RecordData } from "../../../lib/discovery/record.ts";

const NAME = "example.com";
const want = (data: RecordData, owner = NAME, need: ExpectedRecord["need"] = "required") => ({
  key: "k",
  note: "n",
  need,
  owner,
  ttl: 300,
  data,
});
const live = (values: ReadonlyArray<RecordData>, owner = NAME, ttl = 300): LiveSet => ({
  owner,
  type: values[0]?.type ?? "TXT",
  ttl,
  values: values.map((data) => ({ data, wire: new Uint8Array() })),
});
const txt = (text: string): RecordData => ({ type: "TXT", text });
const srv = (target: string): RecordData => ({
  type: "SRV",
  priority: 0,
  weight: 1,
  port: 993,
  target,
});

const show = (p: ReturnType<typeof planChanges>) =>
  p.changes.map((c) => ({ remove: c.remove.map((v) => v.data), add: c.add }));

for (
  const { name, expected, there, changes } of [
    {
      name: "what is right is not sent",
      expected: [want(srv("mail.example.com"))],
      there: [live([srv("MAIL.example.com")])],
      changes: [],
    },
    {
      name: "what is missing is added",
      expected: [want(srv("mail.example.com"))],
      there: [],
      changes: [{ remove: [], add: [srv("mail.example.com")] }],
    },
    {
      name: "another value of our own type is replaced",
      expected: [want(srv("mail.example.com"))],
      there: [live([srv("old.example.com")])],
      changes: [{ remove: [srv("old.example.com")], add: [srv("mail.example.com")] }],
    },
    {
      name: "for another TTL every value is removed and added",
      expected: [want(srv("a.example.com")), want(srv("b.example.com"))],
      there: [live([srv("a.example.com")], NAME, 60)],
      changes: [{
        remove: [srv("a.example.com")],
        add: [srv("a.example.com"), srv("b.example.com")],
      }],
    },
    {
      name: "DU-3: of TXT only the value of the same kind is replaced",
      expected: [want(txt("v=spf1 mx -all"))],
      there: [live([txt("google-site-verification=x"), txt("v=spf1 a ~all"), txt("MS=ms1")])],
      changes: [{ remove: [txt("v=spf1 a ~all")], add: [txt("v=spf1 mx -all")] }],
    },
    {
      name: "PC-3: the new digest of PACC first,",
      expected: [want(txt("v=UAAC1; a=sha256; d=new="))],
      there: [live([txt("v=UAAC1; a=sha256; d=old=")])],
      changes: [{ remove: [], add: [txt("v=UAAC1; a=sha256; d=new=")] }],
    },
    {
      name: "PC-3: and the old one is removed the next time",
      expected: [want(txt("v=UAAC1; a=sha256; d=new="))],
      there: [live([txt("v=UAAC1; a=sha256; d=old="), txt("v=UAAC1; a=sha256; d=new=")])],
      changes: [{ remove: [txt("v=UAAC1; a=sha256; d=old=")], add: [] }],
    },
    {
      name: "CAA of others is left alone",
      expected: [want({ type: "CAA", flags: 0, tag: "issue", value: "letsencrypt.org" })],
      there: [live([{ type: "CAA", flags: 0, tag: "issue", value: "ca.example" }])],
      changes: [{
        remove: [],
        add: [{ type: "CAA", flags: 0, tag: "issue", value: "letsencrypt.org" }],
      }],
    },
    {
      name: "a hint is never sent",
      expected: [want(txt("v=spf1 mx -all"), NAME, "hint")],
      there: [],
      changes: [],
    },
  ] as const
) {
  Deno.test(`planChanges() ${name}`, () => {
    assert.deepEqual(show(planChanges(expected, there)), changes);
  });
}

Deno.test("planChanges() leaves what is in the way of an alias, and says so", () => {
  const alias = { type: "CNAME", target: "mail.example.com" } as const;
  const owner = "autoconfig.example.com";
  const plan = planChanges([want(alias, owner)], [
    live([{ type: "A", address: "192.0.2.1" }], owner),
  ]);
  assert.deepEqual(plan.changes, []);
  assert.match(
    plan.conflicts.join(),
    /autoconfig\.example\.com: has A records that Postern did not/,
  );
});

Deno.test("planChanges() for another TTL says values of others again, an old digest of PACC goes", () => {
  const { changes: [spf] } = planChanges([want(txt("v=spf1 mx -all"))], [
    live([txt("MS=ms1"), txt("v=spf1 mx -all"), txt("v=spf1 a -all")], NAME, 60),
  ]);
  assert.deepEqual(spf?.again?.map((v) => v.data), [txt("MS=ms1")]);
  assert.deepEqual(spf?.remove.map((v) => v.data), [txt("v=spf1 a -all"), txt("v=spf1 mx -all")]);
  assert.equal(spf?.oldTtl, 60);
  const { changes: [pacc] } = planChanges([want(txt("v=UAAC1; d=new="))], [
    live([txt("v=UAAC1; d=old="), txt("v=UAAC1; d=new=")], NAME, 60),
  ]);
  assert.deepEqual([pacc?.remove.length, pacc?.again], [2, []]);
});

Deno.test("unseenChange() replaces a set without a condition", () => {
  const ns = { type: "NS", target: "ns1.example.com" } as const;
  const change = unseenChange({ owner: NAME, type: "NS", ttl: 300, records: [want(ns)] });
  assert.deepEqual([change.before, change.remove, change.add], [null, [], [ns]]);
});

Deno.test("planChanges() says what of others stays", () => {
  const plan = planChanges([want(txt("v=spf1 mx -all"))], [live([txt("MS=ms1")])]);
  assert.deepEqual(plan.kept.map((s) => s.values.map((v) => v.data)), [[txt("MS=ms1")]]);
});
