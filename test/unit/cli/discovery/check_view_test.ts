import assert from "node:assert/strict";
import {
  changeLines,
  findingLines,
  reportLines,
} from "../../../../lib/cli/discovery/check_view.ts";
import type { CheckReport, Finding } from "../../../../lib/discovery/check/report.ts";

const finding = (more: Partial<Finding>): Finding => ({
  station: "dns",
  key: "srv-imaps",
  subject: "_imaps._tcp.example.com",
  type: "SRV",
  status: "pass",
  expected: ["0 1 993 mail.example.com."],
  found: ["0 1 993 mail.example.com."],
  detail: "",
  ...more,
});

const report = (findings: ReadonlyArray<Finding>): CheckReport => ({
  version: 1,
  domain: "example.com",
  servers: [{ zone: "example.com", name: "ns1.example.com", address: "192.0.2.53", serial: 7 }],
  findings,
  clients: [{
    client: "aerc",
    version: "x",
    method: "srv",
    incoming: "imap mail.example.com:993 implicit",
    outgoing: null,
    problems: ["no outgoing server: it reads _submission and _smtps only"],
  }],
});

Deno.test("reportLines() shows what was expected and found where something is wrong", () => {
  const lines = reportLines(
    report([
      finding({}),
      finding({ status: "drift", found: ["0 1 993 old.example.com."] }),
    ]),
  );
  assert.deepEqual(lines, [
    "name server ns1.example.com [192.0.2.53]: zone example.com, serial 7",
    "right     _imaps._tcp.example.com SRV",
    "WRONG     _imaps._tcp.example.com SRV",
    "            expected 0 1 993 mail.example.com.",
    "            found    0 1 993 old.example.com.",
    "aerc (x): srv",
    "  reads  imap mail.example.com:993 implicit",
    "  note   no outgoing server: it reads _submission and _smtps only",
    "example.com: 1 of 2 to look at",
  ]);
  assert.equal(reportLines(report([finding({})])).at(-1), "example.com: all 1 right");
});

Deno.test("findingLines() ends with the remedy, and shows notes as such", () => {
  const f = finding({ status: "info", found: [], detail: "not there", remedy: "publish it" });
  assert.deepEqual(findingLines(f), [
    "note      _imaps._tcp.example.com SRV: not there",
    "            expected 0 1 993 mail.example.com.",
    "            remedy   publish it",
  ]);
});

Deno.test("changeLines() is an alarm, or says that it is well again; nothing odd reaches a terminal", () => {
  const wrong = finding({ status: "missing", found: [], detail: "\u001b[2Jgone" });
  const [alarm = ""] = changeLines("T", { before: finding({}), now: wrong });
  assert.equal(alarm, "T ALARM MISSING   _imaps._tcp.example.com SRV: ?[2Jgone");
  const [well = ""] = changeLines("T", { before: wrong, now: finding({}) });
  assert.equal(well, "T well again right     _imaps._tcp.example.com SRV");
});
