import assert from "node:assert/strict";
import fc from "fast-check";
import type { Envelope } from "../../../../lib/envelope/envelope.ts";
import { ALICE, NOW, OPTIONAL, RULES, Session } from "../../../support/session.ts";
import { octets } from "../../../support/octets.ts";
import { extensionsWith, NO_OPTIONS } from "../../../../lib/smtp/server/extensions/all.ts";

const signedIn = (rules = { ...RULES, extensions: OPTIONAL }): Session => {
  const s = new Session(rules, true);
  s.write(octets(`EHLO test.example\r\nAUTH PLAIN ${btoa(`\0${ALICE}\0secret`)}\r\n`));
  return s;
};

/** What is handed over to be kept, once MAIL and RCPT were said with these parameters. */
const envelopeOf = (mail: string, rcpt: string): Envelope => {
  const s = signedIn();
  const got = s.write(octets(
    `MAIL FROM:<alice@example.net> ${mail}\r\nRCPT TO:<bob@example.org> ${rcpt}\r\nBDAT 0 LAST\r\n`,
  ));
  const submit = s.questions.find((q) => q._tag === "Submit");
  assert.ok(submit?._tag === "Submit", got.join(" / "));
  // what is stored is JSON
  return JSON.parse(JSON.stringify(submit.envelope));
};

Deno.test("EXT-DSN-1, EXT-DSN-2: the envelope keeps RET, ENVID, NOTIFY and ORCPT as given", () => {
  const e = envelopeOf(
    "RET=hdrs ENVID=QQ+2B1",
    "NOTIFY=success,delay ORCPT=rfc822;Bob+2BX@Old.Example",
  );
  assert.deepEqual([e.ret, e.envid], ["HDRS", "QQ+2B1"]);
  const [to] = e.recipients;
  assert.deepEqual([to?.notify, to?.orcpt], [["SUCCESS", "DELAY"], "rfc822;Bob+2BX@Old.Example"]);
});

Deno.test("EXT-DBY-1, EXT-FUT-1, EXT-RTLS-1, EXT-PRI-1: times are counted from when MAIL was read", () => {
  const e = envelopeOf("BY=3600;RT HOLDFOR=60 REQUIRETLS MT-PRIORITY=-2", "");
  assert.deepEqual(e.deliverBy, { deadline: NOW + 3_600_000, mode: "R", trace: true });
  assert.deepEqual(e.hold, { until: NOW + 60_000, request: "for;60", account: ALICE });
  assert.deepEqual([e.requireTls, e.priority], [true, -2]);
});

Deno.test("EXT-RRVS-1: the envelope keeps the date as given, R where nothing is said", () => {
  const rrvs = (p: string) => envelopeOf("", p).recipients[0]?.rrvs;
  const since = "2014-04-03T23:01:00-07:00";
  assert.deepEqual(rrvs(`RRVS=${since}`), { since, otherwise: "R" });
  assert.deepEqual(rrvs(`RRVS=${since};C`), { since, otherwise: "C" });
});

Deno.test("an envelope without parameters holds nothing of extensions", () => {
  assert.deepEqual(Object.keys(envelopeOf("", "")).sort(), [
    "body",
    "declaredSize",
    "recipients",
    "returnPath",
    "smtpUtf8",
  ]);
});

for (
  const [name, settings, parameters, want] of [
    ["the account may", { urgent: new Set([ALICE]) }, "MT-PRIORITY=5", "250 2.1.0 "],
    ["no account may", { urgent: new Set<string>() }, "MT-PRIORITY=5", "250 2.3.6 0 "],
    ["it is too low", { least: -2 }, "MT-PRIORITY=-3", "550 5.7.15 "],
    ["it is too big for it", { urgentBytes: 10 }, "MT-PRIORITY=5 SIZE=11", "552 5.7.16 "],
    [
      "it is too big for it, said the other way",
      { urgentBytes: 10 },
      "SIZE=11 MT-PRIORITY=5",
      "552 5.7.16 ",
    ],
    ["it is large but not urgent", { urgentBytes: 10 }, "SIZE=11", "250 2.1.0 "],
  ] as const
) {
  Deno.test(`EXT-PRI-1, EXT-PRI-2: MT-PRIORITY where ${name}`, () => {
    const mtPriority = { urgent: new Set([ALICE]), least: -9, urgentBytes: 0, ...settings };
    const s = signedIn({ ...RULES, extensions: extensionsWith({ ...NO_OPTIONS, mtPriority }) });
    const [got] = s.write(octets(`MAIL FROM:<alice@example.net> ${parameters}\r\n`));
    assert.ok(got?.startsWith(want), got ?? "no reply");
  });
}

const word = fc.constantFrom(
  ...["RET", "ENVID", "BY", "HOLDFOR", "HOLDUNTIL", "MT-PRIORITY", "REQUIRETLS", "BODY", "SIZE"],
  ...["SMTPUTF8", "AUTH", "NOTIFY", "ORCPT", "RRVS", "FOO", "__proto__", "constructor"],
);
const value = fc.oneof(
  fc.constantFrom(
    "FULL",
    "60;R",
    "-5;N",
    "1",
    "rfc822;x",
    "NEVER",
    "2026-03-01T13:00:00Z",
    "8BITMIME",
  ),
  fc.string({ maxLength: 12 }),
);
const parameters = fc.array(fc.tuple(word, fc.option(value)), { maxLength: 5 }).map((all) =>
  all.map(([w, v]) => v === null ? w : `${w}=${v}`).join(" ")
);

Deno.test("SMTP-28: any parameters of MAIL and RCPT get one reply each: 250, 501, 550, 552 or 555", () => {
  fc.assert(
    fc.property(parameters, parameters, (mail, rcpt) => {
      const s = signedIn();
      const one = (line: string) => {
        if (/[\r\n]/.test(line)) return;
        const got = s.write(new TextEncoder().encode(`${line}\r\n`));
        assert.equal(got.length, 1, `${line}: ${got.join(" / ")}`);
        assert.match(got[0]!, /^(250|501|503|550|552|555) /);
      };
      one(`MAIL FROM:<alice@example.net> ${mail}`);
      one(`RCPT TO:<bob@example.org> ${rcpt}`);
    }),
    { numRuns: 2_000 },
  );
});
